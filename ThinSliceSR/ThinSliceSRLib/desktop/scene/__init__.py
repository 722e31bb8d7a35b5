"""The scene: volume nodes, what they say of themselves and of the input, and how they look."""
