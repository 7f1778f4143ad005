"""Typed graphs: forward and backward of a batch of relational GraphSAGE, beside PyG's HeteroConv on the same batches.

    python -m benchmarks.typed_training [--size small] [--nodes 1000000] [--features 128] ...

The graph of ``benchmarks.typed``: four types, relations between them; dense features of every type, batches of papers. The peer
is a linear layer a type and a HeteroConv of SAGEConv a layer, with the same widths, given the batch's arrays as it takes them,
cut down from layer to layer as its trim_to_layer does; the last layer has the relations into papers alone. Beside them what the
loader takes for a batch. One thread, interleaved, CPU time. benchmarks/README.md tells what the numbers mean.
"""

from importlib.util import find_spec

import numpy as np
import torch
import torch.nn.functional as F

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, say, timed
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, publish, pyplot, table
from benchmarks.shared.records import new_result, until_interrupted
from benchmarks.typed import SEEDS, made_graph

OPTIONS = {
    "nodes": (int, "nodes of all types"),
    "edges": (int, "edges of all relations"),
    "relations": (int, "relations"),
    "features": (int, "features of a node, of any type"),
    "hidden": (int, "width of the layers"),
    "fanouts": (numbers, "neighbours drawn at each hop, of each relation"),
    "batch": (int, "seeds a batch"),
    "rounds": (int, "interleaved rounds"),
}
COMMON = {"relations": 10, "features": 128, "hidden": 128, "fanouts": (5, 3), "batch": 1024}
SIZES = {
    "full": COMMON | {"nodes": 1_000_000, "edges": 30_000_000, "rounds": 11},
    "small": COMMON | {"nodes": 100_000, "edges": 3_000_000, "rounds": 7},
    "quick": COMMON | {"nodes": 1000, "edges": 10_000, "features": 8, "hidden": 8, "batch": 64, "rounds": 1},
}
OURS, LOADING, PEER = "graphsage", "graphsage, the loader", "PyG, HeteroConv of SAGEConv"
CLASSES = 10


def main(argv=None):
    options = options_of("typed_training", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    torch.set_num_threads(1)
    result = new_result(options, argv)
    say("making the graph ...")
    dataset = made_dataset(options)
    loader = gs.NeighborLoader(
        dataset, gs.NeighborSampler(dataset.graph, options.fanouts, num_threads=0), options.batch, options.rounds + 1
    )
    batches = list(loader)
    runs = {LOADING: lambda number: loader.prepare(1, number + 1), OURS: _ours(dataset, batches, options)}
    if find_spec("torch_geometric"):
        runs[PEER] = _peer(dataset, batches, options)
    else:
        result["left_out"][PEER] = "it is not installed"
    rows = {name: {"what": name, "rounds": {"cpu": []}} for name in runs}
    result["batch"] = {"nodes": _count(batches[0].minibatch.nodes), "edges": batches[0].minibatch.num_sampled_edges}
    with until_interrupted(result):
        result["rows"] += rows.values()
        measured = {name: _measured(run, rows[name]["rounds"]["cpu"]) for name, run in runs.items()}
        for run in measured.values():
            run(-1)  # warms up
        interleave(measured, options.rounds, each_round("batch", runs))
    publish(result, options, markdown(result), draw)


def made_dataset(options):
    graph, rng = made_graph(options.nodes, options.edges, options.relations), np.random.default_rng(1)
    sizes = graph.num_nodes
    features = {kind: rng.standard_normal((count, options.features), np.float32) for kind, count in sizes.items()}
    own = {"labels": rng.integers(0, CLASSES, sizes[SEEDS]), "train": np.arange(sizes[SEEDS]), "val": [], "test": []}
    return gs.TypedDataset(graph=graph, features=features, target=SEEDS, **own)


def _ours(dataset, batches, options):
    config = gs.ModelConfig(hidden_features=options.hidden, num_layers=len(options.fanouts))
    model = gs.TypedGraphSAGE.of(dataset, CLASSES, config, dropout=0.0)
    return lambda number: _learn(model, model(batches[number + 1]), batches[number + 1])


def _peer(dataset, batches, options):
    model = HeteroSAGE(dataset.graph, options)
    given = [_edge_index(batch.minibatch) for batch in batches]  # as its own loader would hand them over
    return lambda number: _learn(model, model(batches[number + 1], given[number + 1]), batches[number + 1])


class HeteroSAGE(torch.nn.Module):
    """PyG's layers, on a batch of ours."""

    def __init__(self, graph, options):
        from torch_geometric.nn import HeteroConv, SAGEConv

        super().__init__()
        width, depth = options.hidden, len(options.fanouts)
        self.enter = torch.nn.ModuleDict({kind: torch.nn.Linear(options.features, width) for kind in graph.types})
        into = [[name for name in graph.relations if at < depth - 1 or name[2] == SEEDS] for at in range(depth)]
        convs = [HeteroConv({name: SAGEConv((width, width), width) for name in names}) for names in into]
        self.convs, self.into, self.leave = torch.nn.ModuleList(convs), into, torch.nn.Linear(width, CLASSES)

    def forward(self, batch, edge_index):
        h = {kind: self.enter[kind](x) for kind, x in batch.x.items()}
        for conv, names, (edges, ends) in zip(self.convs, self.into, edge_index):
            h = {kind: rows[: ends[kind]] for kind, rows in h.items()}
            h = {kind: rows.relu() for kind, rows in conv(h, {name: edges[name] for name in names}).items()}
        return self.leave(h[SEEDS][batch.seed_index])


def _edge_index(minibatch):
    """A layer: ({relation: [2, E]}, {type: how many of its nodes the layer reads})."""
    found, hops = [], minibatch.num_hops
    for depth, blocks in enumerate(minibatch.blocks):
        edges = {}
        for name, block in blocks.items():
            rows = np.repeat(np.arange(block.num_dst), np.diff(block.indptr))
            edges[name] = torch.from_numpy(np.stack([block.indices, rows]).astype(np.int64))
        found.append((edges, {kind: int(ends[hops + 1 - depth]) for kind, ends in minibatch.hop_offsets.items()}))
    return found


def _learn(model, outputs, batch):
    model.zero_grad()
    F.cross_entropy(outputs, batch.y).backward()


def _count(of_types):
    return sum(map(len, of_types.values()))


def _measured(run, seconds):
    def of_round(number):
        _, _, cpu = timed(lambda: run(number))
        if number >= 0:
            seconds.append(cpu)

    return of_round


def markdown(result):
    """The table of a result."""
    cpu, lines = {row["what"]: row["rounds"]["cpu"] for row in result["rows"]}, []
    for name, seconds in cpu.items():
        lines.append([name, f"{1e3 * median(seconds):.0f}", f"{median_ratio(seconds, cpu[OURS]):.2f}"])
    counts = f"A batch has {result['batch']['nodes']:,} nodes and {result['batch']['edges']:,} edges."
    header = ["forward and backward of a batch", "CPU milliseconds", "beside graphsage"]
    return "\n".join([heading(result), "", counts, "", table(header, lines)]) + "\n"


def draw(result, file):
    """A bar a row."""
    seconds = {row["what"]: 1e3 * median(row["rounds"]["cpu"]) for row in result["rows"]}
    figure, axes = pyplot().subplots(figsize=(7, 2.2), layout="constrained")
    axes.barh(list(seconds), list(seconds.values()))
    axes.invert_yaxis()
    axes.set_xlabel("CPU milliseconds a batch")
    figure.savefig(file, dpi=120, format="png")


if __name__ == "__main__":
    main()
