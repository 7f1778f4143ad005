"""Link batches: what their pairs cost beside a batch of as many nodes, and what it costs to hide what is asked about.

    python -m benchmarks.links [--size small] [--scale 18] [--fanouts 10,10] ...

An R-MAT graph of undirected links with 32 features a node, 10 % of the links to test on. Batches as a loader makes them,
features included, on one thread, interleaved: of ``LinkLoader`` with and without ``exclude``, with more negatives, by degree;
and of ``NeighborLoader`` with as many seeds as the link batches have distinct ends. CPU time.

A minute on an idle machine. benchmarks/README.md tells what the numbers mean.
"""

from functools import partial

import numpy as np

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, timed
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, publish, pyplot, table
from benchmarks.shared.records import new_result, until_interrupted
from benchmarks.shared.workloads import rmat_graph

OPTIONS = {
    "scale": (int, "log2 of the nodes of the R-MAT graph"),
    "edges": (int, "R-MAT draws a node"),
    "fanouts": (numbers, "neighbours drawn at each hop"),
    "batch": (int, "links a batch"),
    "rounds": (int, "interleaved rounds"),
}
COMMON = {"edges": 8, "fanouts": (10, 10), "batch": 512}
SIZES = {
    "full": COMMON | {"scale": 18, "rounds": 30},
    "small": COMMON | {"scale": 16, "rounds": 15},
    "quick": COMMON | {"scale": 8, "batch": 32, "rounds": 1},
}
WIDTH = 32
NODES = "nodes, as many seeds"
FORMS = {
    "links": {},
    "links, exclude=False": {"exclude": False},
    "links, 10 negatives": {"negatives": gs.Negatives(10)},
    "links, 10 negatives by degree": {"negatives": gs.Negatives(10, "degree")},
}


def main(argv=None):
    options = options_of("links", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    result = new_result(options, argv)
    with until_interrupted(result):
        rate(result, options)
    publish(result, options, markdown(result), draw)


def rate(result, options):
    """A row a form: pairs, seeds, edges and CPU seconds of each round's batch."""
    dataset = _dataset(options)
    competitors = {}
    for name, (loader, num_steps) in _loaders(dataset, options).items():
        row = {"form": name, "rounds": {"pairs": [], "seeds": [], "edges": [], "cpu": []}}
        run = partial(_batch, loader, num_steps, row["rounds"])
        run(-1)
        result["rows"].append(row)
        competitors[name] = run
    interleave(competitors, options.rounds, each_round("rate", competitors))


def _dataset(options):
    graph = rmat_graph(options.scale, options.edges)
    graph = gs.Graph.from_edges(*graph.to_edges(), graph.num_nodes, undirected=True, duplicates="drop", self_loops="drop")
    features = np.random.default_rng(0).standard_normal((graph.num_nodes, WIDTH), np.float32)
    return gs.split_links(graph, features=features)


def _loaders(dataset, options):
    """{name: (loader, its steps an epoch)}."""
    sampler = gs.NeighborSampler(dataset.graph, options.fanouts)
    loaders = {name: gs.LinkLoader(dataset, sampler, options.batch, **form) for name, form in FORMS.items()}
    num_seeds = len(loaders["links"].prepare(0, 0).seeds)
    nobody = np.empty(0, np.int64)
    labels = np.zeros(dataset.num_nodes, np.int64)
    train = np.flatnonzero(dataset.graph.degrees)  # links end at nodes that have some
    nodes = gs.NodeDataset(
        graph=dataset.graph, features=dataset.features, labels=labels, train=train, val=nobody, test=nobody
    )
    loaders[NODES] = gs.NeighborLoader(nodes, sampler, num_seeds)
    return {name: (loader, len(loader)) for name, loader in loaders.items()}


def _batch(loader, num_steps, rounds, number):
    step = (number + 1) % num_steps
    batch, _, cpu = timed(lambda: loader.prepare(0, step))
    if number >= 0:  # the first one warms up
        pairs = 0 if batch.pairs is None else batch.pairs.shape[1]
        counts = {"pairs": pairs, "seeds": len(batch.seeds), "edges": batch.minibatch.num_sampled_edges, "cpu": cpu}
        for key, value in counts.items():
            rounds[key].append(value)


# ---- report


def markdown(result):
    lines = []
    by_name = {row["form"]: row["rounds"] for row in result["rows"]}
    for name, rounds in by_name.items():
        pairs = median([p / c for p, c in zip(rounds["pairs"], rounds["cpu"])])
        beside = median_ratio(*(_per_edge(by_name[form]) for form in (name, NODES))) if NODES in by_name else None
        lines.append([
            name, f"{pairs:,.0f}" if pairs else "", f"{1e3 * median(rounds['cpu']):.2f}", f"{median(rounds['seeds']):,.0f}",
            f"{median(rounds['edges']):,.0f}", "" if beside is None else f"{beside:.2f}",
        ])  # fmt: skip
    header = ["batch", "pairs a second", "ms a batch", "seeds", "edges", f"ms an edge beside {NODES}"]
    parts = [heading(result), "", table(header, lines), ""]
    if {"links", "links, exclude=False"} <= by_name.keys():
        cost = median_ratio(by_name["links"]["cpu"], by_name["links, exclude=False"]["cpu"])
        parts.append(f"Hiding what is asked about: {cost:.2f} times the CPU time of a batch that does not.")
    return "\n".join(parts) + "\n"


def _per_edge(rounds):
    return [c / e for c, e in zip(rounds["cpu"], rounds["edges"])]


def draw(result, file):
    """Milliseconds a batch, a bar a form."""
    plt = pyplot()
    figure, axis = plt.subplots(figsize=(6, 3))
    names = [row["form"] for row in result["rows"]]
    axis.barh(names, [1e3 * median(row["rounds"]["cpu"]) for row in result["rows"]])
    axis.set(xlabel="ms a batch, CPU time")
    axis.invert_yaxis()
    figure.savefig(file, format="png", dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
