"""Sources: which thick volumes a folder, a list or a ZIP file holds for a batch."""
