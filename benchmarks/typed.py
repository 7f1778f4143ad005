"""Typed graphs: sampled edges a second beside PyG's sampler on the same graph.

    python -m benchmarks.typed [--size small] [--nodes 1000000] [--edges 30000000] [--relations 10] ...

A made-up graph of four types, relations between them with skewed sources, reverse ones among them; batches of seeds of one
type. One thread, interleaved, CPU time. The peers are the compiled function that PyG's loaders call on HeteroData, of
torch-sparse, and PyG's NeighborLoader around it, beside the drop-in one of this package; where torch-sparse is not installed,
their rows are missing. All give edge ids. Beside them the same nodes and edges without types, drawn by the homogeneous sampler.
Three minutes on an idle machine. benchmarks/README.md tells what the numbers mean.
"""

from functools import partial
from importlib.util import find_spec

import numpy as np
import torch

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, say, timed, versions
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, publish, pyplot, table
from benchmarks.shared.records import new_result, until_interrupted

OPTIONS = {
    "nodes": (int, "nodes of all types"),
    "edges": (int, "edges of all relations"),
    "relations": (int, "relations"),
    "fanouts": (numbers, "neighbours drawn at each hop, of each relation"),
    "batch": (int, "seeds a batch"),
    "rounds": (int, "interleaved rounds"),
}
COMMON = {"relations": 10, "fanouts": (5, 3), "batch": 1024}
SIZES = {
    "full": COMMON | {"nodes": 1_000_000, "edges": 30_000_000, "rounds": 15},
    "small": COMMON | {"nodes": 100_000, "edges": 3_000_000, "rounds": 7},
    "quick": COMMON | {"nodes": 1000, "edges": 10_000, "batch": 64, "rounds": 1},
}
SHARES = {"paper": 0.6, "author": 0.3, "venue": 0.02, "term": 0.08}
SEEDS = "paper"
OURS, WITHOUT_TYPES, PEER = "graphsage", "graphsage, without types", "torch-sparse (PyG on HeteroData)"
DROP_IN, LOADER = "graphsage.interop.pyg.NeighborLoader", "torch_geometric.loader.NeighborLoader"
BESIDE = {OURS: PEER, DROP_IN: LOADER}


