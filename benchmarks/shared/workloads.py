"""What is trained and sampled: settings, real graphs and R-MAT graphs."""

from functools import partial

import numpy as np

import graphsage as gs
from benchmarks.shared.measuring import say
from benchmarks.shared.options import words
from benchmarks.shared.records import cache_folder
from graphsage.base.files import written_aside
from graphsage.data.dataset import DatasetError
from graphsage.data.generators.random_graphs import rmat

# ---- settings

# of dropout 0.5 or 0.8, input dropout 0 or 0.5, weight decay 5e-4 or 2e-3: the best mean validation accuracy, over the three
# graphs together, of the seeds 100 to 102
PLANETOID = {
    "model": {"hidden_features": 64, "dropout": 0.8, "input_dropout": 0.5},
    "train": {"epochs": 200, "weight_decay": 0.002},
}
TEXTBOOK = {"model": {"dropout": 0.0}, "train": {"batch_size": 16, "batches_per_epoch": 20, "replace": True}}
SETTINGS = {
    "cora": ("cora", PLANETOID),
    "citeseer": ("citeseer", PLANETOID),
    "pubmed": ("pubmed", PLANETOID),
    "debian": ("debian", {"model": {}, "train": {}}),
    "textbook": ("cora", TEXTBOOK),
}
HETEROPHILOUS = {
    "tolokers": {"model": {}, "train": {"epochs": 100, "metric": "roc_auc"}},
    "minesweeper": {"model": {}, "train": {"epochs": 100, "metric": "roc_auc"}},
    "chameleon_filtered": {"model": {}, "train": {"epochs": 100, "batch_size": 64}},
}


def setting(name):
    """{"model": {...}, "train": {...}}: what accuracy.py trains ``name`` with."""
    _, found = SETTINGS[name]
    return {
        "model": dict(found["model"]),
        "train": {**found["train"], "device": "cpu", "normalize_features": False, "num_threads": 0},
    }


# ---- graphs


def rmat_file(scale, edges_per_node=16, seed=0):
    """Path of an npz with ``indptr`` int64[2^scale + 1] and ``indices`` int32[E]; made once, then kept in the cache."""
    path = cache_folder() / f"rmat-{scale}-{edges_per_node}-{seed}-keyed.npz"
    if not path.is_file():
        say(f"making the R-MAT graph of scale {scale}")
        graph = rmat(scale, edges_per_node, seed)
        with written_aside(path) as file:
            np.savez(file, indptr=graph.indptr, indices=graph.indices)
    return path


def rmat_graph(scale, edges_per_node=8):
    """R-MAT graph of 2^scale nodes and nearly twice ``edges_per_node`` neighbours a node."""
    with np.load(rmat_file(scale, edges_per_node)) as arrays:
        return gs.Graph.from_csr(arrays["indptr"], arrays["indices"], copy=False)


def rmat_dataset(scale, edges_per_node=8, num_features=64, num_classes=16):
    """Random features and labels on it: for costs, not for accuracy. All nodes are training nodes."""
    graph, rng = rmat_graph(scale, edges_per_node), np.random.default_rng(0)
    return gs.NodeDataset(
        graph=graph,
        features=rng.standard_normal((graph.num_nodes, num_features), dtype=np.float32),
        labels=rng.integers(0, num_classes, graph.num_nodes),
        train=np.arange(graph.num_nodes),
        val=[],
        test=[],
        name=f"R-MAT {scale}",
    )


REAL = ("cora", "citeseer", "pubmed", "debian")  # those that accuracy.py trains
graph_names = partial(words, known=(*REAL, "rmat"))


def real_datasets(names, left_out):
    """{name: dataset, rows normalised}, but rmat; one whose files are not at hand is left out, and ``left_out`` says why."""
    found = {}
    for name in names:
        if name == "rmat":
            continue
        try:
            found[name] = gs.load_dataset(name, download=False).row_normalized()
        except DatasetError as error:
            left_out[name] = str(error)
            say(f"{name} is left out: {error}")
    return found
