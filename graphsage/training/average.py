"""A running mean of the weights over the updates, which is judged and kept in their place."""

from contextlib import contextmanager

import torch


class WeightAverage:
    """mean <- d * mean + (1 - d) * weights after update n, d = min(decay, 1 - 1 / n) (Polyak and Juditsky 1992, with decay).

    So the first 1 / (1 - decay) updates weigh alike, and the weights that were drawn do not count. Running statistics of a
    batch norm are averaged too. decay 0: nothing is kept, and the model stays as it is.
    """

    def __init__(self, model, decay):
        self.model, self.decay = model, decay
        self.reset()

    def reset(self):
        """Forget what was averaged."""
        self.count, self.values = 0, {}

    @torch.no_grad()
    def update(self):
        """The weights have changed."""
        if not self.decay:
            return
        self.count += 1
        share = max(1 - self.decay, 1 / self.count)
        for name, tensor in self._tensors().items():
            if self.count == 1:
                self.values[name] = tensor.clone()
            else:
                self.values[name].lerp_(tensor, share)

    @contextmanager
    def in_the_model(self):
        """Inside, the model has the mean for weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self):
        tensors = self._tensors() if self.values else {}
        for name, tensor in tensors.items():
            weights = tensor.clone()
            tensor.copy_(self.values[name])
            self.values[name].copy_(weights)

    def _tensors(self):
        """Each weight and statistic once, also where a module stands twice."""
        named = [pair for of in (self.model.named_parameters, self.model.named_buffers) for pair in of()]
        kept = self.model.state_dict().keys()
        return {name: tensor.detach() for name, tensor in named if name in kept and tensor.is_floating_point()}

    def state_dict(self):
        """Plain values and tensors."""
        return {"count": self.count, "values": dict(self.values)}

    def load_state_dict(self, state):
        """What ``state_dict`` gave, on the model's device."""
        own = self._tensors()
        self.count = state["count"]
        self.values = {name: value.to(own[name], copy=True) for name, value in state["values"].items()}
