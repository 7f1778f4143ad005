"""Random graphs, made on the spot."""
