"""Floor 4: what a trained model does - saved, loaded, asked."""
