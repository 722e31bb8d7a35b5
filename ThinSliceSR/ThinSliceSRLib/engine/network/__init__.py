"""The network CTHNet and its configuration."""
