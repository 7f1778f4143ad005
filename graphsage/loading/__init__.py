"""Floor 3: items and samples to batches of tensors."""
