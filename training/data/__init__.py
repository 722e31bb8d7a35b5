"""What is learnt from: thin volumes, and the thick slices of them, simulated or real."""
