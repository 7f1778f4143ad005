"""Which relations of a typed graph turn others round: those of the name "rev_NAME"."""

import numpy as np


def reverses(given, both, ids):
    """({reverse relation: the one it turns round} that are given, with the same edges in the same order, and that are not)."""
    turned = {(name[2], f"rev_{name[1]}", name[0]): name for name in given if name not in both and name[1][:4] != "rev_"}
    there = {name: of for name, of in turned.items() if name in given}
    known = {n: of for n, of in there.items() if _turn(given[n], given[of]) and np.array_equal(ids.get(n), ids.get(of))}
    return known, {name: of for name, of in turned.items() if name not in given}


def _turn(ends, others):
    return np.array_equal(ends[0], others[1]) and np.array_equal(ends[1], others[0])
