"""The draws: what each costs beside uniform, and what LABOR saves.

    python -m benchmarks.draws [--size small] [--scale 20] [--fanouts 15,10,5] ...

Two parts:
rate      an R-MAT graph with random weights and times, batches of 1,024 seeds: million sampled edges a second of CPU time, one
          thread, interleaved with uniform; nodes a batch. Where torch-sparse is installed, its two draws too
variance  Debian and the R-MAT graph, two hops: the variance of the mean of neighbours' means of a random number a node, and the
          nodes of a batch, uniform and LABOR, for several fanouts; and the nodes at equal variance

Two minutes on an idle machine. benchmarks/README.md tells what the numbers mean.
"""

from functools import partial
from importlib.util import find_spec

import numpy as np
from scipy.sparse import csr_array

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, say, timed
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, publish, pyplot, table
from benchmarks.shared.records import new_result, until_interrupted
from benchmarks.shared.workloads import real_datasets, rmat_graph
from graphsage.sampling.draws import Labor, Recent, Uniform, Weighted

OPTIONS = {
    "scale": (int, "log2 of the nodes of the R-MAT graph"),
    "edges": (int, "R-MAT draws a node"),
    "fanouts": (numbers, "neighbours drawn at each hop, for the rate"),
    "batch": (int, "seeds a batch"),
    "rounds": (int, "interleaved rounds"),
    "ks": (numbers, "fanouts of both hops, for the variance"),
    "draws": (int, "batches that a variance is of"),
}
COMMON = {"edges": 16, "fanouts": (15, 10, 5), "batch": 1024}
SIZES = {
    "full": COMMON | {"scale": 20, "rounds": 15, "ks": (4, 6, 10, 15, 25), "draws": 100},
    "small": COMMON | {"scale": 18, "rounds": 7, "ks": (4, 10, 25), "draws": 30},
    "quick": COMMON | {"scale": 10, "batch": 64, "rounds": 1, "ks": (2, 4), "draws": 3},
}
DRAWS = {
    "uniform": Uniform(),
    "uniform, replacement": Uniform(True),
    "weighted": Weighted(),
    "weighted, replacement": Weighted(True),
    "recent": Recent(),
    "labor": Labor(),
    "labor, a variate a hop": Labor("hop"),
    "labor, weighted": Labor(weighted=True),
}
FORMS = {name: (draw, {}) for name, draw in DRAWS.items()} | {
    "uniform, disjoint": (Uniform(), {"disjoint": True}),
    "uniform, until a time": (Uniform(), {"times": True}),
    "weighted, until a time": (Weighted(), {"times": True}),
}


