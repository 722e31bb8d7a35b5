"""Devices: what can compute on this computer, and how much memory there is."""
