"""Worker: PyTorch Geometric. Its sampler is pyg-lib's where that is installed, else torch-sparse's."""

import copy
import warnings
from functools import cache

import torch
import torch.nn.functional as F
import torch_geometric.typing
from torch_geometric.data import Data
from torch_geometric.loader import NeighborLoader
from torch_geometric.nn import SAGEConv
from torch_geometric.sampler import NeighborSampler, NodeSamplerInput
from torch_geometric.utils import trim_to_layer

from benchmarks.throughput.peers.protocol import serve, variant

torch.set_num_threads(1)
warnings.filterwarnings("ignore", message=".*pyg-lib.*")
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")


@cache
def graph_of(work):
    indptr, indices = (torch.from_numpy(array) for array in work.csr())
    rows = torch.repeat_interleave(torch.arange(len(indptr) - 1), indptr.diff())
    return Data(edge_index=torch.stack([indices.long(), rows]), num_nodes=len(indptr) - 1)


def data_of(work, with_features):
    data = copy.copy(graph_of(work))
    if with_features:
        data.x, data.y = torch.from_numpy(work.features), torch.from_numpy(work.labels)
    return data


@cache
def base_sampler(work):
    return NeighborSampler(graph_of(work), [1])


def sampler_of(work, fanouts):
    """As ``NeighborSampler(data, fanouts)`` makes it; the sorted graph is made once and shared."""
    sampler = copy.copy(base_sampler(work))
    sampler.num_neighbors = list(fanouts)
    return sampler


def loader_batches(work, fanouts, with_features):
    data, sampler = data_of(work, with_features), sampler_of(work, fanouts)

    def batches(round, count):
        nodes = torch.from_numpy(work.seeds[round][:count].reshape(-1).copy())
        return NeighborLoader(data, list(fanouts), input_nodes=nodes, batch_size=work.batch, neighbor_sampler=sampler)

    return batches


# ---- sampling


def sampler_runs(work, sample, edges):
    def batches(round, count):
        for seeds in torch.from_numpy(work.seeds[round][:count]):
            yield sample(seeds)

    return batches, edges


@variant("sampling", "pyg sampler")
def sampler_alone(work, fanouts):
    sampler = sampler_of(work, fanouts)
    return sampler_runs(
        work, lambda seeds: sampler.sample_from_nodes(NodeSamplerInput(input_id=None, node=seeds)), lambda out: len(out.row)
    )


@variant("sampling", "pyg NeighborLoader")
def loader_alone(work, fanouts):
    return loader_batches(work, fanouts, False), lambda batch: batch.edge_index.shape[1]


if torch_geometric.typing.WITH_TORCH_SPARSE:

    @variant("sampling", "pyg torch-sparse op")
    def torch_sparse_op(work, fanouts):
        """The compiled function alone: int64 ids and edge ids, which it cannot leave out."""
        base, sample = base_sampler(work), torch.ops.torch_sparse.neighbor_sample
        return sampler_runs(
            work, lambda seeds: sample(base.colptr, base.row, seeds, list(fanouts), False, True), lambda out: len(out[1])
        )


if torch_geometric.typing.WITH_PYG_LIB:

    def pyg_lib_op(dtype, edge_ids):
        def make(work, fanouts):
            base, sample = base_sampler(work), torch.ops.pyg.neighbor_sample
            colptr, row = base.colptr.to(dtype), base.row.to(dtype)
            times = (None,) * (3 if torch_geometric.typing.WITH_EDGE_TIME_NEIGHBOR_SAMPLE else 2)
            weights = (None,) * torch_geometric.typing.WITH_WEIGHTED_NEIGHBOR_SAMPLE
            options = (*times, *weights, True, False, True, False, "uniform", edge_ids)
            return sampler_runs(
                work, lambda seeds: sample(colptr, row, seeds.to(dtype), list(fanouts), *options), lambda out: len(out[0])
            )

        return make

    variant("sampling", "pyg pyg-lib op, int32, no edge ids")(pyg_lib_op(torch.int32, False))
    variant("sampling", "pyg pyg-lib op, int64, edge ids")(pyg_lib_op(torch.int64, True))


