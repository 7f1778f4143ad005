"""Test scores of the models that hold the published records of GraphSAGE, trained here by sampling.

    python -m benchmarks.records [minesweeper tolokers ...] [--splits N] [--epochs N] [--data FOLDER] [--readme]

Each graph has one setting, in SETTINGS: depth, width, norm, residuals and dropout as published, the rest (fanouts, batch size,
epochs, learning rate) chosen on the validation nodes. The model of a run is the best on validation. Splits are those in
the file, or 60 / 20 / 20 % at random where it has none (seeds 0, 1, ...), as in the papers.

Prints mean and deviation beside the published figure; writes results/records/records.json run by run, and records.md.
The graphs are files in the folder --data (default: GRAPHSAGE_TEST_DATA).
"""

import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

import graphsage as gs
from benchmarks.shared.measuring import say
from benchmarks.shared.options import parser_of
from benchmarks.shared.publish import paste, percent, table
from benchmarks.shared.records import RESULTS, record, write_json, write_text
from graphsage.runs.run import make_trainer
from graphsage.training.tasks import METRICS

LUO, PLATONOV = "Luo et al. 2024", "Platonov et al. 2023"


@dataclass(frozen=True)
class Setting:
    """file: in the folder of data. published: (mean, deviation, source) in percent. model, train: as in the config groups."""

    file: str
    published: tuple
    model: dict
    train: dict
    is_split: bool = True


SETTINGS = {
    "minesweeper": Setting(
        "heterophilous/minesweeper.npz", (97.77, 0.62, LUO),
        {"num_layers": 15, "hidden_features": 64, "norm": "batch", "residual": True, "dropout": 0.2, "jumping": "last"},
        {"metric": "roc_auc", "fanouts": (8,) * 15, "batch_size": 1250, "epochs": 150, "weight_decay": 0.0,
         "evaluate_every": 5},
    ),
    "tolokers": Setting(
        "heterophilous/tolokers.npz", (82.43, 0.44, PLATONOV),
        {"num_layers": 4, "hidden_features": 128, "norm": "layer", "residual": True, "dropout": 0.2, "activation": "gelu",
         "input_layer": "active"},
        {"metric": "roc_auc", "fanouts": (10,) * 4, "batch_size": 1024, "epochs": 60, "weight_decay": 0.0,
         "learning_rate": 0.003, "evaluate_every": 3},
    ),
    "chameleon_filtered": Setting(
        "heterophilous/chameleon_filtered.npz", (44.81, 4.74, LUO),
        {"num_layers": 4, "hidden_features": 256, "norm": "batch", "residual": True, "dropout": 0.7},
        {"fanouts": (10,) * 4, "batch_size": 128, "epochs": 60, "learning_rate": 0.003},
    ),
    "squirrel_filtered": Setting(
        "heterophilous/squirrel_filtered.npz", (40.78, 1.47, LUO),
        {"num_layers": 3, "hidden_features": 256, "norm": "batch", "residual": True, "dropout": 0.7},
        {"fanouts": (10,) * 3, "batch_size": 256, "epochs": 60, "learning_rate": 0.003},
    ),
    "amazon_computers": Setting(
        "shchur/amazon_cs.npz", (93.25, 0.14, LUO),
        {"num_layers": 4, "hidden_features": 64, "norm": "layer", "dropout": 0.3, "input_layer": "active"},
        {"fanouts": (10, 10, 5, 5), "batch_size": 1024, "epochs": 60, "weight_decay": 5e-5, "learning_rate": 0.005,
         "evaluate_every": 2},
        is_split=False,
    ),
    "amazon_photo": Setting(
        "shchur/amazon_photo.npz", (96.78, 0.23, LUO),
        {"num_layers": 6, "hidden_features": 64, "norm": "layer", "residual": True, "dropout": 0.2, "input_layer": "active"},
        {"fanouts": (10, 10, 5, 5, 5, 5), "batch_size": 1024, "epochs": 60, "weight_decay": 5e-5, "learning_rate": 0.005,
         "evaluate_every": 2},
        is_split=False,
    ),
    "coauthor_cs": Setting(
        "shchur/coauthor_cs.npz", (96.38, 0.11, LUO),
        {"num_layers": 2, "hidden_features": 256, "norm": "layer", "residual": True, "dropout": 0.5},
        {"fanouts": (10, 10), "batch_size": 1024, "epochs": 40, "weight_decay": 5e-4, "learning_rate": 0.001},
        is_split=False,
    ),
}  # fmt: skip


