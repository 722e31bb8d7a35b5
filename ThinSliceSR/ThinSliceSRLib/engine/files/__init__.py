"""Files of volumes: NRRD, NIfTI and MetaImage, read and written with all that tells where they lie."""