def main(argv=None):
    options = options_of("draws", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    result = new_result(options, argv)
    plain = rmat_graph(options.scale, options.edges)
    with until_interrupted(result):
        rate(result, _dressed(plain), options, peers(result["left_out"]))
        graphs = {name: data.graph for name, data in real_datasets(["debian"], result["left_out"]).items()}
        for name, graph in (graphs | {f"R-MAT {options.scale}": plain}).items():
            variance(result, name, graph, options)
    publish(result, options, markdown(result), draw)


def _dressed(graph):
    """``graph`` with random weights and times."""
    generator = np.random.default_rng(0)
    weights, times = generator.random(graph.num_edges) + 0.01, generator.integers(0, 1_000_000, graph.num_edges)
    return gs.Graph.from_csr(graph.indptr, graph.indices, weights=weights, times=times, copy=False)


# ---- rate


def peers(left_out):
    """{name: torch-sparse's draw, with replacement?}; what is not installed is left out, by name."""
    for name, module in (("pyg-lib", "pyg_lib"), ("DGL", "dgl"), ("torch-sparse", "torch_sparse")):
        if find_spec(module) is None:
            left_out[name] = "it is not installed"
    return {} if "torch-sparse" in left_out else {"torch-sparse, uniform": False, "torch-sparse, replacement": True}


def rate(result, graph, options, peers):
    """A row a form: edges, nodes and CPU seconds of each round's batch."""
    competitors = {}
    for name, (rule, form) in FORMS.items():
        disjoint, timed_form = form.get("disjoint", False), form.get("times", False)
        sampler = gs.NeighborSampler(graph, options.fanouts, draw=rule, weights="ignore", disjoint=disjoint)
        row = {"part": "rate", "draw": name, "rounds": {"edges": [], "nodes": [], "cpu": []}}
        run = partial(_batch, sampler, row["rounds"], 800_000 if timed_form else None, graph, options)
        run(-1)
        result["rows"].append(row)
        competitors[name] = run
    for name, replace in peers.items():
        row = {"part": "rate", "draw": name, "rounds": {"edges": [], "nodes": [], "cpu": []}}
        competitors[name] = partial(_peer_batch, _torch_sparse(graph, options.fanouts, replace), row["rounds"], graph, options)
        competitors[name](-1)
        result["rows"].append(row)
    interleave(competitors, options.rounds, each_round("rate", competitors))


def _batch(sampler, rounds, time, graph, options, number):
    seeds = np.random.default_rng(number + 1).integers(0, graph.num_nodes, options.batch)
    times = None if time is None else np.full(len(seeds), time)
    batch, _, cpu = timed(lambda: sampler.sample(seeds, step=number + 1, times=times))
    if number >= 0:  # the first one warms up
        for key, value in (("edges", batch.num_sampled_edges), ("nodes", len(batch.nodes)), ("cpu", cpu)):
            rounds[key].append(value)


def _torch_sparse(graph, fanouts, replace):
    """seeds -> (nodes, rows, columns, edge ids): its compiled function, which is what PyG's loaders call."""
    import torch
    import torch_sparse  # noqa: F401 - registers the function

    arrays = torch.tensor(graph.indptr).long(), torch.tensor(graph.indices).long()
    sample = torch.ops.torch_sparse.neighbor_sample
    return lambda seeds: sample(*arrays, torch.from_numpy(seeds), list(fanouts), replace, True)


def _peer_batch(sample, rounds, graph, options, number):
    seeds = np.unique(np.random.default_rng(number + 1).integers(0, graph.num_nodes, options.batch))
    found, _, cpu = timed(lambda: sample(seeds))
    if number >= 0:
        for key, value in (("edges", len(found[1])), ("nodes", len(found[0])), ("cpu", cpu)):
            rounds[key].append(value)


# ---- variance


def variance(result, name, graph, options):
    """A row a fanout and draw: mean variance over the seeds of the two-hop mean, and nodes a batch."""
    generator = np.random.default_rng(0)
    values = generator.standard_normal(graph.num_nodes)
    seeds = generator.choice(np.flatnonzero(graph.degrees > 0), options.batch)
    say(f"variance: {name}")
    for k in options.ks:
        for rule in ("uniform", "labor"):
            sampler = gs.NeighborSampler(graph, [k, k], draw=rule, weights="ignore", isolated="self")
            batches = [sampler.sample(seeds, step=step) for step in range(options.draws)]
            means = np.array([two_hop_means(batch, values) for batch in batches])
            row = {"part": "variance", "graph": name, "draw": rule, "k": k}
            row |= {"variance": float(means.var(0, ddof=1).mean()), "nodes": float(np.mean([len(b.nodes) for b in batches]))}
            result["rows"].append(row)


def two_hop_means(batch, values):
    """[B]: the mean over a seed's neighbours of the means over theirs."""
    found = values[batch.nodes]
    for block in batch.blocks:
        matrix = csr_array((np.ones(len(block.indices)), block.indices, block.indptr), (block.num_dst, block.num_src))
        found = matrix @ found / np.maximum(np.diff(block.indptr), 1)
    return found[batch.seed_index]


def nodes_at_equal_variance(rows):
    """{graph: (nodes of LABOR, nodes of uniform at that variance)} at LABOR's middle fanout; between points by logarithms."""
    found = {}
    for graph in dict.fromkeys(row["graph"] for row in rows):
        points = {rule: [r for r in rows if r["graph"] == graph and r["draw"] == rule] for rule in ("uniform", "labor")}
        middle = points["labor"][len(points["labor"]) // 2]
        by_variance = sorted((np.log(r["variance"]), np.log(r["nodes"])) for r in points["uniform"])
        nodes = np.exp(np.interp(np.log(middle["variance"]), *zip(*by_variance)))
        found[graph] = middle["nodes"], float(nodes)
    return found


# ---- report


def markdown(result):
    rates = [row for row in result["rows"] if row["part"] == "rate"]
    lines = []
    for row in rates:
        seconds, uniform = ([c / e for c, e in zip(r["rounds"]["cpu"], r["rounds"]["edges"])] for r in (row, rates[0]))
        speed, nodes = 1e-6 / median(seconds), median(row["rounds"]["nodes"])
        lines.append([row["draw"], f"{speed:.1f}", f"{median_ratio(uniform, seconds):.2f}", f"{nodes:,.0f}"])
    parts = [heading(result), "", table(["draw", "million edges a second", "beside uniform", "nodes a batch"], lines)]
    rows = [row for row in result["rows"] if row["part"] == "variance"]
    lines = [[r["graph"], r["draw"], r["k"], f"{r['variance']:.4g}", f"{r['nodes']:,.0f}"] for r in rows]
    header = ["graph", "draw", "fanouts", "variance of the two-hop mean", "nodes a batch"]
    parts += ["", table(header, lines), ""]
    for graph, (labor, uniform) in nodes_at_equal_variance(rows).items():
        ratio = f"{labor:,.0f} nodes a batch, uniform {uniform:,.0f} ({labor / uniform:.2f})"
        parts.append(f"{graph}: at equal variance LABOR has {ratio}.")
    return "\n".join(parts) + "\n"


def draw(result, file):
    """Variance against nodes a batch, a panel a graph."""
    plt = pyplot()
    rows = [row for row in result["rows"] if row["part"] == "variance"]
    graphs = list(dict.fromkeys(row["graph"] for row in rows))
    figure, axes = plt.subplots(1, len(graphs), figsize=(5 * len(graphs), 4), squeeze=False)
    for axis, graph in zip(axes[0], graphs):
        for rule in ("uniform", "labor"):
            points = [row for row in rows if row["graph"] == graph and row["draw"] == rule]
            axis.plot([p["nodes"] for p in points], [p["variance"] for p in points], marker="o", label=rule)
        axis.set(title=graph, xlabel="nodes a batch", ylabel="variance of the two-hop mean", xscale="log", yscale="log")
        axis.legend()
    figure.savefig(file, format="png", dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
