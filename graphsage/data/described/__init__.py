"""What a dataset is like, in numbers and pictures."""