@variant("features", "pyg NeighborLoader")
def loader_with_features(work, fanouts):
    return loader_batches(work, fanouts, True), lambda batch: batch.edge_index.shape[1]


# ---- training


class Model(torch.nn.Module):
    """SAGEConv layers, ReLU between them; ``convolve`` runs one on what it needs of the batch."""

    def __init__(self, widths, convolve):
        super().__init__()
        self.layers = torch.nn.ModuleList(SAGEConv(a, b, aggr="mean") for a, b in zip(widths, widths[1:]))
        self.convolve = convolve

    def forward(self, x, edge_index, nodes, edges):
        for depth, layer in enumerate(self.layers):
            x, edge_index = self.convolve(layer, depth, x, edge_index, nodes, edges)
            x = x if depth == len(self.layers) - 1 else x.relu()
        return x


def on_edge_index(layer, depth, x, edge_index, nodes, edges):
    x, edge_index, _ = trim_to_layer(depth, nodes, edges, x, edge_index)
    return layer(x, edge_index), edge_index


def on_csr(layer, depth, x, edge_index, nodes, edges):
    """The sampler's edges are in row order, so the CSR costs a count. Only the rows that are needed are computed."""
    rows = sum(nodes[: len(nodes) - 1 - depth])
    source, row = edge_index[:, : sum(edges[: len(edges) - depth])]
    indptr = torch.searchsorted(row, torch.arange(rows + 1))
    adjacency = torch.sparse_csr_tensor(indptr, source, torch.ones(len(source)), (rows, len(x)))
    return layer((x, x[:rows]), adjacency), edge_index


def hop_counts(batch, fanouts):
    """Nodes and edges first seen at each hop. pyg-lib reports them; from torch-sparse's order they can be read off."""
    if getattr(batch, "num_sampled_nodes", None) is not None:
        return list(batch.num_sampled_nodes), list(batch.num_sampled_edges)
    source, row = batch.edge_index
    nodes, edges, end = [batch.batch_size], [], batch.batch_size
    for _ in fanouts:
        upto = int(torch.searchsorted(row, end))
        edges.append(upto - sum(edges))
        last, end = end, max(end, int(source[:upto].max()) + 1)
        nodes.append(end - last)
    return nodes, edges


def training(convolve, autocast=False, trimmed=True):
    def make(work, fanouts):
        widths = [work.features.shape[1], *[work.hidden] * (len(fanouts) - 1), work.classes]
        model = Model(widths, convolve)
        optimizer = torch.optim.Adam(model.parameters())
        loaded = loader_batches(work, fanouts, True)

        def batches(round, count):
            for batch in loaded(round, count):
                nodes, edges = hop_counts(batch, fanouts) if trimmed else untrimmed(batch, fanouts)
                with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                    logits = model(batch.x, batch.edge_index, nodes, edges)[: batch.batch_size]
                    loss = F.cross_entropy(logits, batch.y[: batch.batch_size])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                yield batch

        return batches, lambda batch: batch.edge_index.shape[1]

    return make


def untrimmed(batch, fanouts):
    """Counts that leave trim_to_layer nothing to cut: every layer computes all nodes of the batch."""
    rest = [0] * len(fanouts)
    return [batch.num_nodes, *rest], [batch.edge_index.shape[1], *rest[1:]]


variant("training", "pyg trim_to_layer")(training(on_edge_index))
variant("training", "pyg untrimmed")(training(on_edge_index, trimmed=False))
variant("training", "pyg torch.sparse CSR")(training(on_csr))
variant("training", "pyg trim_to_layer, bfloat16")(training(on_edge_index, autocast=True))

serve(("torch-geometric", "pyg-lib", "torch-sparse", "torch-scatter", "torch", "numpy"))
