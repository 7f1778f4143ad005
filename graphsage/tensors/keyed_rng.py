"""torch's random numbers under a key: used for initialisation and dropout, and handed back untouched."""

from contextlib import contextmanager, nullcontext
from threading import RLock

import torch

_LOCK = RLock()  # the generators belong to the process: two threads inside at once would hand back each other's state


@contextmanager
def keyed_rng(key, device="cpu"):
    """Inside, torch draws by ``key`` (uint64) on the CPU and on ``device``; the caller's generators are as before."""
    device = torch.device(device)
    seed = int(key) >> 1  # torch takes 63 bits
    with _LOCK, torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        with _keyed_mps(seed) if device.type == "mps" else nullcontext():
            yield


@contextmanager
def _keyed_mps(seed):
    before = torch.mps.get_rng_state()
    torch.mps.manual_seed(seed)
    try:
        yield
    finally:
        torch.mps.set_rng_state(before)
