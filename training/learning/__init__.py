"""One training run: its network, schedules, validation, checkpoints, and the weights that come of it."""
