"""Aggregators without parameters of their own: how the neighbours of a node become one row.

``reduce(h, block, h_self)`` reads a CSR block (h: [num_src, F], h_self: [num_dst, F]); ``reduce_tree(h, h_self)`` the
tree form (h: [M, k, F], h_self: [M, F]). Both return [M, F]. Over no neighbours, mean, sum and max are 0.
"""

import torch


class Mean:
    """mean_{u in S(v)} h_u (Hamilton et al. 2017, section 3.3)."""

    name = "mean"
    takes_self = False

    def reduce(self, h, block, h_self):
        return block.mean(h)

    def reduce_tree(self, h, h_self):
        return h.mean(dim=1)


class Sum:
    """sum_{u in S(v)} h_u."""

    name = "sum"
    takes_self = False

    def reduce(self, h, block, h_self):
        return block.matmul(h)

    def reduce_tree(self, h, h_self):
        return h.sum(dim=1)


class Max:
    """Elementwise max_{u in S(v)} h_u."""

    name = "max"
    takes_self = False

    def reduce(self, h, block, h_self):
        return block.max(h)

    def reduce_tree(self, h, h_self):
        return h.amax(dim=1)


class GCN:
    """(h_v + sum_{u in S(v)} h_u) / (1 + |S(v)|), the "GCN" aggregator of Hamilton et al. 2017, eq. 2; no W_self."""

    name = "gcn"
    takes_self = True

    def reduce(self, h, block, h_self):
        # by way of the mean: in half precision a hub's sum would be infinite
        counts = block.row_counts()[:, None].to(torch.promote_types(h.dtype, torch.float32))
        own = 1 / (1 + counts)
        return (own * h_self + (1 - own) * block.mean(h)).to(h.dtype)

    def reduce_tree(self, h, h_self):
        return (h_self + h.sum(dim=1)) / (1 + h.shape[1])


BY_NAME = {aggregator.name: aggregator for aggregator in (Mean(), Sum(), Max(), GCN())}
