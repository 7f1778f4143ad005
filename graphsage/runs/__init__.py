"""Floor 5: whole runs and their folders."""
