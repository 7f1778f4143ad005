"""SAGELayer: one GraphSAGE layer."""

import torch
from torch import nn

from graphsage.base.checks import as_count, one_of
from graphsage.config.groups import COMBINES, INITS, NORMS, ModelConfig
from graphsage.nn.aggregators import own_and_aggregated
from graphsage.nn.linear import alike, plus, redraw
from graphsage.nn.norms import make_norm
from graphsage.nn.pooling import make_aggregator
from graphsage.tensors.csr_matrix import CSRMatrix


class Updating(nn.Module):
    """What a layer does with a node's own row and with what its neighbours came to: products, residual, norm.

    Its own are weight_self, bias, weight_residual and norm; a subclass has what is learned for neighbours, and adds it.
    """

    def _make_own(self, in_features, out_features, takes_self, *, combine, bias, init, residual, norm):
        self.combine = one_of("combine", combine, COMBINES)
        self.init = one_of("init", init, INITS)
        if takes_self and combine == "concat":
            raise ValueError("combine='concat' puts two products side by side, and aggregator='gcn' has one: use 'sum'")
        self.out_features = out_features * (2 if combine == "concat" else 1)
        own = None if takes_self else nn.Parameter(torch.empty(out_features, in_features))
        self.register_parameter("weight_self", own)
        self.register_parameter("bias", nn.Parameter(torch.empty(self.out_features)) if bias else None)
        self.residual, is_wider = residual, residual and self.out_features != in_features
        projection = nn.Parameter(torch.empty(self.out_features, in_features)) if is_wider else None
        self.register_parameter("weight_residual", projection)
        self.norm = make_norm(one_of("norm", norm, NORMS), self.out_features)

    def _weights(self):
        """Those that Kaiming's rule draws, in this order."""
        return [weight for weight in (self.weight_self, self.weight_residual) if weight is not None]

    def _aggregators(self):
        return []

    def reset_parameters(self):
        """Draw the weights anew, the aggregator's too, and zero the bias."""
        for weight in self._weights():
            kaiming(weight, self.init)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
        for aggregator in self._aggregators():
            if any(True for _ in aggregator.parameters()):
                redraw(aggregator)
        if self.norm is not None:
            self.norm.reset_parameters()

    def add_neighbors(self, term, x_neigh):
        """term (None, a bias, or [M, out], which may be overwritten) + the product of what neighbours came to."""
        raise NotImplementedError

    def update(self, x_self, x_neigh):
        """The layer after the aggregation: [M, in] and [M, the aggregator's width], dense or CSRMatrix. Returns [M, out]."""
        out = self.products(x_self, x_neigh)
        return out if self.norm is None else self.norm(out)

    def products(self, x_self, x_neigh):
        """``update`` before the norm."""
        out = self._products(x_self, x_neigh)
        if self.weight_residual is not None:
            return plus(out, x_self, self.weight_residual)
        if not self.residual:
            return out
        return out + alike(x_self.to_dense() if isinstance(x_self, CSRMatrix) else x_self, out)

    def _products(self, x_self, x_neigh):
        if self.weight_self is None:
            return self.add_neighbors(self.bias, x_neigh)
        if self.combine == "concat":
            both = [plus(None, x_self, self.weight_self), self.add_neighbors(None, x_neigh)]
            out = torch.cat(both, dim=1)
            return out if self.bias is None else out + self.bias
        return self.add_neighbors(plus(self.bias, x_self, self.weight_self), x_neigh)


class SAGELayer(Updating):
    """h_v = W_self x_v + W_neigh agg({x_u : u in S(v)}) + b (Hamilton et al. 2017, Algorithm 1, line 5, W split in 2).

    With aggregator="gcn": W (x_v + sum x_u) / (1 + |S(v)|) + b, without W_self. With combine="concat" the two products
    stand side by side and the layer is 2 * out_features wide (not for gcn, which has one product).

    residual=True adds x_v, or W_res x_v where the widths differ (He et al. 2016). norm: "none", "layer" or "batch"
    (``nn.norms``), of the sum of it all.

    aggregator: a name, a subclass of ``Aggregator`` (which then learns at the width out_features), or an instance of one.

    Weights are (out, in), so that Kaiming's fan-in is the input width. ``reset_parameters`` draws them from torch's
    generator: uniform on +-sqrt(6 / in), or normal with variance 2 / in (He et al. 2015, section 2.2); the bias is 0.
    """

    def __init__(
        self,
        in_features,
        out_features,
        *,
        aggregator=ModelConfig.aggregator,
        combine=ModelConfig.combine,
        bias=ModelConfig.bias,
        init=ModelConfig.init,
        residual=ModelConfig.residual,
        norm=ModelConfig.norm,
    ):
        super().__init__()
        as_count("in_features", in_features, least=1)
        as_count("out_features", out_features, least=1)
        self.aggregator = make_aggregator(aggregator, in_features, out_features)
        self.weight_neigh = nn.Parameter(torch.empty(out_features, self.aggregator.out_features))
        own = {"combine": combine, "bias": bias, "init": init, "residual": residual, "norm": norm}
        self._make_own(in_features, out_features, self.aggregator.takes_self, **own)
        self.reset_parameters()

    def _weights(self):
        return [self.weight_neigh, *super()._weights()]

    def _aggregators(self):
        return [self.aggregator]

    def add_neighbors(self, term, x_neigh):
        return plus(term, x_neigh, self.weight_neigh)

    def forward(self, x, block):
        """x: [num_src, in]; block: CSRMatrix [num_dst, num_src] whose row i is node i. Returns [num_dst, out]."""
        return self.update(*own_and_aggregated(self.aggregator, x, block))

    def extra_repr(self):
        return f"{self.aggregator.in_features}, {len(self.weight_neigh)}, combine={self.combine}"


def kaiming(weight, init):
    """Draw ``weight`` (out, in) by the rule ``init``, on the CPU: the same weights on every device."""
    draw = {"kaiming_uniform": nn.init.kaiming_uniform_, "kaiming_normal": nn.init.kaiming_normal_}[init]
    weight.data.copy_(draw(torch.empty(weight.shape, dtype=weight.dtype, device="cpu"), nonlinearity="relu"))
