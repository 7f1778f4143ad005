"""LABOR beside uniform draws at equal variance: is the accuracy the same, and what does a batch cost?

    python -m benchmarks.labor [--graphs cora,debian] [--runs 5] [--readme] ...

For each graph: the variance of the mean of neighbours' means of a random number a node, as in ``benchmarks.draws``, of uniform
draws at ``--k`` and of LABOR at several fanouts; the LABOR fanout whose variance is nearest. Then trainings as in
``benchmarks.accuracy`` with either, a seed a run and both in turn: test accuracy, CPU seconds; and batches of training nodes
alone: distinct nodes and CPU time. One thread.
"""

from functools import partial

import numpy as np

import graphsage as gs
from benchmarks.draws import two_hop_means
from benchmarks.shared.measuring import median, say, timed
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, paste, percent, short, table
from benchmarks.shared.records import new_result, until_interrupted, write_json, write_text
from benchmarks.shared.workloads import graph_names, real_datasets, setting
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.runs.run import make_trainer

OPTIONS = {
    "graphs": (graph_names, "which graphs"),
    "k": (int, "the fanout of uniform draws, of both hops"),
    "ks": (numbers, "fanouts of LABOR to choose from"),
    "runs": (int, "seeds"),
    "epochs": (int, "epochs of a training; 0: those of benchmarks.accuracy"),
    "batches": (int, "batches that a variance, nodes and times are of"),
    "batch": (int, "training nodes a batch of those"),
}
SIZES = {
    "full": {
        "graphs": ("cora", "debian"), "k": 5, "ks": (5, 6, 7, 8, 9, 10), "runs": 5, "epochs": 0, "batches": 100, "batch": 512,
    },
    "quick": {"graphs": ("debian",), "k": 2, "ks": (2, 3), "runs": 2, "epochs": 1, "batches": 3, "batch": 16},
}  # fmt: skip


def main(argv=None):
    one_thread()
    options = options_of("labor", __doc__, SIZES, OPTIONS, argv)
    result = new_result(options, argv)
    with until_interrupted(result):
        for name, dataset in real_datasets(options.graphs, result["left_out"]).items():
            compare(result, name, dataset, options)
    write_json(options.out / "labor.json", result)
    write_text(options.out / "labor.md", markdown(result))
    print(markdown(result))
    if options.readme:
        paste("labor", markdown(result))


def compare(result, name, dataset, options):
    """A row a draw: fanout, variance, nodes and CPU seconds of a batch; scores and CPU seconds of the trainings."""
    say(f"{name}: variances")
    uniform = batches_of(dataset, "uniform", options.k, options)
    labors = [batches_of(dataset, "labor", k, options) for k in options.ks]
    nearest = min(labors, key=lambda row: abs(np.log(row["variance"] / uniform["variance"])))
    rows = [row | {"graph": name, "test": [], "training": []} for row in (uniform, nearest)]
    result["rows"] += rows
    for seed in range(options.runs):
        say(f"{name}: seed {seed}")
        for row in rows[:: -1 if seed % 2 else 1]:
            score, _, cpu = timed(partial(trained, name, dataset, row, seed, options.epochs))
            row["test"].append(score)
            row["training"].append(cpu)


def batches_of(dataset, draw, k, options):
    """Variance of the mean of neighbours' means, over the seeds of a batch; medians of its nodes and its CPU seconds."""
    generator = np.random.default_rng(0)
    values = generator.standard_normal(dataset.graph.num_nodes)
    seeds = generator.choice(dataset.train, min(options.batch, len(dataset.train)), replace=False)
    sampler = gs.NeighborSampler(dataset.graph, [k, k], draw=draw, weights="ignore", isolated="self")
    found = [timed(lambda step=step: sampler.sample(seeds, step=step)) for step in range(options.batches)]
    means = np.array([two_hop_means(batch, values) for batch, _, _ in found])
    nodes, seconds = ([len(batch.nodes) for batch, _, _ in found], [cpu for _, _, cpu in found])
    variance = float(means.var(0, ddof=1).mean())
    return {"draw": draw, "k": k, "variance": variance, "nodes": median(nodes), "cpu": median(seconds)}


def trained(name, dataset, row, seed, epochs):
    """Test score of a training by the draw and fanout of ``row``, on all neighbours."""
    chosen = setting(name)
    train = chosen["train"] | {"fanouts": (row["k"], row["k"]), "draw": row["draw"], "seed": seed}
    if epochs:
        train["epochs"] = epochs
    config = RunConfig(dataset=name, model=ModelConfig(**chosen["model"]), train=TrainConfig(**train))
    return make_trainer(config, dataset, log=None).fit().test_accuracy


def markdown(result):
    lines = []
    for row in result["rows"]:
        what = [row["graph"], row["draw"], f"{row['k']},{row['k']}", f"{row['variance']:.3g}", f"{row['nodes']:,.0f}"]
        seconds = short(median(row["training"])) if row["training"] else ""
        lines.append([*what, f"{1000 * row['cpu']:.2f}", percent(row["test"]), seconds])
    header = ["graph", "draw", "fanouts", "variance", "nodes a batch", "sampling, CPU ms a batch", "test accuracy, %"]
    header.append("a training, CPU s")
    return f"{heading(result)}\n\n{table(header, lines)}\n"


if __name__ == "__main__":
    main()
