"""SeedPlan: which nodes are the seeds of which step; both meanings of an epoch."""

from dataclasses import dataclass, field

import numpy as np

from graphsage.base import rng
from graphsage.base.checks import ReadOnlyRecord, as_count, as_integers, read_only


@dataclass(frozen=True, eq=False)
class SeedPlan(ReadOnlyRecord):
    """Seeds of each step, as a pure function of (seed, epoch, step).

    nodes: int64[n], the training nodes.
    batch_size=None: full batch, one step an epoch with all nodes in their own order.
    batches_per_epoch=None: an epoch is one pass; each node is used once, in an order drawn anew each epoch, in
        ceil(n / batch_size) steps of which the last may be short.
    batches_per_epoch=N: an epoch is N steps of batch_size nodes drawn at random with replacement, so a batch may repeat a
        node.
    """

    nodes: np.ndarray
    batch_size: int | None = None
    batches_per_epoch: int | None = None
    seed: int = 0
    _orders: dict = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self):
        nodes = as_integers("nodes", self.nodes).copy()  # a plan must not change with the caller's array
        if not len(nodes):
            raise ValueError("nodes is empty: an epoch needs at least one training node")
        object.__setattr__(self, "nodes", read_only(nodes))
        if self.batch_size is None and self.batches_per_epoch is not None:
            raise ValueError(
                f"batches_per_epoch = {self.batches_per_epoch} needs a batch_size: a full batch is one step an epoch"
            )
        for name in ("batch_size", "batches_per_epoch"):
            if getattr(self, name) is not None:
                # Python ints, for a uint8 would overflow in the sums below
                object.__setattr__(self, name, as_count(name, getattr(self, name), least=1))
        object.__setattr__(self, "seed", as_count("seed", self.seed, most=2**64 - 1))

    @property
    def num_steps(self):
        """Steps an epoch."""
        if self.batch_size is None:
            return 1
        return self.batches_per_epoch or -(-len(self.nodes) // self.batch_size)

    def seeds(self, epoch, step):
        """int64 seeds of one step: [batch_size], less in the last step of a pass, all nodes in a full batch."""
        as_count("epoch", epoch, most=2**64 - 1)
        as_count("step", step, most=self.num_steps - 1)
        if self.batch_size is None:
            return self.nodes
        if self.batches_per_epoch is not None:
            key = rng.stream_key(self.seed, rng.PLAN, epoch, step, rng.REPLICA)
            return self.nodes[rng.draws_below(key, self.batch_size, len(self.nodes))]
        return self.nodes[self._order(epoch)[step * self.batch_size : (step + 1) * self.batch_size]]

    def _order(self, epoch):
        """The pass's permutation; the latest is kept, as all steps of an epoch ask for it."""
        order = self._orders.get(epoch)
        if order is None:
            order = rng.permutation(rng.stream_key(self.seed, rng.PLAN, epoch), len(self.nodes))
            self._orders.clear()
            self._orders[epoch] = order
        return order
