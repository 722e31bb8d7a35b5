"""HU of the chest phantom's tissues: a chest in the venous phase after contrast medium."""

from __future__ import annotations

AIR = -1000.0
PARENCHYMA = -865.0
FAT = -100.0
FLUID = 12.0
SKIN = 10.0
MUSCLE = 55.0
CORD = 40.0
BRONCHIAL_WALL = 40.0
FISSURE = -50.0
BLOOD = 150.0
MYOCARDIUM = 95.0
LIVER = 108.0
SPLEEN = 120.0
DISC = 85.0
CARTILAGE = 105.0
MARROW = 170.0
CORTICAL_BONE = 780.0
COUCH = -150.0
