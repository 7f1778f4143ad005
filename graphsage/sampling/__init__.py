"""Floor 2: what is asked, how neighbours are drawn, and what comes of it. Never imports torch."""
