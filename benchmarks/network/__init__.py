"""The engine's network beside the published one and the machine's own speed."""
