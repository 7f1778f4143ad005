"""Batches with a node for each seed, as PyG has them: here a seed that was asked for twice is one node."""

from dataclasses import replace as changed

import numpy as np

from graphsage.sampling.minibatch import MiniBatch
from graphsage.sampling.typed_batch import TypedMiniBatch


def each_seed(batch: MiniBatch) -> MiniBatch:
    """``batch`` with a node for each of its B seeds, first and in the order asked for, as PyG has them.

    Where a seed was asked for twice, each copy has the same row. Its neighbours point to the first one.
    """
    if int(batch.hop_offsets[1]) == len(batch.seed_index):
        return batch
    old, new, hop_offsets = _copied(batch.seed_index, batch.hop_offsets, len(batch.nodes))
    indptr, at = _rows(batch.indptr, old, len(old) - len(batch.nodes))
    return changed(
        batch, nodes=batch.nodes[old], seed_index=np.arange(len(batch.seed_index)), hop_offsets=hop_offsets, indptr=indptr,
        indices=new[batch.indices[at]], edge_ids=batch.edge_ids[at],
    )  # fmt: skip


def each_seed_typed(batch: TypedMiniBatch) -> TypedMiniBatch:
    """The same of a batch of a typed graph."""
    if all(int(batch.hop_offsets[name][1]) == len(index) for name, index in batch.seed_index.items()):
        return batch
    none = np.empty(0, np.int64)
    copied = {
        name: _copied(batch.seed_index.get(name, none), batch.hop_offsets[name], len(nodes))
        for name, nodes in batch.nodes.items()
    }
    old, new = ({name: of[part] for name, of in copied.items()} for part in (0, 1))
    rows = {
        name: _rows(of, old[name[2]], len(old[name[2]]) - len(batch.nodes[name[2]])) for name, of in batch.indptr.items()
    }
    return changed(
        batch,
        nodes={name: nodes[old[name]] for name, nodes in batch.nodes.items()},
        seed_index={name: np.arange(len(index)) for name, index in batch.seed_index.items()},
        hop_offsets={name: of[2] for name, of in copied.items()},
        indptr={name: of for name, (of, _) in rows.items()},
        indices={name: new[name[0]][batch.indices[name][at]] for name, (_, at) in rows.items()},
        edge_ids={name: batch.edge_ids[name][at] for name, (_, at) in rows.items()},
    )


def _copied(seed_index, hop_offsets, num_nodes):
    """(local id of each node before, local id that each of before has now, offsets of the hops now)."""
    num_distinct = int(hop_offsets[1])
    old = np.concatenate([seed_index, np.arange(num_distinct, num_nodes)])
    new = np.empty(num_nodes, np.int64)
    new[old[::-1]] = np.arange(len(old))[::-1]
    hop_offsets = hop_offsets + (len(seed_index) - num_distinct)
    hop_offsets[0] = 0
    return old, new, hop_offsets


def _rows(indptr, old, more):
    """(``indptr`` of the rows of the nodes ``old``, positions of their edges before); more: nodes that there were not."""
    rows = old[: len(indptr) - 1 + more]
    made = np.concatenate([[0], np.cumsum(np.diff(indptr)[rows])])
    return made, np.arange(made[-1]) + np.repeat(indptr[rows] - made[:-1], np.diff(made))
