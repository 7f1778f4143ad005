"""Who owns which nodes, and what is asked of whom."""

from dataclasses import dataclass

import numpy as np

from graphsage.shards.exchange import Exchange


@dataclass(frozen=True, eq=False)
class Owners:
    """bounds: int64[S + 1], shard s has the nodes [bounds[s], bounds[s + 1]). ranks: int64[S], the rank that holds shard s.

    exchange: asks them. shard: the one that this process holds.
    """

    bounds: np.ndarray
    ranks: np.ndarray
    exchange: Exchange
    shard: int

    @property
    def range(self):
        """(first, end) of this process's nodes."""
        return int(self.bounds[self.shard]), int(self.bounds[self.shard + 1])

    def parted(self, ids):
        """(order, {rank: positions of its nodes in ids[order]}, a slice each); of one owner the order is the same."""
        owner = np.searchsorted(self.bounds, ids, side="right") - 1
        order = np.argsort(owner, kind="stable")
        ends = np.cumsum(np.bincount(owner, minlength=len(self.ranks))).tolist()
        slices = {int(rank): slice(*of) for rank, *of in zip(self.ranks, [0, *ends], ends)}
        return order, {rank: of for rank, of in slices.items() if of.start < of.stop}

    def ask(self, what, ids, values, *beside, whole=()):
        """(order, [arrays of each owner's answer]) to a question about ``ids`` [M], whose answers are about ids[order].

        beside: arrays [M] that travel with the ids. whole: arrays that all owners are sent.
        """
        order, parts = self.parted(ids)
        arrays = [array[order] for array in (ids, *beside)]
        questions = {rank: (values, [*(array[of] for array in arrays), *whole]) for rank, of in parts.items()}
        answers = self.exchange.ask(what, questions)
        return order, [answers[rank][1] for rank in parts]
