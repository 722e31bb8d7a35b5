"""Archives: thick series from a DICOMweb archive, and derived ones back into it."""
