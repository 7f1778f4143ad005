"""What is asked, and in which order: items, and the plan that makes steps of them. Both meanings of an epoch."""

from dataclasses import dataclass, field

import numpy as np

from graphsage.base import rng
from graphsage.base.checks import MAX_NODES, ReadOnlyRecord, as_array, as_count, as_flag, as_integers, read_only


@dataclass(frozen=True, eq=False)
class Items(ReadOnlyRecord):
    """n things that a model is asked about.

    seeds: int64[n] nodes, or int64[n, 2] pairs of them; repeats are legal. That they are in a graph is checked where one is.
    label, time, weight: an entry an item, or None.
    """

    seeds: np.ndarray
    label: np.ndarray | None = None
    time: np.ndarray | None = None
    weight: np.ndarray | None = None

    def __post_init__(self):
        seeds = as_array("seeds", self.seeds)  # once: an iterator cannot be read again
        if seeds.ndim == 2 and seeds.shape[1] == 2:
            seeds = as_integers("seeds", seeds.ravel()).reshape(-1, 2)
        else:
            seeds = as_integers("seeds", seeds if seeds.ndim else self.seeds)
        object.__setattr__(self, "seeds", read_only(seeds.copy()))  # items must not change with the caller's array
        for name in ("label", "time", "weight"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, self._of_each(name))

    def _of_each(self, name):
        values = as_array(name, getattr(self, name))
        if values.shape[:1] != (len(self),):
            raise ValueError(f"{name} must have one entry per item, {len(self)}; got shape {values.shape}")
        return read_only(values.copy())

    def __len__(self) -> int:
        """n."""
        return len(self.seeds)

    def __getitem__(self, places):
        """The items at ``places`` (a slice or int64[m]), in that order."""
        made = object.__new__(Items)  # parts of what was checked
        made.__setstate__({name: None if part is None else part[places] for name, part in vars(self).items()})
        return made


def seeds_of(items):
    """The seeds of ``Items``; anything else is seeds already."""
    return items.seeds if isinstance(items, Items) else items


