"""The graphs, what is published of them, and the one setting of each."""

from dataclasses import dataclass, replace

import numpy as np

import graphsage as gs
from graphsage.training.tasks import METRICS

LUO, PLATONOV, OURS = "Luo et al. 2024", "Platonov et al. 2023", "plain, here"


@dataclass(frozen=True)
class Setting:
    """file: in the folder of data. published: (mean, deviation or None, source) in percent. model, train: as in the configs.

    full: what a full batch has otherwise. splits: how many the sampled training has.
    split_by: file: it has several; random: 60 / 20 / 20 %; one: the only one, with another seed each time.
    """

    file: str
    published: tuple
    model: dict
    train: dict
    full: dict
    splits: int = 10
    split_by: str = "one"


SETTINGS = {
    "minesweeper": Setting(
        "heterophilous/minesweeper.npz", (97.77, 0.62, LUO),
        {"num_layers": 8, "hidden_features": 64, "norm": "batch", "residual": True, "dropout": 0.2},
        {"metric": "roc_auc", "fanouts": (8,) * 8, "batch_size": 2500, "epochs": 200, "weight_decay": 0.0,
         "learning_rate": 0.01, "label_reuse": 0.5, "average": 0.9, "schedule": "cosine", "evaluate_every": 10},
        {"epochs": 400, "evaluate_every": 20},
        split_by="file",
    ),
    "tolokers": Setting(
        "heterophilous/tolokers.npz", (82.43, 0.44, PLATONOV),
        {"num_layers": 3, "hidden_features": 128, "norm": "batch", "residual": True, "dropout": 0.2, "activation": "gelu",
         "input_layer": "active"},
        {"metric": "roc_auc", "fanouts": (10, 10, 5), "batch_size": 512, "epochs": 24, "weight_decay": 0.0,
         "learning_rate": 0.01, "label_reuse": 0.7, "schedule": "cosine", "evaluate_every": 3},
        {"epochs": 60, "evaluate_every": 5},
        split_by="file",
    ),
    "chameleon_filtered": Setting(
        "heterophilous/chameleon_filtered.npz", (44.81, 4.74, LUO),
        {"num_layers": 3, "hidden_features": 256, "aggregator": "max", "norm": "layer", "input_layer": "active",
         "dropout": 0.2},
        {"fanouts": (10, 10, 5), "batch_size": 128, "epochs": 40, "learning_rate": 0.001, "weight_decay": 5e-5},
        {"epochs": 80},
        split_by="file",
    ),
    "squirrel_filtered": Setting(
        "heterophilous/squirrel_filtered.npz", (40.78, 1.47, LUO),
        {"num_layers": 3, "hidden_features": 256, "norm": "batch", "residual": True, "dropout": 0.7},
        {"fanouts": (10,) * 3, "batch_size": 264, "epochs": 40, "learning_rate": 0.003, "weight_decay": 0.001,
         "normalize_features": False},
        {"epochs": 80},
        split_by="file",
    ),
    "amazon_computers": Setting(
        "shchur/amazon_cs.npz", (93.25, 0.14, LUO),
        {"num_layers": 3, "hidden_features": 64, "norm": "batch", "residual": True, "dropout": 0.5, "input_layer": "active",
         "jumping": "cat"},
        {"fanouts": (5, 4, 3), "batch_size": 256, "epochs": 20, "normalize_features": False, "learning_rate": 0.005,
         "weight_decay": 5e-5, "average": 0.98, "correct_and_smooth": True, "schedule": "cosine", "evaluate_every": 2},
        {"epochs": 100, "evaluate_every": 5},
        split_by="random",
    ),
    "amazon_photo": Setting(
        "shchur/amazon_photo.npz", (96.78, 0.23, LUO),
        {"num_layers": 3, "hidden_features": 64, "norm": "batch", "residual": True, "dropout": 0.5, "input_layer": "active",
         "jumping": "cat"},
        {"fanouts": (5, 4, 3), "batch_size": 256, "epochs": 25, "normalize_features": False, "learning_rate": 0.005,
         "weight_decay": 5e-5, "average": 0.98, "schedule": "cosine", "evaluate_every": 3},
        {"epochs": 100, "evaluate_every": 5},
        split_by="random",
    ),
    "coauthor_cs": Setting(
        "shchur/coauthor_cs.npz", (96.38, 0.11, LUO),
        {"num_layers": 2, "hidden_features": 256, "norm": "layer", "residual": True, "dropout": 0.5},
        {"fanouts": (5, 5), "batch_size": 1024, "epochs": 30, "learning_rate": 0.001, "schedule": "cosine",
         "evaluate_every": 3},
        {"epochs": 30, "evaluate_every": 3},
        split_by="random",
    ),
    "cora": Setting(
        "planetoid/cora", (81.0, None, OURS), {"hidden_features": 64, "dropout": 0.8, "input_dropout": 0.5},
        {"epochs": 100, "weight_decay": 0.002, "correct_and_smooth": True}, {},
    ),
    "citeseer": Setting(
        "planetoid/citeseer", (70.7, None, OURS), {"hidden_features": 64, "dropout": 0.8, "input_dropout": 0.5},
        {"batch_size": 40, "epochs": 200, "weight_decay": 0.002, "label_smoothing": 0.3, "correct_and_smooth": True,
         "evaluate_every": 2}, {},
    ),
    "pubmed": Setting(
        "planetoid/pubmed", (77.4, None, OURS), {"hidden_features": 64, "dropout": 0.8, "input_dropout": 0.5},
        {"epochs": 100, "weight_decay": 0.002, "correct_and_smooth": True, "evaluate_every": 4}, {},
    ),
    "debian": Setting(
        "debian", (76.0, None, OURS), {},
        {"epochs": 20, "schedule": "cosine", "weight_decay": 5e-5, "evaluate_every": 4}, {"epochs": 60},
    ),
}  # fmt: skip


