"""Training on a CUDA GPU: ms a step, where features are kept, threads that prepare batches, precision, whole graphs.

    python -m benchmarks.gpu [--scale 20] [--fanouts 15,10 --deep 15,10,5] [--threads 0,1,2,4,8] ...

An R-MAT graph, batches of 1,024 seeds, 128 features, hidden 256, 47 classes, mean, dropout 0.5, Adam. Four parts:
training   whole steps, batches prepared by the default number of threads; PyG's layers on the same batches beside it
threads    the same by the number of threads
limits     a step on a batch that is there already, and the dense products of one alone
inference  all nodes of the graph exactly, on the GPU and on the CPU

benchmarks/README.md tells what the numbers mean. Needs a GPU and about 2 GiB of its memory.
"""

import time
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

import graphsage as gs
from benchmarks.gpu.report import draw, markdown
from benchmarks.shared.measuring import each_round, interleave, median, say
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.publish import publish
from benchmarks.shared.records import new_result, until_interrupted
from benchmarks.shared.workloads import rmat_dataset
from graphsage.base.threads import default_threads
from graphsage.tensors.store import FeatureStore

OPTIONS = {
    "scale": (int, "log2 of the nodes"),
    "edges": (int, "R-MAT draws a node; a node has nearly twice as many neighbours"),
    "fanouts": (numbers, "neighbours drawn at each hop"),
    "deep": (numbers, "the same for a deeper model"),
    "threads": (numbers, "numbers of threads that prepare batches"),
    "batch": (int, "seeds a batch"),
    "steps": (int, "steps a round"),
    "rounds": (int, "interleaved rounds"),
}
COMMON = {"edges": 16, "fanouts": (15, 10), "deep": (15, 10, 5), "batch": 1024}
SIZES = {
    "full": COMMON | {"scale": 20, "threads": (0, 1, 2, 4, 8), "steps": 60, "rounds": 7},
    "small": COMMON | {"scale": 17, "threads": (0, 1, 4), "steps": 40, "rounds": 3},
    "quick": COMMON | {"scale": 12, "threads": (0, 2), "steps": 3, "rounds": 1, "batch": 256},
}
FEATURES, HIDDEN, CLASSES, WARM = 128, 256, 47, 10


def main(argv=None):
    options = options_of("gpu", __doc__, SIZES, OPTIONS, argv)
    if not torch.cuda.is_available():
        raise SystemExit(f"torch {torch.__version__} finds no CUDA GPU: nothing to measure")
    result = new_result(options, argv)
    result["gpu"] = torch.cuda.get_device_name()
    result["config"]["default_threads"] = default_threads()
    dataset = rmat_dataset(options.scale, options.edges, FEATURES, CLASSES)
    result["config"] |= {"num_nodes": dataset.num_nodes, "num_edges": dataset.graph.num_edges}
    with until_interrupted(result):
        for fanouts in (options.fanouts, options.deep):
            say(f"fanouts {','.join(map(str, fanouts))}")
            training(result, dataset, fanouts, options)
        inference(result, dataset, options)
    publish(result, options, markdown(result), draw)


# ---- steps


def training(result, dataset, fanouts, options):
    """A row a variant, with a list of each figure by round."""
    competitors = {}
    for (part, name), make in variants(dataset, fanouts, options, result["left_out"]).items():
        row = {"part": part, "name": name, "fanouts": fanouts, "rounds": {}}
        result["rows"].append(row)
        competitors[part, name] = partial(_round, make(), row, options.steps)
    interleave(competitors, options.rounds, each_round("training", competitors))
    torch.cuda.empty_cache()


def variants(dataset, fanouts, options, left_out):
    """{(part, name): function that makes an endless iterator of steps}; a step yields the seconds it waited for its batch."""
    steps = partial(_steps, dataset, fanouts, options.batch)
    found = {
        ("training", "graphsage"): steps,
        ("training", "features on the CPU"): partial(steps, features_on="cpu"),
        ("training", "bfloat16 products"): partial(steps, precision="bfloat16"),
        ("training", "bfloat16 products and features"): partial(steps, precision="bfloat16", feature_dtype="bfloat16"),
        ("limits", "a step on a batch that is there"): partial(steps, one_batch=True),
        ("limits", "its dense products"): partial(_products, dataset, fanouts, options.batch),
    }
    try:
        import torch_geometric

        found["training", f"PyG {torch_geometric.__version__}'s layers"] = partial(_pyg, dataset, fanouts, options.batch)
    except ImportError as error:
        left_out["PyG's layers"] = str(error)
    for number in options.threads:
        found["threads", number] = partial(steps, num_threads=number)
    return found


