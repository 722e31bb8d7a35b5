"""Volumes: HU values with their geometry, from files and to files, and whether they are fit."""
