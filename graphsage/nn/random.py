"""torch's random numbers under a key: used for initialisation and dropout, and handed back untouched."""

from contextlib import contextmanager

import torch


@contextmanager
def keyed_rng(key, device="cpu"):
    """Inside, torch draws by ``key`` (uint64) on the CPU and on ``device``; the caller's generators are as before."""
    device = torch.device(device)
    seed = int(key) >> 1  # torch takes 63 bits
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
