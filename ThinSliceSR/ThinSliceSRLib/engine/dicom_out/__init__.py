"""DICOM out: a result as a CT series of its own in the study of its source, which says that it is synthetic."""
