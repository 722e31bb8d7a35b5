"""Events: what the engine tells while it works, and what it finds on a volume."""
