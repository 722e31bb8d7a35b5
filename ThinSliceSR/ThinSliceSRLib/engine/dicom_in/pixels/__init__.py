"""Pixels: what DICOM files store for them, and which of it stands for nothing."""