def main(argv=None):
    options = options_of("typed", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    result = new_result(options, argv)
    say("making the graph ...")
    graph = made_graph(options.nodes, options.edges, options.relations)
    samplers = {OURS: ours(graph, options.fanouts), WITHOUT_TYPES: without_types(graph, options)}
    if find_spec("torch_sparse") and find_spec("torch_geometric"):
        result["versions"] |= versions(("torch-geometric", "torch-sparse"))
        samplers |= {PEER: peer(graph, options.fanouts), **loaders(graph, options.fanouts)}
    else:
        result["left_out"][PEER] = "it is not installed"
    rows = {name: {"sampler": name, "rounds": {"edges": [], "nodes": [], "cpu": []}} for name in samplers}
    with until_interrupted(result):
        result["rows"] += rows.values()
        runs = {name: partial(_batch, sample, rows[name]["rounds"], graph, options) for name, sample in samplers.items()}
        for run in runs.values():
            run(-1)
        interleave(runs, options.rounds, each_round("rate", runs))
    publish(result, options, markdown(result), draw)


def made_graph(num_nodes, num_edges, num_relations):
    """A ``TypedGraph`` of ``num_relations``, half of them turned round; a source's chance falls as 1 / sqrt(id)."""
    rng, sizes = np.random.default_rng(0), {name: int(share * num_nodes) for name, share in SHARES.items()}
    names, each, edges = list(sizes), num_edges // num_relations, {}
    for number in range((num_relations + 1) // 2):
        src, dst = names[number % len(names)], names[(number // len(names)) % len(names)]
        ids = (sizes[src] * rng.random(each) ** 2).astype(np.int64), rng.integers(0, sizes[dst], each)
        edges[src, f"r{number}", dst] = ids
    turned = {(dst, f"rev_{name}", src): ids[::-1] for (src, name, dst), ids in edges.items()}
    kept = dict(list((edges | turned).items())[:num_relations])
    return gs.TypedGraph(sizes, kept)


def ours(graph, fanouts):
    """(seeds, step) -> (nodes, edges)."""
    sampler = gs.NeighborSampler(graph, fanouts, edge_ids=True)

    def sample(seeds, step):
        batch = sampler.sample({SEEDS: seeds}, step=step)
        return sum(map(len, batch.nodes.values())), batch.num_sampled_edges

    return sample


def without_types(graph, options):
    """The same with the fanouts of all relations of a node's type together, about as many edges."""
    relations = sum(name[2] == SEEDS for name in graph.relations)
    sampler = gs.NeighborSampler(graph.to_homogeneous(), [k * max(relations, 1) for k in options.fanouts], edge_ids=True)
    start = int(graph.starts[graph.types.index(SEEDS)])

    def sample(seeds, step):
        batch = sampler.sample(seeds + start, step=step)
        return len(batch.nodes), batch.num_sampled_edges

    return sample


def peer(graph, fanouts):
    """torch-sparse's function, on the same arrays."""
    import torch_sparse  # noqa: F401 - registers the function

    columns, sources, asked = {}, {}, {}
    for name in graph.relations:
        src, dst = graph.edges(name)
        key, counts = "__".join(name), np.bincount(dst, minlength=graph.num_nodes[name[2]])
        columns[key] = torch.from_numpy(np.concatenate([[0], np.cumsum(counts)]))
        sources[key], asked[key] = torch.from_numpy(src), list(fanouts)
    call = torch.ops.torch_sparse.hetero_neighbor_sample
    types, relations = list(graph.types), list(graph.relations)

    def sample(seeds, step):
        seeds = {SEEDS: torch.from_numpy(np.unique(seeds))}
        nodes, rows, *_ = call(types, relations, columns, sources, seeds, asked, len(fanouts), False, True)
        return sum(map(len, nodes.values())), sum(map(len, rows.values()))

    return sample


def loaders(graph, fanouts):
    """{name: (seeds, step) -> (nodes, edges)} of PyG's loader and of the one in its place, on one ``HeteroData``."""
    from torch_geometric import loader as theirs

    from graphsage.interop import pyg

    data = pyg.to_pyg(graph)
    made = {DROP_IN: pyg.NeighborLoader, LOADER: theirs.NeighborLoader}
    return {name: partial(_of_loader, cls(data, list(fanouts), SEEDS)) for name, cls in made.items()}


def _of_loader(loader, seeds, step):
    batch = loader(torch.from_numpy(np.unique(seeds)))
    return batch.num_nodes, batch.num_edges


def _batch(sample, rounds, graph, options, number):
    seeds = np.random.default_rng(number + 1).integers(0, graph.num_nodes[SEEDS], options.batch)
    (nodes, edges), _, cpu = timed(lambda: sample(seeds, number + 1))
    if number >= 0:  # the first one warms up
        for key, value in (("edges", edges), ("nodes", nodes), ("cpu", cpu)):
            rounds[key].append(value)


def seconds_an_edge(result):
    """{sampler: CPU seconds an edge of each round}."""
    return {
        row["sampler"]: [c / e for c, e in zip(row["rounds"]["cpu"], row["rounds"]["edges"])] for row in result["rows"]
    }


def markdown(result):
    """The table of a result."""
    by_name, lines, told = seconds_an_edge(result), [], []
    for row in result["rows"]:
        seconds = by_name[row["sampler"]]
        ratio, sizes = median_ratio(seconds, by_name[OURS]), [f"{median(row['rounds'][of]):,.0f}" for of in ("nodes", "edges")]
        lines.append([row["sampler"], f"{1e-6 / median(seconds):.1f}", f"{ratio:.2f}", *sizes])
    for name, peer_name in BESIDE.items():
        if peer_name in by_name:
            ratio = median_ratio(by_name[peer_name], by_name[name])
            told.append(f"{name} takes 1 / {ratio:.1f} of the CPU time an edge of {peer_name}.")
    header = ["sampler", "million edges a second", "CPU time an edge beside graphsage", "nodes a batch", "edges a batch"]
    return "\n".join([heading(result), "", table(header, lines), "", *told]) + "\n"


def draw(result, file):
    """A bar a sampler."""
    rates = {name: 1e-6 / median(seconds) for name, seconds in seconds_an_edge(result).items()}
    figure, axes = pyplot().subplots(figsize=(7, 2.2), layout="constrained")
    axes.barh(list(rates), list(rates.values()))
    axes.invert_yaxis()
    axes.set_xlabel("million sampled edges a second of CPU time")
    figure.savefig(file, dpi=120, format="png")


if __name__ == "__main__":
    main()
