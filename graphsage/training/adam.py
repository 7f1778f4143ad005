"""Adam and AdamW on the CPU: torch's, whose update is one compiled pass over a weight, in whatever order it lies."""

import numpy as np
import torch

from graphsage.base.jit import JIT_DISABLED, real_kernel

MOST = 1 << 22  # values of a weight: larger ones are left to torch, which has several threads for them


@real_kernel
def update(weights, gradients, means, squares, rate, beta1, beta2, eps, root, decay, is_decoupled):
    """Algorithms 1 and 2 of Loshchilov and Hutter 2019, on flat float32 arrays. rate: learning rate / (1 - beta1^t); root:
    1 / sqrt(1 - beta2^t); decay: of the weights (``is_decoupled``: what is left of them), or what is added to gradients."""
    for i in range(len(weights)):
        weight, gradient = weights[i], gradients[i]
        if is_decoupled:
            weight *= decay
        else:
            gradient += decay * weight
        mean = means[i] + beta1 * (gradient - means[i])
        square = squares[i] + beta2 * (gradient * gradient - squares[i])
        means[i], squares[i] = mean, square
        weights[i] = weight - rate * mean / (np.sqrt(square) * root + eps)


class _InOnePass:
    """The step of an optimizer of torch with its state and settings; what it is not made for goes to torch's own."""

    @torch.no_grad()
    def step(self, closure=None):
        """As torch's."""
        is_scaled = any(getattr(self, name, None) is not None for name in ("grad_scale", "found_inf"))
        if closure is not None or is_scaled or not all(map(self._is_made_for, self._trained())):
            return super().step(closure)
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, group)
        return None

    def _trained(self):
        return (weight for group in self.param_groups for weight in group["params"] if weight.grad is not None)

    def _is_made_for(self, weight):
        """A small weight in the CPU's memory without gaps, and its gradient and state in the same order."""
        gradient, state = weight.grad, self.state[weight]
        if JIT_DISABLED or weight.numel() > MOST or not weight.dtype == gradient.dtype == torch.float32:
            return False
        tensors = [gradient, *(state[name] for name in ("exp_avg", "exp_avg_sq") if name in state)]
        is_dense = weight.is_contiguous() or weight.ndim == 2 and weight.mT.is_contiguous()
        is_here = weight.device.type == "cpu" and gradient.layout == torch.strided
        return is_here and is_dense and all(of.stride() == weight.stride() for of in tensors)

    def _update(self, weight, group):
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device="cpu")
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        (beta1, beta2), rate, count = group["betas"], float(group["lr"]), state["step"].item()
        is_decoupled = isinstance(self, torch.optim.AdamW)
        decay = 1 - rate * group["weight_decay"] if is_decoupled else group["weight_decay"]
        numbers = rate / (1 - beta1**count), 1 - beta1, 1 - beta2, group["eps"], (1 - beta2**count) ** -0.5, decay
        arrays = map(_flat, (weight, weight.grad, state["exp_avg"], state["exp_avg_sq"]))
        with np.errstate(over="ignore"):  # a learning rate beyond float32 is infinite, and its loss will be told
            update(*arrays, *map(np.float32, numbers), is_decoupled)


def _flat(tensor):
    """Its values in the order in memory, as an array."""
    return tensor.detach().as_strided((tensor.numel(),), (1,)).numpy()


class Adam(_InOnePass, torch.optim.Adam):
    """Kingma and Ba 2015."""


class AdamW(_InOnePass, torch.optim.AdamW):
    """Adam whose weights decay by themselves (Loshchilov and Hutter 2019)."""
