"""Floor 3: sparse matrices and their products, feature stores, devices. torch, but no model."""
