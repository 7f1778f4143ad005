"""On a cluster of Ray: the same training and the same embeddings, though workers, machines and tasks are lost."""
