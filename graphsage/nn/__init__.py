"""Floor 3: aggregators, layers, models, exact inference."""
