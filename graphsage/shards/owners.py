"""Who owns which nodes, and what is asked of whom."""

from dataclasses import dataclass

import numpy as np

from graphsage.base.checks import read_only
from graphsage.base.memory import available_memory
from graphsage.data.errors import InShards
from graphsage.shards.exchange import Exchange

SHARE = 0.25  # of the available memory that an array of the whole dataset may take


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

    def ask_rows(self, what, ids, values, *beside, whole=()):
        """(counts int64 [M], [other arrays]) of answers whose first array says how many entries of the others each id has."""
        order, answers = self.ask(what, ids, values, *beside, whole=whole)
        theirs, *found = (np.concatenate(parts) for parts in zip(*answers))
        counts = np.empty(len(ids), np.int64)
        counts[order] = theirs
        if len(answers) == 1:
            return counts, found
        starts, ends = np.cumsum(counts) - counts, np.cumsum(theirs, dtype=np.int64)
        at = np.arange(len(found[0])) + np.repeat(starts[order] - ends + theirs, theirs)
        return counts, [_placed(values, at) for values in found]

    def whole(self, what, num_bytes, names):
        """[array of all shards] of the arrays ``names`` that owners have of ``what``; ``InShards`` where memory lacks."""
        if num_bytes > SHARE * available_memory():
            rule = "training, evaluation and embed ask the owners for what they need; for anything else load the whole dataset"
            size = f"its {what} take {num_bytes:,} bytes, too many for one process"
            raise InShards(f"the dataset is in shards, and {size}: {rule}")
        answers = self.exchange.ask(what, {rank: (names, []) for rank in self.ranks.tolist()})
        return [read_only(np.concatenate(parts)) for parts in zip(*(answers[rank][1] for rank in self.ranks.tolist()))]

    def ask(self, what, ids, values, *beside, whole=()):
        """(order, [arrays of each owner's answer]) to a question about ``ids`` [M], whose answers are about ids[order].

        beside: arrays [M] that travel with the ids. whole: arrays that all owners are sent.
        """
        order, parts = self.parted(ids)
        arrays = [array[order] for array in (ids, *beside)]
        questions = {rank: (values, [*(array[of] for array in arrays), *whole]) for rank, of in parts.items()}
        answers = self.exchange.ask(what, questions)
        return order, [answers[rank][1] for rank in parts]


def _placed(values, at):
    placed = np.empty_like(values)
    placed[at] = values
    return placed
