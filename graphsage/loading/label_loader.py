"""LabelLoader: batches in which the labels of training nodes are inputs, but for the nodes that are asked."""

from dataclasses import replace

import numpy as np
import torch

from graphsage.base import rng
from graphsage.loading.node_loader import NeighborLoader
from graphsage.tensors.csr_matrix import CSRMatrix


class LabelLoader(NeighborLoader):
    """A ``NeighborLoader`` of a dataset whose last columns are labels (``with_label_columns``).

    share: of a step's nodes so many are asked, at least one (``least``); those with the smallest variates keyed by
    (seed, epoch, step, node). No label column of a node that is asked is set in its batch, wherever the node stands in it; the
    others show theirs. None: all are asked and all labels that are there are shown, as in evaluation, where the asked nodes
    have none.
    first_label: the first of the columns.
    """

    share = first_label = None

    @property
    def _same_each_epoch(self):
        return self.share is None and super()._same_each_epoch

    def _over(self, items):
        other = super()._over(items)
        other.share = None
        return other

    def _asked(self, epoch, step):
        items, how, own = super()._asked(epoch, step)
        if self.share is None:
            return items, how, own
        count = max(int(np.ceil(self.share * len(items))), min(self._plan.least, len(items)))
        key = rng.stream_key(self._plan.seed, rng.SHOWN, epoch, step)
        order = np.argsort(rng.fold(key, items.seeds.astype(np.uint64)), kind="stable")
        kept = np.sort(order[:count])
        at = torch.from_numpy(kept)
        return items[kept], how, {name: part[at] for name, part in own.items()}

    def _filled(self, draft):
        batch = super()._filled(draft)
        if self.share is None:
            return batch
        hidden = torch.isin(draft.pending[0].to(batch.seeds.device), batch.seeds)
        return batch.having(x=_hidden(batch.x, hidden, self.first_label))


def _hidden(x, rows, first):
    """Rows [n, F + C] without the entries from column ``first`` on in those of ``rows`` (bool [n])."""
    if not isinstance(x, CSRMatrix):
        return torch.cat([x[:, :first], x[:, first:].masked_fill(rows[:, None], 0)], dim=1)
    kept = ~(torch.repeat_interleave(rows, x.indptr.diff()) & (x.indices >= first))
    places = torch.cat([kept.new_zeros(1, dtype=x.indptr.dtype), kept.cumsum(0, dtype=x.indptr.dtype)])  # of each entry
    values = None if x.values is None else x.values[kept]
    return replace(x, indptr=places[x.indptr], indices=x.indices[kept], values=values)
