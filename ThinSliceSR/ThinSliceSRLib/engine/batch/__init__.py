"""Batch: the thick volumes of a folder, a list or an archive, each synthesised once, on the workers of a cluster."""
