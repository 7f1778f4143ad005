"""Edges between ids of any kind, integers or texts: which nodes there are, and the row of each end."""

import numpy as np

from graphsage.base.checks import as_array, as_ids, as_integers, integer_array
from graphsage.base.id_rule import RowsByName, id_of
from graphsage.graph.build import checked_names, label_array, names_in, of_length


def row_numbers(name, ends):
    """``ends`` as integers; a TypeError about names says how those are given."""
    try:
        return integer_array(name, ends)
    except TypeError as error:
        if as_array(name, ends).dtype.kind not in "OUST":
            raise
        raise TypeError(f"{error}: leave num_nodes out where nodes have names") from None


def checked_edges(src, dst, num_nodes):
    """(src, dst), integers [E] of whatever dtype they have, each in [0, num_nodes)."""
    src, dst = (row_numbers(name, ends) for name, ends in (("src", src), ("dst", dst)))
    src, dst = as_ids("src", src, num_nodes, src.dtype), as_ids("dst", dst, num_nodes, dst.dtype)
    return src, of_length("dst", dst, len(src), "edge (src)")


def named_ends(src, dst, node_ids=None):
    """(src, dst: int64[E] rows, N, node_ids) of edges between ids.

    node_ids: all nodes, in the order of their rows; None takes those that edges name, in rising order: integers where all are
    (None where they are 0..N-1), else texts, all of them. ``graphsage.base.id_rule`` says which spellings are one id.
    """
    ends = {name: _ids(name, given) for name, given in (("src", src), ("dst", dst))}
    of_length("dst", ends["dst"], len(ends["src"]), "edge (src)")
    if node_ids is None:
        return _found(*ends.values())
    names = checked_names(node_ids)
    rows_of = RowsByName(names.tolist())
    return *(_rows(name, ids, rows_of) for name, ids in ends.items()), len(names), names


def _ids(name, given):
    """The ids as an array: int64, or objects that are integers and texts, each in its one spelling."""
    given = given if isinstance(given, (list, tuple)) or hasattr(given, "dtype") else names_in(name, given)
    if as_array(name, given).dtype.kind in "iu":
        return as_integers(name, given)
    ids = np.array([*map(id_of, names_in(name, given)), None], object)[:-1]  # None: numpy takes equal tuples apart
    for at, value in enumerate(ids):
        if isinstance(value, bool) or not isinstance(value, (int, str)) or value == "":
            raise TypeError(f"{name} must be ids of nodes, integers or texts, got {name}[{at}] = {value!r:.60}")
    return ids


def _found(src, dst):
    both = np.concatenate([src, dst])
    if both.dtype == object:
        integers = label_array(both.tolist())
        both = np.array([*map(str, both)], object) if integers.dtype == object else integers
    names, rows = np.unique(both, return_inverse=True)
    is_count = names.dtype != object and np.array_equal(names, np.arange(len(names)))
    return rows[: len(src)], rows[len(src) :], len(names), None if is_count else names


def _rows(name, ids, rows_of):
    rows = [rows_of.row(value) for value in ids.tolist()]
    if None in rows:
        at = rows.index(None)
        raise ValueError(f"{name}[{at}] = {ids[at]!r} is not among node_ids: they must name every node")
    return np.array(rows, np.int64)