def config_of(name, split, epochs=None):
    setting = SETTINGS[name]
    train = {**setting.train, "seed": split, "device": "cpu", **({"epochs": epochs} if epochs else {})}
    return gs.RunConfig(dataset=setting.file, model=gs.ModelConfig(**setting.model), train=gs.TrainConfig(**train))


def dataset_of(name, split, folder):
    """The graph by the split of that number."""
    setting = SETTINGS[name]
    if setting.is_split:
        return gs.load_dataset(folder / setting.file, split=split)
    dataset = gs.load_dataset(folder / setting.file)
    order = np.random.default_rng(split).permutation(np.flatnonzero(dataset.labels >= 0))
    train, val, test = np.split(order, [len(order) * 3 // 5, len(order) * 4 // 5])
    return replace(dataset, train=train, val=val, test=test)


def trained(name, split, options):
    """A row: scores in [0, 1], and CPU seconds of training and validation."""
    config, started = config_of(name, split, options.epochs), time.process_time()
    result = make_trainer(config, dataset_of(name, split, options.data), log=None).fit()
    scores = {"test": result.test_score, "validation": result.val_score, "best_epoch": result.best_epoch}
    return config, {"graph": name, "split": split, **scores, "cpu_seconds": round(time.process_time() - started, 1)}


def table_of(rows):
    lines = []
    for name in dict.fromkeys(row["graph"] for row in rows):
        found = [row for row in rows if row["graph"] == name]
        mean, deviation, source = SETTINGS[name].published
        metric = METRICS[SETTINGS[name].train.get("metric", "accuracy")].label
        seconds = np.mean([row["cpu_seconds"] for row in found])
        scores = [percent([row[part] for row in found]) for part in ("validation", "test")]
        lines.append([name, metric, str(len(found)), *scores, f"{mean} +- {deviation} ({source})", f"{seconds:.0f}"])
    return table(["graph", "score", "splits", "validation", "test", "published", "CPU s a run"], lines)


def main(argv=None):
    parser = parser_of("records", __doc__)
    parser.add_argument("graphs", nargs="*", metavar="GRAPH", help=f"some of {', '.join(SETTINGS)} (default: all)")
    parser.add_argument("--splits", type=int, default=10, help="splits and seeds 0, 1, ... (default: 10)")
    parser.add_argument("--epochs", type=int, help="epochs of each training (default: as each setting has it)")
    parser.add_argument("--data", type=Path, default=os.environ.get("GRAPHSAGE_TEST_DATA"), help="folder of the graphs")
    parser.add_argument("--out", type=Path, default=RESULTS / "records", help="folder of the results")
    parser.add_argument("--readme", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args(argv)
    unknown = [name for name in options.graphs if name not in SETTINGS]
    if unknown:
        parser.error(f"{unknown[0]!r} is no graph: there are {', '.join(SETTINGS)}")
    if options.data is None:
        parser.error("name the folder of the graphs: --data FOLDER, or GRAPHSAGE_TEST_DATA")
    result = record("records", {name: value for name, value in vars(options).items() if name not in ("data", "out")})
    result.update(rows=[], configs={})
    for name in options.graphs or SETTINGS:
        for split in range(options.splits):
            config, row = trained(name, split, options)
            result["configs"][name] = asdict(config)
            result["rows"].append(row)
            write_json(options.out / "records.json", result)
            write_text(options.out / "records.md", table_of(result["rows"]) + "\n")
            say(f"{row}")
    text = table_of(result["rows"])
    print(text, flush=True)
    if options.readme:
        paste("records", text)


if __name__ == "__main__":
    main()