def _round(iterator, row, steps, number):
    for _ in range(WARM):
        next(iterator)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()  # features, weights and optimizers, of all variants
    wall, cpu = time.perf_counter(), time.process_time()
    waited = sum(next(iterator) for _ in range(steps))
    torch.cuda.synchronize()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    figures = {"wall": wall / steps, "cpu": cpu / steps, "waiting": waited / wall}
    figures["peak_mib"] = (torch.cuda.max_memory_allocated() - held) / 2**20
    for key, value in figures.items():
        row["rounds"].setdefault(key, []).append(value)


def _steps(dataset, fanouts, batch_size, *, one_batch=False, **settings):
    model = gs.GraphSAGE(dataset.num_features, HIDDEN, CLASSES, num_layers=len(fanouts))
    config = gs.TrainConfig(
        fanouts=fanouts, batch_size=batch_size, device="cuda", normalize_features=False, weight_decay=0.0, **settings
    )
    trainer = gs.Trainer(model, dataset, config, log=None)
    if one_batch:
        batch = next(trainer.loader.epoch(0))
        return _again(lambda: trainer.step(batch))
    return _through(trainer.loader, trainer.step)


def _again(step):
    while True:
        step()
        yield 0.0


def _through(loader, step):
    """Epoch after epoch."""
    while True:
        for batch, waited in _waiting(iter(loader)):
            step(batch)
            yield waited


def _waiting(batches):
    while True:
        started = time.perf_counter()
        batch = next(batches, None)
        if batch is None:
            return
        yield batch, time.perf_counter() - started


def _products(dataset, fanouts, batch_size):
    """Forward and backward products of the layers, on rows of a batch's sizes."""
    seeds = np.arange(batch_size)
    blocks = gs.NeighborSampler(dataset.graph, fanouts).sample(seeds).blocks
    widths = [FEATURES] + [HIDDEN] * (len(fanouts) - 1) + [CLASSES]
    layers = []
    for depth, (block, width, out) in enumerate(zip(blocks, widths, widths[1:])):
        shapes = (block.num_dst, width), (out, width), (block.num_dst, out)
        layers.append([torch.randn(shape, device="cuda") for shape in shapes] + [depth > 0])

    def step():
        for x, weight, grad, needs_input in layers:
            for _ in ("self", "neigh"):
                F.linear(x, weight)
                grad.t() @ x
                if needs_input:
                    grad @ weight

    return _again(step)


def _pyg(dataset, fanouts, batch_size):
    """PyG's SAGEConv and trim_to_layer on our plain batches, features on the GPU."""
    from torch_geometric.nn import SAGEConv
    from torch_geometric.utils import trim_to_layer

    widths = [FEATURES] + [HIDDEN] * (len(fanouts) - 1) + [CLASSES]
    layers = torch.nn.ModuleList(SAGEConv(*pair) for pair in zip(widths, widths[1:])).to("cuda")
    optimizer = torch.optim.Adam(layers.parameters(), fused=True)
    sampler = gs.NeighborSampler(dataset.graph, fanouts)
    loader = gs.NeighborLoader(dataset, sampler, batch_size, device="cuda")

    def step(batch):
        data = gs.interop.to_pyg(batch).to("cuda")
        x, edge_index = data.x, data.edge_index
        for depth, layer in enumerate(layers):
            x, edge_index, _ = trim_to_layer(depth, data.num_sampled_nodes, data.num_sampled_edges, x, edge_index)
            x = layer(x, edge_index)
            if depth < len(layers) - 1:
                x = F.dropout(x.relu(), 0.5)
        optimizer.zero_grad()
        F.cross_entropy(x[batch.seed_index], batch.y).backward()
        optimizer.step()

    return _through(loader, step)


# ---- whole graphs


def inference(result, dataset, options):
    """Seconds for all nodes with two layers, on the GPU, with features there, and on the CPU with torch's threads."""
    model = gs.GraphSAGE(dataset.num_features, HIDDEN, CLASSES)
    for name, device in (("on the GPU", "cuda"), (f"on the CPU, {torch.get_num_threads()} threads", "cpu")):
        store = FeatureStore(dataset.features, device=device)
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            gs.inference(model.to(device), dataset.graph, store)
            seconds.append(time.perf_counter() - started)
        say(f"inference {name}: {median(seconds):.2f} s")
        result["rows"].append({"part": "inference", "name": name, "seconds": seconds})


if __name__ == "__main__":
    main()