@dataclass(frozen=True, eq=False)
class SeedPlan(ReadOnlyRecord):
    """The items of each step, as a pure function of (seed, epoch, step).

    items: ``Items``, or the nodes int64[n].
    batch_size=None: full batch, one step an epoch with all items in their own order.
    batches_per_epoch=None: an epoch is one pass; each item is used once, in an order drawn anew each epoch, in
        ceil(n / batch_size) steps of which the last may be short.
    batches_per_epoch=N: an epoch is N steps of batch_size items drawn at random with replacement, so a batch may repeat one.
    shuffle=False: a pass goes through the items in their own order. drop_last=True: it leaves out a last step that is short.
    least: a pass has no step of fewer items than that: a last one that would be shorter joins the one before it.
    rank, num_ranks: of several processes, this one's steps are rank, rank + num_ranks, ... of those that all share. Each rank
        has as many steps: where the last num_ranks of a pass would be short, their items are divided evenly, one part a rank
        (a full batch is divided so, too); random batches are rounded up to a multiple of num_ranks.
    """

    items: Items
    batch_size: int | None = None
    batches_per_epoch: int | None = None
    seed: int = 0
    shuffle: bool = field(default=True, kw_only=True)
    drop_last: bool = field(default=False, kw_only=True)
    least: int = field(default=1, kw_only=True)
    rank: int = field(default=0, kw_only=True)
    num_ranks: int = field(default=1, kw_only=True)
    _orders: dict = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self):
        self._set(items=self.items if isinstance(self.items, Items) else Items(_as_nodes(self.items)))
        if not len(self.items):
            raise ValueError("nodes is empty: an epoch needs at least one training node")
        for name in ("batch_size", "batches_per_epoch"):
            if getattr(self, name) is not None:
                # Python ints, for a uint8 would overflow in the sums below
                self._set(**{name: as_count(name, getattr(self, name), least=1)})
        self._set(seed=as_count("seed", self.seed, most=2**64 - 1), least=as_count("least", self.least, least=1))
        self._set(num_ranks=as_count("num_ranks", self.num_ranks, least=1))
        self._set(rank=as_count("rank", self.rank, most=self.num_ranks - 1))
        self._set(shuffle=as_flag("shuffle", self.shuffle), drop_last=as_flag("drop_last", self.drop_last))
        self._refuse_unused()

    def __getstate__(self):
        return {**self.__dict__, "_orders": {}}  # an epoch's order is drawn again where it is asked for

    def _refuse_unused(self):
        if self.batch_size is None and self.batches_per_epoch is not None:
            raise ValueError(
                f"batches_per_epoch = {self.batches_per_epoch} needs a batch_size: a full batch is one step an epoch"
            )
        if self.batches_per_epoch is not None and not self.shuffle:
            raise ValueError("shuffle=False is about a pass, and batches_per_epoch draws at random: leave one of them out")
        if self.drop_last and (self.batch_size is None or self.batches_per_epoch is not None):
            raise ValueError("drop_last=True is about a pass in batches: it needs a batch_size, and no batches_per_epoch")
        if self.batch_size is not None and self.batch_size < self.least:
            raise ValueError(f"batch_size must be at least least = {self.least}, got {self.batch_size}")
        too_few = self.batches_per_epoch is None and len(self.items) < self.num_ranks * self.least
        if too_few or not self.num_steps:
            self._refuse_nothing()

    def _refuse_nothing(self):
        ranks = "" if self.num_ranks == 1 else f" on {self.num_ranks} ranks"
        if self.drop_last:
            rule = f"drop_last=True leaves nothing of {len(self.items)} items{ranks}"
            raise ValueError(f"{rule} with batch_size = {self.batch_size}: take a smaller one")
        rule = f"at least {self.least} a batch{ranks}"
        raise ValueError(f"{len(self.items)} items are too few for {rule}: each needs its part")

    @property
    def nodes(self) -> np.ndarray:
        """int64[n]: the seeds of all items."""
        return self.items.seeds

    @property
    def num_steps(self) -> int:
        """Steps an epoch, those of all ranks: a multiple of num_ranks."""
        if self.batches_per_epoch is not None:
            return self.num_ranks * -(-self.batches_per_epoch // self.num_ranks)
        whole, rest = divmod(len(self.items), self.num_ranks * self._size)
        return self.num_ranks * (whole + (rest >= self.num_ranks * self.least and not self.drop_last))

    @property
    def _size(self):
        """Items of a whole step."""
        return len(self.items) if self.batch_size is None else self.batch_size

    @property
    def steps(self) -> range:
        """range: the steps of this rank."""
        return range(self.rank, self.num_steps, self.num_ranks)

    def places(self, epoch: int, step: int) -> np.ndarray:
        """int64 positions in ``items`` of one step: [batch_size], or what is left in the last step of a pass."""
        as_count("epoch", epoch, most=2**64 - 1)
        as_count("step", step, most=self.num_steps - 1)
        if self.batches_per_epoch is not None:
            key = rng.stream_key(self.seed, rng.PLAN, epoch, step, rng.REPLICA)
            return rng.draws_below(key, self.batch_size, len(self.items))
        first, end = self._span(step)
        if self.batch_size is None or not self.shuffle:
            return np.arange(first, end)
        return self._order(epoch)[first:end].astype(np.int64)

    def _span(self, step):
        """[first, end) of a pass's step: whole ones, and in the last step of each rank an even part of what is left."""
        if step < self.num_steps - self.num_ranks or self.drop_last:
            return step * self._size, (step + 1) * self._size
        first = (self.num_steps - self.num_ranks) * self._size
        left, part = len(self.items) - first, step % self.num_ranks
        return first + left * part // self.num_ranks, first + left * (part + 1) // self.num_ranks

    def seeds(self, epoch: int, step: int) -> np.ndarray:
        """int64 seeds of one step."""
        return self.nodes[self.places(epoch, step)]

    def _order(self, epoch):
        """The pass's permutation; the latest is kept, as all steps of an epoch ask for it."""
        order = self._orders.get(epoch)
        if order is None:
            order = rng.permutation(rng.stream_key(self.seed, rng.PLAN, epoch), len(self.items))
            order = order.astype(np.int32) if len(order) <= MAX_NODES else order  # it is kept, in half the memory
            self._orders.clear()
            self._orders[epoch] = order
        return order


def _as_nodes(nodes):
    return as_integers("nodes", nodes)
