"""Floor 1: checks, files, the compiler's face, keyed random numbers, threads, progress. Never imports torch."""
