"""Time: is the next rating that a trader gets a bad one? On Bitcoin OTC, asked before it is known.

    python -m benchmarks.temporal [--file soc-sign-bitcoinotc.csv] [--runs 3]

The file is that of https://snap.stanford.edu/data/soc-sign-bitcoin-otc.html: lines of who rates, who is rated, the rating from
-10 to 10, and the time; default: bitcoin_otc/ in GRAPHSAGE_DATA. Each rating is asked about once, at its time, of the trader
who gets it: class 1 is a rating below 0. A question is a node whose neighbour is the trader, whose neighbours are the ratings
that came before, whose neighbours are who gave them. Split by time: 70 / 15 / 15 %.

majority        the most frequent class
features only   how many ratings the trader had got and given before, in logarithms, without edges
share so far    the share of bad ones among those the trader had got (plus one good and a tenth of a bad one)
uniform         GraphSAGE on ratings strictly before the question
recent          the same on the latest of them
leaking         the same model and settings on a dataset without times: it sees later ratings, and the very one that is asked
"""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.shared.measuring import say
from benchmarks.shared.options import options_of
from benchmarks.shared.publish import heading, percent, publish, pyplot, table
from benchmarks.shared.records import new_result, until_interrupted
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.data.dataset import NodeDataset
from graphsage.data.split_by_time import split_by_time
from graphsage.graph.graph import Graph
from graphsage.runs.run import run
from graphsage.training.tasks import METRICS

OPTIONS = {
    "file": (Path, "the ratings; none: made ones"),
    "ratings": (int, "how many are made, where there is no file"),
    "runs": (int, "seeds of each model"),
    "epochs": (int, "epochs"),
}
FILE = Path(os.environ.get("GRAPHSAGE_DATA", ""), "bitcoin_otc", "soc-sign-bitcoinotc.csv")
SIZES = {
    "full": {"file": FILE, "ratings": 0, "runs": 3, "epochs": 8},
    "quick": {"file": None, "ratings": 300, "runs": 1, "epochs": 1},
}
FANOUTS, LEARNING_RATE = (1, 10, 1), 0.003  # chosen on validation
MODELS = {"uniform": {}, "recent": {"draw": "recent"}, "leaking": {}}


def main(argv=None):
    options = options_of("temporal", __doc__, SIZES, OPTIONS, argv)
    options.file = options.file and str(options.file)
    result = new_result(options, argv)
    result["config"].pop("file")
    ratings = read(options.file) if options.file else made(options.ratings)
    with until_interrupted(result):
        data = dataset_of(*ratings)
        result["summary"] = data.summary()
        result["rows"].append({"model": "share so far", "test": [score(data, share_so_far(*ratings[1:]))]})
        for name, how in MODELS.items():
            measure(name, how, data, result, options)
    publish(result, options, markdown(result), draw)


# ---- the data


def read(path):
    """(who rates, who is rated: rows int64[E]; ratings float64[E]; times float64[E]) in the order of time."""
    rows = np.genfromtxt(path, delimiter=",", skip_header=1)
    rows = rows[np.argsort(rows[:, 3], kind="stable")]
    _, ends = np.unique(rows[:, :2], return_inverse=True)
    return *ends.reshape(-1, 2).T, rows[:, 2], rows[:, 3]


def made(number):
    """Ratings at random, of which some traders get bad ones."""
    generator = np.random.default_rng(0)
    source, target = generator.integers(0, 40, (2, number))
    ratings = np.where((target < 8) & (generator.random(number) < 0.7), -5, 3)
    return source, target, ratings.astype(float), np.arange(number, dtype=float)


