"""The worker: the engine in a process of its own, what it is asked for and what it tells."""
