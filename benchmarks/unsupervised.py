"""Embeddings without labels: what a linear probe reads off them, and what random walks cost.

    python -m benchmarks.unsupervised [--graphs cora,debian] [--runs 5] ...

Two parts:
probe  each graph is embedded by `Trainer(..., task=WalkConfig())` with the defaults, the epoch picked by held-out walks. Test
       accuracy of logistic regression (`graphsage.trained.probe`, scikit-learn) on raw features, on embeddings, on both side by
       side, and on what the same model makes before it is trained
walks  an R-MAT graph, walks of 5 steps from each node: million steps a second of CPU time, one thread, interleaved; uniform, by
       weight, of second order, and beside numpy (all walks a step at a time) and torch-sparse where that is installed
"""

from functools import partial
from importlib.util import find_spec

import numpy as np
import torch

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, say, timed
from benchmarks.shared.options import numbers, options_of, words
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, percent, publish, pyplot, table
from benchmarks.shared.records import new_result, until_interrupted
from benchmarks.shared.workloads import rmat_graph
from graphsage.data.errors import DatasetError
from graphsage.trained.probe import probe, probes, why_not

OPTIONS = {
    "graphs": (words, "graphs to embed"),
    "runs": (int, "seeds of each graph"),
    "epochs": (numbers, "epochs of each graph"),
    "batches": (int, "random batches an epoch; of graphs after the first"),
    "scale": (int, "log2 of the nodes of the R-MAT graph"),
    "rounds": (int, "interleaved rounds of walks"),
}
SIZES = {
    "full": {"graphs": ("cora", "debian"), "runs": 5, "epochs": (20, 4), "batches": 40, "scale": 18, "rounds": 7},
    "quick": {
        "graphs": ("sbm:nodes=60,classes=3,features=4",), "runs": 2, "epochs": (2,), "batches": 2, "scale": 6, "rounds": 1
    },
}  # fmt: skip
ROWS = ("features", "untrained", "embeddings", "both")
LENGTH = 5


