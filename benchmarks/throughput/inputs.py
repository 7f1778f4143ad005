"""What all workers of the throughput benchmark read: see ``peers/protocol.Workload``."""

import json

import numpy as np

import graphsage as gs
from benchmarks.shared.workloads import rmat_file
from graphsage.data.dataset import DatasetError

FEATURES, HIDDEN, CLASSES = 128, 256, 47


def write_workload(folder, options, steps):
    """The files of ``protocol.Workload``; returns what they are, for the record."""
    path = rmat_file(options.scale)
    with np.load(path) as arrays:
        degrees, num_edges = np.diff(arrays["indptr"]), len(arrays["indices"])
    train = np.random.default_rng(0).permutation(np.flatnonzero(degrees > 0))
    plan = gs.SeedPlan(train, options.batch)
    if plan.num_steps < steps:
        raise SystemExit(f"the graph has {len(train)} nodes with neighbours, too few for {steps} batches of {options.batch}")
    seeds = [[plan.seeds(round, step) for step in range(steps)] for round in range(options.rounds)]
    np.savez(folder / "seeds.npz", train=train, seeds=np.array(seeds))
    named = write_citations(folder / "citations.npz")
    sizes = {"num_nodes": len(degrees), "num_edges": num_edges, "batch": options.batch}
    sizes |= {"features": FEATURES, "hidden": HIDDEN, "classes": CLASSES}
    (folder / "workload.json").write_text(json.dumps(sizes | {"graph": str(path)}))
    return sizes | {"citation_graph": named}


def write_citations(path):
    """Cora, or where its files are not at hand (GRAPHSAGE_DATA) a random graph of its sizes; returns which it is."""
    try:
        dataset, named = gs.load_dataset("cora", download=False), "cora"
    except DatasetError:
        dataset, named = stand_in(), "random stand-in of Cora's sizes"
    dataset = dataset.row_normalized()
    graph, x = dataset.graph, dataset.features
    arrays = {"x_indptr": x.indptr, "x_indices": x.indices, "x_values": x.values, "x_columns": x.num_columns}
    arrays |= {name: getattr(dataset, name) for name in ("labels", "train", "val", "test")}
    np.savez(path, indptr=graph.indptr, indices=graph.indices, **arrays)
    return named


def stand_in(num_nodes=2708, num_edges=5278, words=1433, words_a_node=18, classes=7):
    rng = np.random.default_rng(0)
    graph = gs.Graph.from_edges(*rng.integers(0, num_nodes, (2, num_edges)), num_nodes, undirected=True)
    columns = np.sort(rng.permuted(np.tile(np.arange(words, dtype=np.int32), (num_nodes, 1)), axis=1)[:, :words_a_node])
    indptr = np.arange(num_nodes + 1) * words_a_node
    features = gs.SparseFeatures(indptr, columns.reshape(-1), None, words)
    labels, order = rng.integers(0, classes, num_nodes), rng.permutation(num_nodes)
    return gs.NodeDataset(
        graph=graph, features=features, labels=labels, train=order[:140], val=order[140:640], test=order[640:1640]
    )
