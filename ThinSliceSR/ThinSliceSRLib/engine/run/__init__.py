"""The run: the main job from file to files, and what it shows and says on the way."""
