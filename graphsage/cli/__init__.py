"""Floor 6: the graphsage command. torch and numba are imported only inside the commands that need them."""
