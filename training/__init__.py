"""Training of the DLS model: a folder of CT volumes in, weights out."""
