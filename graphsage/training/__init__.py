"""Training: the loop, its results and the baselines printed beside it."""
