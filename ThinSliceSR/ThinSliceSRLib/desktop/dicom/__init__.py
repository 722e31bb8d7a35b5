"""DICOM: results exported beside their input, and known again when they come back."""
