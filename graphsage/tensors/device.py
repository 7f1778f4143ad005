"""Where to train."""

import re
import sys

import torch
import torch.nn.functional as F

from graphsage.base.told import shown


def pick_device(name):
    """``torch.device`` of a name: cpu, cuda, cuda:1 (the second GPU) or mps; ValueError if it cannot be used here.

    "auto" is CUDA if there is a GPU, else MPS if it passes a check, else the CPU.
    """
    if not isinstance(name, str) or not re.fullmatch(r"auto|cpu|mps(:0)?|cuda(:\d{1,3})?", name):
        raise ValueError(f"device must be auto, cpu, cuda, cuda:1 (the second GPU) or mps; got {shown(name)}")
    if name == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if not _hindrance(name)))
    reason = _hindrance(name)
    if reason:
        raise ValueError(f"device {name!r} cannot be used here, as {reason}: use 'cpu', or 'auto' for the best there is")
    return torch.device(name)


def as_device(device):
    """``torch.device`` of a name, or of a device of torch's; ValueError as of ``pick_device`` for one that cannot be used."""
    if not isinstance(device, (str, int, torch.device)):
        return pick_device(device)
    try:
        found = torch.device(device)
    except RuntimeError:
        return pick_device(device)
    return pick_device(str(found)) if found.type in ("cuda", "mps") else found


def describe(device):
    """The device for people: with the GPU's name."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def _hindrance(name):
    """Why the device cannot be used, or None."""
    if name.startswith("cuda"):
        return _cuda_hindrance(int(name.partition(":")[2] or 0))
    if name.startswith("mps") and not torch.backends.mps.is_available():
        return f"torch {torch.__version__} finds no Apple GPU"
    if name.startswith("mps") and not _bags_agree("mps"):
        return "its embedding_bag differs from the CPU's"
    return None


def _cuda_hindrance(index):
    if torch.version.cuda is None and torch.version.hip is None:
        return f"torch {torch.__version__} is a build without CUDA"
    if not torch.cuda.is_available():
        return "torch finds no CUDA GPU"
    count = torch.cuda.device_count()
    return f"torch finds {count} CUDA GPU{'s' if count > 1 else ''}, counted from cuda:0" if index >= count else None


def _bags_agree(device):
    """Does embedding_bag, the heart of the aggregation, give the CPU's numbers there, as mean and as weighted sum?"""
    try:
        return all(torch.allclose(_bag(device, *kind).cpu(), _bag("cpu", *kind)) for kind in (("mean", False), ("sum", True)))
    except RuntimeError:  # NotImplementedError is one
        return False


def _bag(device, mode, weighted):
    indices, offsets = (torch.tensor(ids, dtype=torch.int32, device=device) for ids in ([0, 6, 6, 2], [0, 1, 1, 4]))
    weights = torch.tensor([1.0, 2, 3, 4], dtype=torch.float32, device=device) if weighted else None
    table = torch.arange(35, dtype=torch.float32, device=device).view(7, 5)
    return F.embedding_bag(indices, table, offsets, mode=mode, per_sample_weights=weights, include_last_offset=True)


def peak_memory():
    """Bytes: the most of this process that was in memory at any time; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
