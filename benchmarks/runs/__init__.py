"""Whole runs of the command line in processes of their own: their times and their memory."""
