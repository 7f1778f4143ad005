"""Floor 3: one graph over several processes, each with a range of its nodes; owners answer what the others ask."""
