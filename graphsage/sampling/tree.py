"""multihop_sampling: the tree form. Hop h holds exactly B * k_1 * ... * k_h ids."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base import rng
from graphsage.base.checks import as_count, as_fanouts, as_flag, one_of, refuse_giants
from graphsage.sampling.draws import Draw, Labor, Recent, as_draw
from graphsage.sampling.hops import sample_tree
from graphsage.sampling.neighbor_tables import table_of


def multihop_sampling(
    src_nodes: ArrayLike,
    sample_nums: Sequence[int],
    neighbor_table: Any,
    *,
    replace: bool | None = None,
    draw: str | Draw = "uniform",
    isolated: str = "self",
    weights: str = "refuse",
    seed: int | tuple[int, ...] | None = None,
) -> list[np.ndarray]:
    """Sample ``sample_nums[h]`` neighbours for every id of hop h, hop by hop.

    src_nodes: the B seeds, B >= 1; repeats are legal and draw independently.
    sample_nums: neighbours a hop, each >= 1.
    neighbor_table: ``Graph`` (the fast path), ``{node: neighbours}`` dict, networkx graph, or square scipy sparse matrix
        (converted at each call). Dict and networkx rows are read only at the nodes that are touched, at every call.
        Give lists: a dict whose values are sets has no order of its own, so the same seed may draw differently in
        another process (sets of text follow PYTHONHASHSEED).
    replace: True (the default) draws with replacement. False draws distinct edges where the degree allows (so distinct
        neighbours, unless a row lists one twice), in uniformly random order, so that any prefix of a row drawn uniformly is a
        fair sample itself; else it draws with replacement.
    draw: "uniform", or "weighted" for a Graph or matrix with weights; or a record, ``Uniform(replace)``, ``Weighted(replace)``.
        The others have no meaning in a tree: "recent" and "labor" need the unique form.
    isolated: "self", the only policy a tree has: a node without neighbours stands in for each of them.
    weights: "ignore" samples a weighted Graph or matrix uniformly; otherwise that is refused. Dicts have no weights, and
        networkx attributes are not looked at.
    seed: None takes fresh entropy at every call; an int, or a tuple (seed, epoch) or (seed, epoch, step), repeats exactly.

    Returns [src, hop1, hop2, ...]: int64 arrays of B, B*k_1, B*k_1*k_2, ... ids, the neighbours of id i of a hop at
    [i*k, (i+1)*k) of the next. For a Graph these are row numbers; for the other tables the table's own names, in an object
    array where they are not integers. The same draws come from a dict and from the Graph made of it.

    Raises TypeError or ValueError, in one sentence, for empty, unknown or malformed seeds, fanouts and tables, and for a
    tree that would not fit into memory.
    """
    fanouts = as_fanouts("sample_nums", sample_nums, allow_all=False)
    if one_of("isolated", isolated, ("self", "empty")) == "empty":
        raise ValueError('isolated="empty" needs the unique form (NeighborSampler): rows of a tree cannot be empty')
    key, draw = _key(seed), _tree_draw(draw, replace)
    table = table_of(neighbor_table, draw, weights)
    hops = [table.seeds("src_nodes", src_nodes)]
    if not len(hops[0]):
        raise ValueError("src_nodes is empty: a batch needs at least one seed")
    _refuse_giants(len(hops[0]), fanouts)
    for hop, k in enumerate(fanouts):
        hops.append(_next_hop(table, hops[-1], k, draw, rng.fold(key, np.array([hop], np.uint64))[0]))
    return hops


def _next_hop(table, ids, k, draw, key):
    arranged, rows = table.next_rows(ids)
    out = np.empty(len(ids) * k, np.int64)
    # a row no longer than k needs no set of picks, and k may be huge
    taken = np.empty(draw.scratch(min(k, _most_neighbors(arranged.indptr, rows))), np.int64)
    sample_tree((arranged.indptr, arranged.indices), draw.parameters(True, arranged, key), rows, k, key, taken, out)
    return table.names(rows, k, out)


def _most_neighbors(indptr, rows):
    return int((indptr[rows + 1] - indptr[rows]).max())


def _tree_draw(draw, replace):
    """The record of a draw that trees have; ``replace`` None: True, or what the record says."""
    if draw in ("recent", "labor") or isinstance(draw, Recent | Labor):
        raise ValueError(f'draw = {draw} has no meaning in a tree: take "uniform", "weighted", or a NeighborSampler')
    return as_draw(draw, isinstance(draw, str) if replace is None else as_flag("replace", replace))


def _refuse_giants(num_seeds, fanouts):
    widths = np.cumprod((num_seeds, *fanouts), dtype=object)  # Python ints: they cannot overflow
    shape = " * ".join(map(str, (num_seeds, *fanouts)))
    refuse_giants(f"the tree (last hop {shape} ids)", 8 * int(widths.sum()))


def _key(seed):
    parts = (rng.fresh_seed(),) if seed is None else seed if isinstance(seed, tuple) else (seed,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"seed must be None, an int or a tuple (seed, epoch, step), got {seed!r}")
    names = ("seed", "epoch", "step")
    parts = [as_count(name, part, most=2**64 - 1) for name, part in zip(names, parts)] + [0] * (3 - len(parts))
    return rng.stream_key(parts[0], rng.TREE, *parts[1:], rng.REPLICA)
