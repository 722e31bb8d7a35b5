"""DICOM in: which series a folder or a ZIP file holds, which of them is meant, and its volume."""
