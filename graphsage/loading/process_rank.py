"""Which of several processes this one is: what a loader goes by that was not told."""

import os

import torch.distributed as dist


def process_rank() -> tuple[int, int]:
    """(rank, number of ranks): those of torch.distributed once it is initialised, else RANK and WORLD_SIZE, else (0, 1).

    RuntimeError where WORLD_SIZE speaks of several processes and nothing says which one this is: all would draw the same.
    """
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    rank, num_ranks = _number("RANK"), _number("WORLD_SIZE")
    if num_ranks in (None, 1):
        return 0, 1
    if rank is None or rank >= num_ranks:
        raise RuntimeError(
            f"WORLD_SIZE = {num_ranks}, but RANK = {os.environ.get('RANK')!r} does not say which of the processes this one is: "
            "initialise torch.distributed first, or give the loader rank and num_ranks"
        )
    return rank, num_ranks


def _number(name):
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else None


def checked_ranks(rank, num_ranks):
    """(rank, num_ranks) as given to a loader, or None where it follows ``process_rank``; one without the other is refused."""
    if (rank is None) != (num_ranks is None):
        raise ValueError(f"rank and num_ranks go together: got rank = {rank!r} and num_ranks = {num_ranks!r}")
    return None if rank is None else (rank, num_ranks)
