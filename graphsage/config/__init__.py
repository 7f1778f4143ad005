"""Floor 1: every setting with its default, and settings in files. Never imports torch."""
