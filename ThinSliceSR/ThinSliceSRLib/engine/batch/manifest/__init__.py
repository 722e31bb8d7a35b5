"""The manifest: what a batch knows of each of its volumes, safe against a kill at any moment."""