def main(argv=None):
    options = options_of("unsupervised", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    result = new_result(options, argv)
    with until_interrupted(result):
        walks(result, options)
        graphs = loaded(options.graphs, result["left_out"])
        for seed in range(options.runs):
            for number, (name, dataset) in enumerate(graphs.items()):
                batches = None if number == 0 else options.batches
                how = {"epochs": options.epochs[number], "batches_per_epoch": batches, "seed": seed}
                result["rows"].append({"part": "probe", "graph": name, **embedded(dataset, **how)})
                say(f"{name}, seed {seed}: {result['rows'][-1]}")
    publish(result, options, markdown(result), draw)


# ---- probe


def loaded(names, left_out):
    """{name: dataset} of those that are here."""
    found = {}
    for name in names:
        try:
            found[name] = gs.load_dataset(name, download=False)
        except DatasetError as error:
            left_out[name] = str(error)
    return found


def embedded(dataset, *, seed, **train):
    """A row of one run: scores of the probe (None without scikit-learn), of validation, and CPU seconds of the training."""
    encoder = gs.GraphSAGE(dataset.num_features, 128, 128, dropout=0.0, seed=seed)
    config = gs.TrainConfig(**train, seed=seed, device="cpu", num_threads=0)
    trainer = gs.Trainer(gs.LinkPredictor(encoder, "dot"), dataset, config, task=gs.WalkConfig(), log=None)
    before = trainer.evaluator.exact().numpy().copy()
    result, _, seconds = timed(trainer.fit)
    row = {"seed": seed, "validation": result.val_score, "best_epoch": result.best_epoch, "seconds": seconds}
    if why_not(dataset) is None:
        row |= probes(dataset, result.outputs.numpy()) | {"untrained": probe(dataset, before)}
    return row


# ---- walks


def walks(result, options):
    """A row a kind of walk: CPU seconds of each round."""
    plain = rmat_graph(options.scale, 8)
    weights = np.random.default_rng(0).random(plain.num_edges) + 0.01
    graph = gs.Graph.from_csr(plain.indptr, plain.indices, weights=weights, copy=False)
    competitors = {name: partial(walk, graph) for name, walk in walkers(plain, result["left_out"]).items()}
    rows = {name: {"part": "walks", "walk": name, "steps": LENGTH * graph.num_nodes, "cpu": []} for name in competitors}
    for run in competitors.values():
        run(0)
    measured = {name: partial(_seconds, run) for name, run in competitors.items()}
    found = interleave(measured, options.rounds, each_round("walks", rows))
    result["rows"] += [row | {"cpu": found[name]} for name, row in rows.items()]


def _seconds(run, number):
    return timed(lambda: run(number))[2]


def walkers(plain, left_out):
    """{name: function(graph, epoch)} of what is compared."""
    found = {
        "uniform": partial(_ours, weights="ignore"),
        "by weight": partial(_ours, draw="weighted"),
        "second order, p = 0.5, q = 2": partial(_ours, weights="ignore", p=0.5, q=2.0),
        "second order, by weight": partial(_ours, draw="weighted", p=0.5, q=2.0),
        "uniform, numpy": _numpy,
    }
    if find_spec("torch_sparse") is None:
        left_out["torch-sparse"] = "it is not installed"
        return found
    from torch_sparse import SparseTensor

    rowptr, col = (torch.tensor(array, dtype=torch.int64) for array in (plain.indptr, plain.indices))
    matrix, starts = SparseTensor(rowptr=rowptr, col=col), torch.arange(plain.num_nodes)
    return found | {"uniform, torch-sparse": lambda graph, epoch: matrix.random_walk(starts, LENGTH)}


def _ours(graph, epoch, **how):
    return gs.random_walks(graph, np.arange(graph.num_nodes), LENGTH, epoch=epoch, **how)


def _numpy(graph, epoch):
    """All walks a step at a time; one that cannot go on stays."""
    generator, at = np.random.default_rng(epoch), np.arange(graph.num_nodes)
    found = [at]
    for _ in range(LENGTH):
        degrees = graph.degrees[at]
        places = graph.indptr[at] + (generator.random(len(at)) * degrees).astype(np.int64)
        at = np.where(degrees > 0, graph.indices[np.minimum(places, graph.num_edges - 1)], at)
        found.append(at)
    return np.stack(found, axis=1)


# ---- what is shown


def markdown(result):
    parts = [heading(result)]
    graphs = dict.fromkeys(row["graph"] for row in result["rows"] if row["part"] == "probe")
    lines = []
    for graph in graphs:
        rows = [row for row in result["rows"] if row.get("graph") == graph]
        scores = [percent([row[name] for row in rows if name in row]) for name in ROWS]
        lines.append([graph, len(rows), *scores, f"{np.mean([row['seconds'] for row in rows]):.0f}"])
    header = ["probe, test accuracy in %", "runs", "raw features", "untrained model", "embeddings", "features and embeddings"]
    parts.append(table([*header, "CPU seconds of a training"], lines))
    rows = [row for row in result["rows"] if row["part"] == "walks"]
    lines = [[row["walk"], f"{1e-6 * row['steps'] / median(row['cpu']):.1f}"] for row in rows]
    parts.append(table(["walks of 5 steps, R-MAT", "million steps a second"], lines))
    return "\n\n".join(parts) + "\n"


def draw(result, file):
    """Probe accuracy, a panel a graph."""
    plt = pyplot()
    graphs = list(dict.fromkeys(row["graph"] for row in result["rows"] if row["part"] == "probe"))
    figure, axes = plt.subplots(1, max(len(graphs), 1), figsize=(4.5 * max(len(graphs), 1), 3), squeeze=False)
    for axis, graph in zip(axes[0], graphs):
        rows = [row for row in result["rows"] if row.get("graph") == graph]
        shown = [name for name in ROWS if name in rows[0]]
        axis.barh(shown[::-1], [100 * np.mean([row[name] for row in rows]) for name in shown[::-1]])
        axis.set(title=graph, xlabel="probe, test accuracy in %")
    figure.tight_layout()
    figure.savefig(file, format="png", dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    main()
