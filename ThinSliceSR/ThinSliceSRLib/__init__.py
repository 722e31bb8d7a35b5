"""Library of the ThinSliceSR module: `engine` (HU arrays in, HU arrays out) and `desktop` (what touches Slicer)."""
