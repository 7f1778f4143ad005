"""Typed graphs: F1 of ours beside features only, types merged, and PyG's RGCN, HAN and HGT, trained in the same run.

    python -m benchmarks.typed_accuracy [--runs 10] [--graphs acm,dblp,debian] [--splits 0,1,2] ...

acm, dblp  the published splits of HeCo with 20, 40 and 60 labels a class. The folders are looked for in
           GRAPHSAGE_BENCH_DATA/heco. The budget is the same for all: ``updates`` updates of all training nodes at once, fanouts
           10,10 (one hop of 10 of a model of one layer), validated every ``every`` updates, and over after ``patience`` without
           a better macro F1 on validation; the weights that were best there are tested.
others     as gs.load_dataset names them, with the settings of a run.
debian     bundled: debian-typed beside debian, the same packages and split; the defaults of ``graphsage train``.

Settings of ours were chosen on validation alone (seeds 100 and 101), those of PyG's models are its examples' (peers.py), with
rows of features divided by their sums where that was better on validation. Seconds are of CPU time. Needs torch-geometric.
"""

import os
from dataclasses import replace
from itertools import product
from pathlib import Path

import torch

import graphsage as gs
from benchmarks.shared.measuring import median, say, timed, versions
from benchmarks.shared.options import numbers, options_of, words
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, percent, publish, pyplot, table
from benchmarks.shared.records import new_result, until_interrupted
from benchmarks.typed_accuracy.peers import PEERS, inputs_of, scores, trained
from graphsage.data.errors import DatasetError
from graphsage.data.readers.heco import read_heco
from graphsage.runs.node_run import make_graphsage

OPTIONS = {
    "graphs": (words, "graphs"),
    "splits": (numbers, "splits of acm and dblp: 0, 1, 2 have 20, 40, 60 labels a class"),
    "runs": (int, "seeds of each"),
    "updates": (int, "updates at most"),
    "every": (int, "updates between validations"),
    "patience": (int, "updates without a better validation, after which a training is over"),
    "epochs": (int, "epochs of debian; 0: as graphsage train"),
    "few": (int, "seeds of debian"),
}
SIZES = {
    "full": {
        "graphs": ("acm", "dblp", "debian"), "splits": (0, 1, 2), "runs": 10, "updates": 100, "every": 5, "patience": 30,
        "epochs": 0, "few": 3,
    },
    "quick": {
        "graphs": ("typed:papers=60",), "splits": (0,), "runs": 1, "updates": 2, "every": 1, "patience": 2, "epochs": 1,
        "few": 1,
    },
}  # fmt: skip
OURS, ALONE, MERGED, FLAT = "TypedGraphSAGE", "features only", "types merged", "debian, one type"
FANOUTS = (10, 10)
#: Chosen on validation: of the model, of the training.
SETTINGS = {
    "acm": ({"norm": "layer", "input_dropout": 0.5, "residual": True}, {}),
    "dblp": ({"dropout": 0.7}, {}),
}
RAW = ("HGT of PyG",)  # whose validation is better on features as they are


