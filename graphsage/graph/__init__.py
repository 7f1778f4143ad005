"""Floor 1: graphs as CSR, the one way from edges to rows, and features of nodes. Never imports torch."""
