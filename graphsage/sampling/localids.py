"""The local-id map of a batch: global id to local id, by an entry a node, or hashed where that would be too large.

An entry below ``base`` is free. Each batch starts from the ``base`` at which the one before ended, so nothing is cleared
between batches. One map serves one batch at a time.
"""

import numpy as np

from graphsage.base.jit import inline, nth
from graphsage.base.rng import GAMMA, mix

DIRECT_NODES = 1 << 25  # up to here an entry a node: 128 MiB a thread
MOST = 2**31 - 1  # that an entry can count


@inline
def home(keys, node):
    """Where to look for ``node`` first."""
    if keys is None:  # decided at compilation: there is a kernel for each kind of map
        return np.int64(node)
    return np.int64(mix(np.uint64(node) * GAMMA) >> np.uint64(1)) & (len(keys) - 1)


@inline
def place(keys, local, base, node):
    """Where the local id of ``node`` stands in ``local``, or from now on will."""
    at = home(keys, node)
    if keys is not None:
        while local[nth(at)] >= base and keys[nth(at)] != node:
            at = (at + 1) & (len(keys) - 1)
        keys[nth(at)] = node
    return at


def table_size(num_nodes, most):
    """Entries of the table for batches of at most ``most`` nodes: a power of two, at most half full; 0: an entry a node.

    Up to DIRECT_NODES nodes an entry a node is faster; above, whichever is smaller (an entry of the table has two numbers).
    """
    size = 1 << (2 * most - 1).bit_length()
    return size if num_nodes > DIRECT_NODES and 2 * size < num_nodes else 0


class LocalIds:
    """The arrays ``keys`` (None where each node has an entry) and ``local``, for batches of at most ``most`` nodes.

    disjoint: a node is known by its tree and its number, in one int64, always hashed.
    """

    def __init__(self, num_nodes, most, disjoint=False):
        size = 1 << (2 * most - 1).bit_length() if disjoint else table_size(num_nodes, most)
        self.keys = np.empty(size, np.int64 if disjoint else np.int32) if size else None
        self.local = np.full(size or num_nodes, -1, np.int32)
        self.most = most
        self.used = 0

    def base(self):
        """Where the next batch's local ids start."""
        if self.used + self.most > MOST:
            self.local[:] = -1
            self.used = 0
        return self.used
