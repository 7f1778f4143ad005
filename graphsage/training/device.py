"""Where to train."""

import torch
import torch.nn.functional as F


def pick_device(name):
    """``torch.device`` of "auto" (CUDA if there is one, else MPS if it passes a check, else the CPU) or of a named one."""
    if name != "auto":
        return _named(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available() and _bags_agree("mps"):
        return torch.device("mps")
    return torch.device("cpu")


def _named(name):
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"device {name!r} cannot be used here ({reason}): try --device auto, or cpu") from None
    return device


def _bags_agree(device):
    """Does embedding_bag, the heart of the aggregation, give the CPU's numbers there?"""
    table, indices, offsets = torch.randn(7, 5), torch.tensor([0, 6, 6, 2], dtype=torch.int32), torch.tensor([0, 1, 1, 4])
    arguments = (indices, table, offsets.int())
    options = {"mode": "sum", "include_last_offset": True}
    try:
        there = F.embedding_bag(*(t.to(device) for t in arguments), **options)
    except (RuntimeError, NotImplementedError):
        return False
    return torch.allclose(there.cpu(), F.embedding_bag(*arguments, **options), atol=1e-5)