def dataset_of(source, target, ratings, times):
    """Traders, then ratings, then questions; all features are known before the question."""
    traders, number = int(max(source.max(), target.max())) + 1, len(ratings)
    given, asked = traders + np.arange(number), traders + number + np.arange(number)
    edges = [(given, target, times), (source, given, times), (target, asked, np.full(number, times[0]))]
    src, dst, when = map(np.concatenate, zip(*edges))
    features = np.zeros((traders + 2 * number, 5), np.float32)
    features[:traders, 0] = 1
    features[given, 1:3] = np.stack([ratings / 10, ratings < 0], axis=1)
    features[asked, 3:] = np.log1p(np.stack([counts_before(target, target), counts_before(source, target)], axis=1))
    labels, at = np.full(len(features), -1), np.full(len(features), times[-1])
    labels[asked], at[asked] = ratings < 0, times
    graph = Graph.from_edges(src, dst, len(features), times=when)
    nobody = {"train": [], "val": [], "test": []}
    names = {"name": "bitcoin_otc", "class_names": ("good", "bad")}
    return split_by_time(NodeDataset(graph=graph, features=features, labels=labels, times=at, **nobody, **names))


def counts_before(events, wanted):
    """How often wanted[i] stands among the first i ``events``."""
    seen, counts = Counter(), np.empty(len(wanted))
    for at, (event, trader) in enumerate(zip(events.tolist(), wanted.tolist())):
        counts[at] = seen[trader]
        seen[event] += 1
    return counts


def share_so_far(target, ratings, times):
    """The share of bad ones among the ratings that the rated one had got, float64[E]."""
    bad = counts_before(np.where(ratings < 0, target, -1), target)
    return (bad + 0.1) / (counts_before(target, target) + 1.1)


# ---- measuring


def score(data, of_questions):
    """Test ROC AUC of a number a question."""
    import torch

    shares = np.zeros(data.num_nodes)
    shares[-len(of_questions) :] = of_questions
    logits = torch.tensor(np.stack([-shares, shares], axis=1)[data.test])
    return METRICS["roc_auc"].score(logits, torch.tensor(data.labels[data.test]))


def measure(name, how, data, result, options):
    """A row a model, and those of its baselines with the first."""
    leaks = name == "leaking"
    data = replace(data, times=None) if leaks else data
    train = TrainConfig(
        fanouts=FANOUTS, epochs=options.epochs, learning_rate=LEARNING_RATE, metric="roc_auc", strictly_before=not leaks,
        evaluate="auto" if not leaks else "sampled", num_threads=0, **how,
    )  # fmt: skip
    model = ModelConfig(num_layers=len(FANOUTS), hidden_features=64, dropout=0.1)
    rows = {kind: {"model": kind, "test": []} for kind in (("majority", "features only") if name == "uniform" else ())}
    row = {"model": name, "test": [], "validation": []}
    result["rows"] += [*rows.values(), row]
    for seed in range(options.runs):
        say(f"{name}, seed {seed}")
        config = RunConfig(model=model, train=replace(train, seed=seed), baseline=bool(rows))
        found = run(config, data, log=lambda line: None)
        row["test"].append(found.result.test_score)
        row["validation"].append(found.result.val_score)
        for kind, value in (("majority", found.majority), ("features only", found.features_only)):
            if kind in rows:
                rows[kind]["test"].append(value)
    if not leaks and "later" not in result:
        result["later"] = found.result.later_edges


# ---- what comes of it

ORDER = ("majority", "features only", "share so far", "uniform", "recent", "leaking")


def in_order(result):
    return sorted(result["rows"], key=lambda row: ORDER.index(row["model"]))


def markdown(result):
    """The table, with what it is of."""
    rows = [[row["model"], percent(row["test"]), percent(row.get("validation", []))] for row in in_order(result)]
    text = f"{result['summary']}\n\n{table(['', 'test ROC AUC, %', 'validation'], rows)}"
    return f"{heading(result)}\n\n{text}\n"


def draw(result, file):
    """A bar a model."""
    plt = pyplot()
    figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
    rows = in_order(result)
    axis.barh([row["model"] for row in rows], [100 * np.mean(row["test"]) for row in rows], color="#4472a8")
    axis.invert_yaxis()
    axis.set(xlabel="test ROC AUC, %", title="Is the next rating a bad one? Leaking: with what came later")
    figure.savefig(file, format="png", dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    main()