def config_of(name, split, *, changes=None, full=False):
    """changes: {setting: value}, of model or training, in place of those of ``SETTINGS``."""
    setting, changes = SETTINGS[name], dict(changes or {})
    model = setting.model | {key: changes.pop(key) for key in list(changes) if hasattr(gs.ModelConfig, key)}
    train = {**setting.train, **changes, "seed": split, "device": "cpu", "evaluate": "exact", "num_threads": 0}
    if full:
        train |= {"batch_size": None, **setting.full}
    if train.get("batch_size", 0) is None:  # which a try may ask for, too
        for key in ("fanouts", "batches_per_epoch", "accumulate", "num_threads"):
            train.pop(key, None)
    return gs.RunConfig(dataset=setting.file, model=gs.ModelConfig(**model), train=gs.TrainConfig(**train))


def dataset_of(name, split, folder):
    """The graph by the split of that number."""
    setting = SETTINGS[name]
    which = {"split": split} if setting.split_by == "file" else {}
    dataset = gs.load_dataset(name if name == setting.file else folder / setting.file, **which)
    if setting.split_by != "random":
        return dataset
    order = np.random.default_rng(split).permutation(np.flatnonzero(dataset.labels >= 0))
    train, val, test = np.split(order, [len(order) * 3 // 5, len(order) * 4 // 5])
    return replace(dataset, train=train, val=val, test=test)


def metric_of(name):
    """What its scores are, for people."""
    return METRICS[SETTINGS[name].train.get("metric", "accuracy")].label


#: What is off in ``plain``, and on alone in the others, for a training of ``epochs``.
OFF = {"optimizer": "adam", "warmup_epochs": 0, "average": 0.0, "correct_and_smooth": False}
OPTIONS = {
    "plain": lambda epochs: OFF,
    "adamw": lambda epochs: OFF | {"optimizer": "adamw", "weight_decay": 0.01},
    "warm-up": lambda epochs: OFF | {"warmup_epochs": max(1, epochs // 10)},
    "average": lambda epochs: OFF | {"average": 0.95},
    "correct and smooth": lambda epochs: OFF | {"correct_and_smooth": True},
}
