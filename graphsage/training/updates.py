"""An update of several processes: which batches are whose, and the settings that follow from their number."""

import os
from dataclasses import replace


def settled(config, ranks):
    """``config`` (``TrainConfig``) with the batches of an update, by default one a process; of several processes each with its
    GPU and its part of the cores. ValueError where they cannot share an update."""
    full = config.batch_size is None
    config = replace(config, accumulate=config.accumulate or (1 if full else ranks.size))
    if ranks.size == 1:
        return config
    if full:
        rule = f"batch_size='full' is one batch an epoch, which {ranks.size} processes cannot share"
        raise ValueError(f"{rule}: set batch_size, or train in one process")
    if config.accumulate < ranks.size:
        rule = f"accumulate = {config.accumulate} batches make an update, and {ranks.size} processes share them"
        raise ValueError(f"{rule}: set it to {ranks.size} or more, or start fewer processes")
    threads = loader_threads(ranks.local_size) if config.num_threads is None else config.num_threads
    return replace(config, num_threads=threads, device=_device(config.device, ranks))


def _device(name, ranks):
    if name not in ("auto", "cuda"):
        return name
    import torch

    return f"cuda:{ranks.local_rank}" if torch.cuda.is_available() else name


def cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def loader_threads(local_size):
    """Threads that prepare the batches of one of ``local_size`` processes: as ``default_threads``, of its part of the cores."""
    return min(4, max(1, cores() // (2 * local_size)))


def own_steps(steps, accumulate, ranks):
    """Those of ``steps``, a range that begins with an update, that are this rank's: the places r, r + R, ... of each update."""
    firsts = steps[::accumulate]
    return [step for first in firsts for step in range(first, min(first + accumulate, steps.stop))[ranks.rank :: ranks.size]]


def updates_line(config, ranks):
    """What is told of several processes; "" of one."""
    if ranks.size == 1:
        return ""
    how = "; gradients are added in the order of the batches" if config.gradients == "ordered" else ""
    return f"{ranks.size} processes: an update takes the mean gradient of {config.accumulate} batches{how}"
