"""Sampling: keyed random draws, kernels, tree form and unique form. Never imports torch."""
