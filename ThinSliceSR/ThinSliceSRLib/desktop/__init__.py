"""What touches Slicer: nodes, views, the worker process, installs. Never imports torch or einops."""