def main(argv=None):
    options = options_of("typed_accuracy", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    result = new_result(options, argv)
    result["versions"] |= versions(("torch-geometric",))
    with until_interrupted(result):
        order = product(range(options.runs), options.graphs)  # seed by seed, so that a run cut short has all methods alike
        for seed, name in sorted(order, key=lambda at: at[1] == "debian"):
            for row in measured(name, seed, options, result["left_out"]):
                result["rows"].append({"seed": seed, **row})
    publish(result, options, markdown(result), draw)


def measured(name, seed, options, left_out):
    """Rows of one graph and seed: {"graph", "split", "method", "val", "test", "seconds", ...}."""
    try:
        for split in range(seed < options.few) if name == "debian" else options.splits:
            say(f"seed {seed}, {name}, split {split}")
            rows = of_debian(seed, options) if name == "debian" else compared(dataset_of(name, split), seed, options)
            yield from ({"graph": name, "split": split, **row} for row in rows)
    except (DatasetError, OSError) as error:
        left_out[name] = str(error)


# ---- acm, dblp and others


def dataset_of(name, split):
    if name in SETTINGS:
        return read_heco(Path(os.environ.get("GRAPHSAGE_BENCH_DATA", ".")) / "heco" / name, name, split=split)
    return gs.load_dataset(name, split=split or None)


def compared(dataset, seed, options):
    """A row a method."""
    normalized, settings = dataset.row_normalized(), SETTINGS.get(dataset.name, ({}, {}))
    for method, data in ((OURS, normalized), (ALONE, normalized.without_edges()), (MERGED, normalized.merged())):
        yield {"method": method, **ours(data, seed, options, *settings)}
    for method, kind in PEERS.items():
        inputs = inputs_of(kind, dataset if method in RAW else normalized, FANOUTS)
        yield {"method": method, **trained(kind, inputs, seed, options)}


def ours(dataset, seed, options, model, train):
    """{"val", "test", "best", "updates", "seconds"} of a training with the budget of PyG's models."""
    config = gs.TrainConfig(
        epochs=options.updates, batch_size=len(dataset.train), fanouts=FANOUTS, metric="macro_f1", evaluate="exact",
        evaluate_every=options.every, patience=options.patience, seed=seed, num_threads=0, **train,
    )  # fmt: skip
    return fitted(dataset, gs.ModelConfig(**{"hidden_features": 64, "dropout": 0.5, **model}), config)


def fitted(dataset, model, config):
    trainer = gs.Trainer(model_of(dataset, model, config.seed), dataset, config, log=None)
    found, _, seconds = timed(trainer.fit)
    if found.interrupted:  # the Trainer took the Ctrl-C for its own
        raise KeyboardInterrupt
    outputs = torch.as_tensor(found.outputs)
    parts = {part: scores(outputs, dataset, part) for part in ("val", "test")}
    return {**parts, "best": found.best_epoch, "updates": len(found.history), "seconds": seconds}


def model_of(dataset, config, seed):
    if isinstance(dataset, gs.TypedDataset):
        return gs.TypedGraphSAGE.of(dataset, config=config, dropout=config.dropout, seed=seed)
    return make_graphsage(gs.RunConfig(model=config, train=gs.TrainConfig(seed=seed)), dataset, dataset.num_outputs)


# ---- debian


def of_debian(seed, options):
    """The typed graph, and the same packages as one type; the defaults of a run."""
    for method, name in ((OURS, "debian-typed"), (FLAT, "debian")):
        dataset = gs.load_dataset(name).row_normalized()
        config = gs.TrainConfig(seed=seed, metric="macro_f1", num_threads=0)
        config = replace(config, epochs=options.epochs) if options.epochs else config
        yield {"method": method, **fitted(dataset, gs.ModelConfig(dropout=0.5), config)}


# ---- results


def by_method(result):
    """{(graph, split): {method: its rows}}."""
    found = {}
    for row in result["rows"]:
        found.setdefault((row["graph"], row["split"]), {}).setdefault(row["method"], []).append(row)
    return found


def markdown(result):
    """A table of test scores, and a sentence on each graph."""
    lines, told = [], []
    for (graph, split), methods in by_method(result).items():
        label = graph if graph == "debian" else f"{graph}, {20 * (split + 1)} a class"
        for method, rows in methods.items():
            cells = [percent([row[part][kind] for row in rows]) for part in ("test", "val") for kind in ("macro", "micro")]
            seconds, updates = (median([row[of] for row in rows]) for of in ("seconds", "updates"))
            lines.append([label, method, *cells[:3], len(rows), f"{updates:.0f}", f"{seconds:.1f}"])
        told.append(f"{label}: {_beside(methods)}")
    header = ["graph", "method", "macro F1", "micro F1", "macro F1, validation", "seeds", "updates, epochs", "CPU seconds"]
    return "\n".join([heading(result), "", table(header, lines), "", "\n\n".join(told)]) + "\n"


def _beside(methods):
    """Ours beside the best of the others, by the mean over seeds."""
    means = {method: sum(row["test"]["macro"] for row in rows) / len(rows) for method, rows in methods.items()}
    own, others = means.pop(OURS, 0.0), means
    if not others:
        return f"{100 * own:.1f} % macro F1"
    best = max(others, key=others.get)
    return f"{OURS} has {100 * own:.1f} % macro F1, the best of the others ({best}) {100 * others[best]:.1f} %."


def draw(result, file):
    """A panel a graph and split, a bar a method."""
    found = by_method(result)
    size = {"figsize": (3 * max(len(found), 1), 2.6), "layout": "constrained", "sharey": True, "squeeze": False}
    figure, panels = pyplot().subplots(1, max(len(found), 1), **size)
    for axes, ((graph, split), methods) in zip(panels[0], found.items()):
        means = {method: 100 * sum(row["test"]["macro"] for row in rows) / len(rows) for method, rows in methods.items()}
        axes.barh(list(means), list(means.values()))
        axes.set(title=graph if graph == "debian" else f"{graph}, {20 * (split + 1)} a class", xlabel="macro F1, %")
        axes.invert_yaxis()
    figure.savefig(file, dpi=120, format="png")


if __name__ == "__main__":
    main()
