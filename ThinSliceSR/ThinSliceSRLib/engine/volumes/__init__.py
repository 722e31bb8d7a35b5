"""Volumes: HU values with their geometry, how their slices were measured, and what can be no HU."""
