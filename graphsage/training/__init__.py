"""Floor 4: the training loop, which knows no disk."""
