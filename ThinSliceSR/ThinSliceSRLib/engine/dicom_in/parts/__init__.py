"""Parts: which images of a series make up one volume, and which of them are copies."""
