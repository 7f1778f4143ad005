"""Aggregators that learn, or that look at more than one statistic; and the table of all aggregators by name.

All give 0 for a node without neighbours, and count a neighbour that is listed twice twice.
"""

from functools import partial

import torch
from torch import nn

from graphsage.base import rng
from graphsage.base.checks import one_of
from graphsage.base.told import told
from graphsage.config.groups import AGGREGATORS
from graphsage.nn.aggregators import Aggregator, Reduction
from graphsage.nn.linear import Linear, alike
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.reductions import REDUCTIONS
from graphsage.tensors.segments import by_entry, entry_rows, packed, places, segment_softmax, segment_std


class _Projected(Aggregator):
    """Begins with a linear map to the hidden width, so that sparse rows stay sparse and wide ones become narrow."""

    takes_sparse = True

    def __init__(self, in_features, hidden_features, *, width=None, bias=True):
        super().__init__(in_features, hidden_features)
        self.out_features = hidden_features
        self.linear = Linear(in_features, hidden_features if width is None else width, bias)


class MeanPool(_Projected):
    """mean_{u in S(v)} relu(W x_u + b) (Hamilton et al. 2017, section 3.3, with the mean in place of the maximum)."""

    def forward(self, x, block, x_self):
        return block.mean(self.linear(x).relu_())


class MaxPool(_Projected):
    """Elementwise max_{u in S(v)} relu(W x_u + b) (Hamilton et al. 2017, eq. 3)."""

    def forward(self, x, block, x_self):
        return block.max(self.linear(x).relu_())


class LSTM(_Projected):
    """Last state of an LSTM that reads x_u, u in S(v), in random order (Hamilton et al. 2017, section 3.3).

    In training the order is drawn anew at each call, for each row by itself, from one draw of torch's generator (which
    ``Trainer`` keys by epoch and step). In evaluation it is fixed: a neighbour's turn depends on its place in the row alone,
    so batches of all neighbours and whole graphs agree. Rows that hold the same neighbours in another order give other
    results. One step for each neighbour of the largest row: a hub takes time, and memory in proportion to its neighbours.
    """

    def __init__(self, in_features, hidden_features):
        super().__init__(in_features, hidden_features, width=4 * hidden_features)  # the gates' share of x, once a node
        self.recurrent = Linear(hidden_features, 4 * hidden_features, bias=False)
        self.reset_parameters()

    def reset_parameters(self):
        super().reset_parameters()
        bound = self.out_features**-0.5  # as ``nn.LSTM``: with Kaiming's, which are for ReLU, the gates would be full
        nn.init.uniform_(self.recurrent.weight, -bound, bound)

    def forward(self, x, block, x_self):
        entries, batch_sizes, rows = packed(block, self._priorities(block))
        gates = self.linear(x).to(self.recurrent.weight.dtype)
        with torch.autocast(gates.device.type, enabled=False):  # states that are rounded at every step drift away
            out = gates.new_zeros(block.num_rows, self.out_features)
            if not len(entries):
                return out + gates[:0].sum() + self.recurrent.weight[:0].sum()  # 0, with the gradients that other batches give
            last = _last_states(gates[block.indices[entries].long()].split(batch_sizes.tolist()), self.recurrent.weight)
            return out.index_copy(0, rows, last)

    def _priorities(self, block):
        """int64 [E]: each row is read by rising priority."""
        if self.training:
            words = rng.draws(torch.randint(2**62, (), device="cpu").numpy().astype("u8"), len(block.indices))
            return _non_negative(words).to(block.indptr.device)
        turn = places(block, entry_rows(block))
        words = rng.draws(rng.stream_key(0, rng.ORDER), int(turn.max()) + 1 if len(turn) else 0)
        return _non_negative(words).to(turn.device)[turn]


def _last_states(steps, weight):
    """LSTM (Hochreiter and Schmidhuber 1997, with forget gates) over gates [n_t, 4H], n_t falling. Returns [n_0, H].

    Written out because ``nn.LSTM``'s backward over packed sequences takes time with the square of their length.
    """
    state = cell = steps[0].new_zeros(len(steps[0]), weight.shape[1])
    finished = []
    for step in steps:
        if len(step) < len(state):
            finished.append(state[len(step) :])
            state, cell = state[: len(step)], cell[: len(step)]
        into, keep, new, out = torch.addmm(step, state, weight.t()).chunk(4, dim=1)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(into) * torch.tanh(new)
        state = torch.sigmoid(out) * torch.tanh(cell)
    return torch.cat([state, *reversed(finished)])


def _non_negative(words):
    return torch.from_numpy((words >> rng.HALF).astype("i8"))  # torch cannot sort uint64


