"""torch's ambient settings put aside: what a program set for its own numbers must not change the package's.

Modules of the caller's own see the caller's defaults: nothing here is in force around their code but the modes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


@contextmanager
def plain_modes() -> Iterator[None]:
    """Inside, gradients are recorded and nothing is cast, whatever grad mode, inference mode or autocast the caller is in."""
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))  # which turns gradients on as well
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        yield


@contextmanager
def plain_defaults() -> Iterator[None]:
    """Inside, new tensors are float32 on the CPU and can be trained, whatever torch's defaults and modes are."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False), torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(dtype)
