"""TypedLayer: one layer of relational GraphSAGE, which has weights a relation and self weights a type."""

from types import MappingProxyType

import torch
from torch import nn

from graphsage.nn.layer import Updating, kaiming
from graphsage.nn.linear import plus
from graphsage.nn.module_map import ModuleMap
from graphsage.nn.pooling import make_aggregator
from graphsage.nn.projection import Unprojected

WAITING = ("mean", "sum")  # reductions that a projection may follow as well as precede
NOTHING = MappingProxyType({})


class TypedLayer(nn.Module):
    """h'_v = norm(W_self[t] h_v + sum over relations r into t of W_r agg_r({h_u : u in S_r(v)}) + b[t] [+ residual])

    for the nodes v of each type t in ``types`` (Schlichtkrull et al. 2018, eq. 2; any aggregator, and a self weight a type).
    relations: those that may be read; of a relation into another type nothing is made.
    relation_sum: "sum", or "mean" over the relations in which v has neighbours.
    num_bases: B; W_r = sum over b of coefficients[r, b] * bases[b] (eq. 3 there), bases that all relations share.
    in_features, out_features: the widths, of every type. options: those of ``SAGELayer``.

    The weights are drawn as those of a ``SAGELayer``. Of a sum over R relations into a type the fan-in is R times as wide: W_r
    has 1 / R of the variance, or outputs would grow with R.
    """

    def __init__(self, in_features, out_features, types, relations, *, relation_sum, num_bases, **options):
        super().__init__()
        into = {kind: tuple(name for name in relations if name[2] == kind) for kind in types}
        how = {"relation_sum": relation_sum, "num_bases": num_bases, **options}
        self.types = ModuleMap({kind: OfType(in_features, out_features, names, **how) for kind, names in into.items()})
        parts = [part for part in self.types.children() if part.relations]
        width = parts[0].neighbor_features if num_bases and parts else None
        bases = None if width is None else nn.Parameter(torch.empty(num_bases, out_features, width))
        self.register_parameter("bases", bases)
        self.init, self.out_features = options["init"], next(self.types.children()).out_features
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the weights anew."""
        for basis in () if self.bases is None else self.bases:
            kaiming(basis, self.init)
        self.types.reset_parameters()

    def forward(self, h, blocks, num_rows):
        """{type: [num_dst, out]}, norm included, of each type in ``num_rows``, {type: num_dst}.

        h: {type: [num_src, in]}, dense, or ``Unprojected`` for aggregators of WAITING. blocks: {relation: CSRMatrix}.
        """
        return {kind: self._of_type(kind, h, blocks, count) for kind, count in num_rows.items()}

    def _of_type(self, kind, h, blocks, count):
        x_self, part = h[kind][:count], self.types[kind]
        found, inner = {}, {}
        for name, aggregator in zip(part.relations, part.aggregators):
            source = h[name[0]]
            if isinstance(source, Unprojected):
                source, inner[name] = source.x, source.projection.weight
            found[name] = aggregator(source, blocks[name], x_self)
        return self.update(kind, x_self, found, {name: blocks[name].row_counts() for name in found}, inner)

    def update(self, kind, x_self, x_neigh, counts, inner=NOTHING):
        """The layer after the aggregation, of nodes of one type. x_neigh: {relation into it: [M, the aggregator's width]}.

        counts: {relation: [M]}, how many neighbours each node has there. inner: {relation: W (F, in)} where x_neigh is [M, F],
        and x_neigh W is meant.
        """
        return self.types[kind].update(x_self, (x_neigh, counts, self.bases, inner))


class OfType(Updating):
    """The part of a ``TypedLayer`` for the nodes of one type. relations: those into it, in the order of the weights."""

    def __init__(self, in_features, out_features, relations, *, aggregator, relation_sum, num_bases, combine, **options):
        super().__init__()
        self.relations, self.relation_sum = relations, relation_sum
        self.aggregators = nn.ModuleList(make_aggregator(aggregator, in_features, out_features) for _ in relations)
        takes_self = bool(relations) and all(made.takes_self for made in self.aggregators)
        self.neighbor_features = self.aggregators[0].out_features if relations else 0
        shape = (len(relations), num_bases) if num_bases else (len(relations), out_features, self.neighbor_features)
        learned = nn.Parameter(torch.empty(shape)) if relations else None
        self.register_parameter("weight_neigh", None if num_bases else learned)
        self.register_parameter("coefficients", learned if num_bases else None)
        if not relations and combine == "concat":  # as wide as the others, all of it by the node itself
            combine, out_features = "sum", 2 * out_features
        self._make_own(in_features, out_features, takes_self, combine=combine, **options)

    def _weights(self):
        return [*(() if self.weight_neigh is None else self.weight_neigh), *super()._weights()]

    def _aggregators(self):
        return self.aggregators

    def reset_parameters(self):
        """Draw the weights anew. Coefficients have variance 1 / B, so that W_r has the variance of a basis."""
        super().reset_parameters()
        if self.coefficients is not None:
            drawn = torch.empty(self.coefficients.shape, dtype=self.coefficients.dtype, device="cpu")
            self.coefficients.data.copy_(drawn.normal_(std=drawn.shape[1] ** -0.5))
        for learned in (self.weight_neigh, self.coefficients) if self.relation_sum == "sum" else ():
            if learned is not None:
                learned.data.mul_(len(self.relations) ** -0.5)

    def matrices(self, bases):
        """W_r of each relation: [R, out, in]."""
        return self.weight_neigh if bases is None else torch.einsum("rb,boi->roi", self.coefficients, bases).to(bases.dtype)

    def add_neighbors(self, term, x_neigh):
        found, counts, bases, inner = x_neigh
        if not found:
            return term
        is_mean = self.relation_sum == "mean"
        total = None if is_mean else term
        for name, weight in zip(self.relations, self.matrices(bases).unbind()):
            weight = weight if name not in inner else (weight @ inner[name].t()).to(weight.dtype)
            total = plus(total, found[name], weight)
        if not is_mean:
            return total
        total = total * self._shares(counts).to(total.dtype)
        return total if term is None else term + total

    def _shares(self, counts):
        """1 / the number of relations that a node has neighbours in: [M, 1]."""
        if self.weight_self is None:  # each has the node itself
            return 1 / torch.tensor(len(self.relations), device=next(iter(counts.values())).device)
        return 1 / torch.stack([counts[name] > 0 for name in self.relations]).sum(0).clamp(min=1)[:, None]
