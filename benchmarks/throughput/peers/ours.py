"""Worker: this project, through the calls its users make. Also the machine's limits, measured among its rounds."""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

import graphsage as gs
from benchmarks.throughput.peers.limits import product_batches, read_batches
from benchmarks.throughput.peers.protocol import serve, variant

torch.set_num_threads(1)


@cache
def graph_of(work):
    return gs.Graph.from_csr(*work.csr(), copy=False)


@cache
def dataset_of(work):
    none = np.empty(0, np.int64)
    return gs.NodeDataset(
        graph=graph_of(work), features=work.features, labels=work.labels, train=work.train, val=none, test=none
    )


def sampled_edges(batch):
    return batch.num_sampled_edges


# ---- sampling: the seeds of ``work`` are those of a SeedPlan with seed 0, as the loader below makes them


def sampling(edge_ids=False, finish=lambda batch: batch):
    def make(work, fanouts):
        sampler = gs.NeighborSampler(graph_of(work), fanouts, edge_ids=edge_ids)

        def batches(round, count):
            for step, seeds in enumerate(work.seeds[round][:count]):
                batch = sampler.sample(seeds, epoch=round, step=step)
                finish(batch)
                yield batch

        return batches, sampled_edges

    return make


def widened(batch):
    """Ids as int64, the width that torch-sparse, PyG and DGL return."""
    return batch.nodes.astype(np.int64), batch.indices.astype(np.int64)


variant("sampling", "ours")(sampling())
variant("sampling", "ours, edge ids")(sampling(edge_ids=True))
variant("sampling", "ours, edge ids, int64 ids")(sampling(edge_ids=True, finish=widened))


@variant("sampling", "limit: reads of indices")
def index_reads(work, fanouts):
    return read_batches(graph_of(work).indices)


@variant("sampling", "limit: reads of the local map")
def local_reads(work, fanouts):
    return read_batches(np.zeros(graph_of(work).num_nodes, np.int32))


def threads(num_threads):
    def make(work, fanouts):
        sampler = gs.NeighborSampler(graph_of(work), fanouts, num_threads=num_threads)

        def batches(round, count):
            plan = gs.SeedPlan(work.train[: count * work.batch], work.batch)
            return sampler.batches(plan, epoch=round)

        return batches, sampled_edges

    return make


for number, name in enumerate(("ours, on the calling thread", "ours, 1 thread", "ours, 2 threads")):
    variant("threads", name, whole=True)(threads(number))


# ---- features and training


def loading(reduce, **options):
    def make(work, fanouts):
        sampler = gs.NeighborSampler(graph_of(work), fanouts, num_threads=0)  # 0: prepared on the training thread
        loader = gs.NeighborLoader(dataset_of(work), sampler, work.batch, reduce=reduce, **options)
        return lambda round, count: loader.epoch(round), lambda batch: batch.minibatch.num_sampled_edges

    return make


variant("features", "ours")(loading(None))
variant("features", "ours, last hop reduced")(loading("mean"))
variant("features", "ours, last hop reduced, bfloat16 features")(loading("mean", feature_dtype="bfloat16"))


def trainer_of(dataset, model, **settings):
    """The project's own trainer, as far as ``step``: its loop, optimizer and loader (preparing on the training thread)."""
    config = gs.TrainConfig(num_threads=0, device="cpu", normalize_features=False, **settings)
    return gs.Trainer(model, dataset, config, log=None)


def training(**settings):
    def make(work, fanouts):
        trainer = trainer_of(
            dataset_of(work),
            model_of(work, len(fanouts)),
            fanouts=fanouts,
            batch_size=work.batch,
            weight_decay=0.0,
            **settings,
        )

        def batches(round, count):
            for batch in trainer.loader.epoch(round):
                trainer.step(batch)
                yield batch

        return batches, lambda batch: batch.minibatch.num_sampled_edges

    return make


variant("training", "ours")(training())
variant("training", "ours, bfloat16")(training(precision="bfloat16"))
variant("training", "ours, bfloat16, features too")(training(precision="bfloat16", feature_dtype="bfloat16"))


def model_of(work, depth):
    return gs.GraphSAGE(work.features.shape[1], work.hidden, work.classes, num_layers=depth, aggregator="mean", dropout=0)


@variant("training", "limit: matrix products")
def products(work, fanouts):
    batch = gs.NeighborSampler(graph_of(work), fanouts).sample(work.seeds[0][0])
    weights = [layer.weight_neigh.shape for layer in model_of(work, len(fanouts)).layers]
    return product_batches([(block.num_dst, width, out) for block, (out, width) in zip(batch.blocks, weights)])


# ---- tree form


def trees(table_of):
    def make(work, fanouts):
        table = table_of(work)

        def batches(round, count):
            for step, seeds in enumerate(work.seeds[round][:count]):
                yield gs.multihop_sampling(seeds, fanouts, table, seed=(0, round, step))

        return batches, lambda hops: sum(map(len, hops[1:]))

    return make


def arrays_by_node(work):
    """{node: int32 array}, as the book's worker has it."""
    indptr, indices = work.csr()
    return dict(enumerate(np.split(indices, indptr[1:-1])))


variant("trees", "ours, Graph")(trees(graph_of))
variant("trees", "ours, dict", slow=True)(trees(arrays_by_node))


# ---- the citation graph: an epoch of 20 small batches, then the test nodes, sampled once


@cache
def citations_of(work):
    c = work.citations
    features = gs.SparseFeatures(c["x_indptr"], c["x_indices"], c["x_values"], int(c["x_columns"]))
    graph = gs.Graph.from_csr(c["indptr"], c["indices"])
    return gs.NodeDataset(graph=graph, features=features, labels=c["labels"], train=c["train"], val=c["val"], test=c["test"])


def small_model(dataset):
    return gs.GraphSAGE(dataset.num_features, 128, dataset.num_classes, num_layers=2, dropout=0, bias=False)


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


@variant("citations", "ours, unique form")
def citations_unique(work, fanouts):
    dataset = citations_of(work)
    trainer = trainer_of(
        dataset, small_model(dataset), fanouts=fanouts, replace=True, isolated="self", batch_size=16, batches_per_epoch=20
    )
    sampler, test = trainer.loader.sampler, dataset.test
    tester = gs.NeighborLoader(dataset, sampler, len(test), reduce=trainer.loader.reduce, nodes=test)

    def batches(round, count):
        for epoch in range(count):
            for batch in trainer.loader.epoch(100 * round + epoch):
                trainer.step(batch)
            yield [accuracy(trainer.model, batch, batch.y) for batch in tester]

    return batches, lambda found: 0


@variant("citations", "ours, tree form")
def citations_tree(work, fanouts):
    dataset = citations_of(work)
    features, labels = dataset.features.to_scipy().toarray(), torch.tensor(dataset.labels)
    plan, model = gs.SeedPlan(dataset.train, 16, 20), small_model(dataset)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)

    def inputs(seeds):
        hops = gs.multihop_sampling(seeds, fanouts, dataset.graph)
        return [torch.from_numpy(features[hop]) for hop in hops], labels[torch.from_numpy(hops[0])]

    def batches(round, count):
        for epoch in range(count):
            model.train()
            for step in range(20):
                x, y = inputs(plan.seeds(100 * round + epoch, step))
                loss = F.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            yield accuracy(model, *inputs(dataset.test))

    return batches, lambda found: 0


serve(("graphsage", "torch", "numpy", "numba", "llvmlite", "scipy"))
