"""Worker: DGL and its newer loader GraphBolt, in one process. Both draw anew for every node known so far at each hop."""

from functools import cache

import dgl
import dgl.graphbolt as gb
import torch
import torch.nn.functional as F
from dgl.nn import SAGEConv

from benchmarks.throughput.peers.protocol import serve, variant

torch.set_num_threads(1)


@cache
def features_of(work):
    return torch.from_numpy(work.features)


# ---- DGL


@cache
def dgl_graph(work, dtype):
    indptr, indices = (torch.from_numpy(array).to(dtype) for array in work.csr())
    return dgl.graph(("csc", (indptr, indices, torch.empty(0, dtype=dtype))))


def dgl_batches(work, fanouts, dtype=torch.int64):
    """(input nodes, seeds, blocks) of each batch, by direct calls of the sampler, which are faster than its DataLoader."""
    graph = dgl_graph(work, dtype)
    sampler = dgl.dataloading.NeighborSampler(list(reversed(fanouts)))  # DGL counts from the input side

    def batches(round, count):
        for seeds in torch.from_numpy(work.seeds[round][:count]).to(dtype):
            yield sampler.sample(graph, seeds)

    return batches


def dgl_edges(batch):
    return sum(block.num_edges() for block in batch[2])


variant("sampling", "dgl NeighborSampler")(lambda work, fanouts: (dgl_batches(work, fanouts), dgl_edges))
variant("sampling", "dgl NeighborSampler, int32")(lambda work, fanouts: (dgl_batches(work, fanouts, torch.int32), dgl_edges))


@variant("features", "dgl NeighborSampler")
def dgl_features(work, fanouts):
    sampled, x, y = dgl_batches(work, fanouts), features_of(work), torch.from_numpy(work.labels)

    def batches(round, count):
        for nodes, seeds, blocks in sampled(round, count):
            yield nodes, seeds, blocks, x[nodes], y[seeds]

    return batches, dgl_edges


@variant("training", "dgl SAGEConv")
def dgl_training(work, fanouts):
    widths = [work.features.shape[1], *[work.hidden] * (len(fanouts) - 1), work.classes]
    layers = torch.nn.ModuleList(SAGEConv(a, b, "mean") for a, b in zip(widths, widths[1:]))
    optimizer = torch.optim.Adam(layers.parameters())
    loaded, _ = dgl_features(work, fanouts)

    def batches(round, count):
        for nodes, seeds, blocks, x, y in loaded(round, count):
            for depth, (layer, block) in enumerate(zip(layers, blocks)):
                x = layer(block, x)
                x = x if depth == len(layers) - 1 else x.relu()
            loss = F.cross_entropy(x, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield nodes, seeds, blocks

    return batches, dgl_edges


# ---- GraphBolt


@cache
def graphbolt_graph(work, dtype):
    indptr, indices = (torch.from_numpy(array) for array in work.csr())
    return gb.fused_csc_sampling_graph(indptr, indices.to(dtype))


@cache
def graphbolt_features(work):
    return gb.BasicFeatureStore({("node", None, "x"): gb.TorchBasedFeature(features_of(work))})


def graphbolt(with_features, dtype=torch.int64):
    def make(work, fanouts):
        graph = graphbolt_graph(work, dtype)
        store = graphbolt_features(work) if with_features else None

        def batches(round, count):
            seeds = torch.from_numpy(work.seeds[round][:count].reshape(-1)).to(dtype)
            pipe = gb.ItemSampler(gb.ItemSet(seeds, names="seed_nodes"), batch_size=work.batch)
            pipe = pipe.sample_neighbor(graph, list(fanouts))
            if with_features:
                pipe = pipe.fetch_feature(store, node_feature_keys=["x"])
            return gb.DataLoader(pipe, num_workers=0)

        return batches, lambda batch: sum(len(part.sampled_csc.indices) for part in batch.sampled_subgraphs)

    return make


variant("sampling", "graphbolt")(graphbolt(False))
variant("sampling", "graphbolt, int32")(graphbolt(False, torch.int32))
variant("features", "graphbolt")(graphbolt(True))

serve(("dgl", "torch", "torchdata", "numpy"))