class Attention(_Projected):
    """sum_u alpha_vu W x_u with alpha_v = softmax_u(LeakyReLU(a . W x_u + c . W x_v)) over u in S(v), slope 0.2.

    One head of GAT (Velickovic et al. 2018, eq. 3) without the node itself, which the layer adds.
    """

    def __init__(self, in_features, hidden_features):
        super().__init__(in_features, hidden_features, bias=False)
        self.neighbor = Linear(hidden_features, 1, bias=False)  # a
        self.own = Linear(hidden_features, 1, bias=False)  # c

    def forward(self, x, block, x_self):
        h = self.linear(x)  # [num_src, H]
        rows, columns = entry_rows(block), block.indices.long()
        query = self.own.weight @ self.linear.weight  # c . W x_v as (c W) . x_v: no second [num_dst, H]
        own = x_self.matmul(query.t()) if isinstance(x_self, CSRMatrix) else alike(x_self, query) @ query.t()  # [num_dst, 1]
        scores = self.neighbor(h)[columns] + own[rows]  # [E, 1]
        scores = nn.functional.leaky_relu(scores[:, 0].to(torch.promote_types(scores.dtype, torch.float32)), 0.2)
        shares = segment_softmax(scores, block)
        return by_entry(block).matmul(shares[:, None].to(h.dtype) * h[columns])


class Std(Aggregator):
    """Elementwise standard deviation over S(v), sqrt(mean((x_u - mean)^2)) (Corso et al. 2020, eq. 3); no parameters."""

    def forward(self, x, block, x_self):
        return segment_std(x, block)


class PNA(_Projected):
    """Mean, max, min and deviation of h_u = W x_u + b over S(v), each as it is, amplified and attenuated by degree.

    The twelve rows stand side by side: [mean, max, min, std] * [1, s, 1 / s], s = log(|S(v)| + 1) / delta (Corso et al. 2020,
    eqs. 5 and 8). |S(v)| counts the neighbours at hand: those drawn, in a sampled batch. delta: the mean of log(degree + 1)
    over the training graph; ``Trainer`` computes it (and it is saved with the weights) unless it is given here; 1 until then.
    """

    def __init__(self, in_features, hidden_features, delta=None):
        super().__init__(in_features, hidden_features)
        self.out_features = 12 * hidden_features
        self.is_given = delta is not None
        self.register_buffer("delta", torch.tensor(float(delta) if self.is_given else 1.0))

    def prepare(self, degrees):
        mean = torch.tensor(degrees, dtype=torch.float64, device="cpu").log1p().mean()
        if not self.is_given and mean > 0:  # 0: a graph without edges, whose nodes give 0 whatever delta is
            self.delta.fill_(mean)

    def forward(self, x, block, x_self):
        h = self.linear(x)
        block = block.with_transpose(for_values=False) if h.requires_grad else block  # once, for all of them
        statistics = torch.cat([block.mean(h), block.max(h), -block.max(-h), segment_std(h, block)], dim=1)
        scale = block.row_counts().clamp(min=1).to(self.delta.dtype).log1p() / self.delta  # [num_dst]
        scale = scale[:, None].to(statistics.dtype)
        return torch.cat([statistics, statistics * scale, statistics / scale], dim=1)


BY_NAME = {
    **{name: partial(Reduction, reduction=name) for name in REDUCTIONS},
    "mean_pool": MeanPool,
    "max_pool": MaxPool,
    "lstm": LSTM,
    "attention": Attention,
    "std": Std,
    "pna": PNA,
}


def _own(maker, in_features, hidden_features):
    try:
        return maker(in_features, hidden_features)
    except TypeError as error:
        if error.__traceback__.tb_next is not None:  # not of the call, but of what it does: the caller's own
            raise
        raise TypeError(f"aggregator must make an Aggregator of (in_features, hidden_features): {error}") from error


def make_aggregator(kind, in_features, hidden_features):
    """The ``Aggregator`` that ``kind`` stands for: a name of BY_NAME, an instance, or what makes one of the two widths."""
    if not isinstance(kind, Aggregator):
        if isinstance(kind, nn.Module) or (isinstance(kind, type) and not issubclass(kind, Aggregator)):
            raise TypeError(f"aggregator must be a name or a subclass of Aggregator, got {told(kind)}")
        maker = partial(_own, kind) if callable(kind) else BY_NAME[one_of("aggregator", kind, AGGREGATORS)]
        kind = maker(in_features, hidden_features)
    if not isinstance(kind, Aggregator):
        raise TypeError(f"aggregator must make an Aggregator, got {type(kind).__name__}")
    if kind.in_features != in_features:
        raise ValueError(f"the aggregator takes {kind.in_features} features, but the layer has {in_features}")
    return kind
