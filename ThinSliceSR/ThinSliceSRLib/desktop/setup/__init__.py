"""Setup: what this Slicer needs: packages, models, sample volumes; how it tests itself and reports a fault."""
