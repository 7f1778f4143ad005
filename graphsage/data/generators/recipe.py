"""What generated datasets have in common: classes, a split, features that are class means and noise, and a seed."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from graphsage.base.checks import as_count

LABELS, MEANS, NOISE, SPLIT = range(2, 6)  # what draws are for; the graphs have 0 and 1
CHUNK = 1 << 14  # rows that get their class means together


def option(default, text):
    """A field of a recipe."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What all generated datasets have: labels, features, a split and a seed."""

    classes: int = option(8, "number of classes")
    features: int = option(16, "number of features")
    separation: float = option(1.0, "length of a class mean; the noise has deviation 1 in each feature")
    train: float = option(0.1, "share of the nodes to train on")
    val: float = option(0.1, "share of the nodes to validate on; the rest is for the test")
    seed: int = option(0, "of everything that is random, 0 <= seed < 2^64")

    def __post_init__(self):
        as_count("classes", self.classes, least=1, most=self.num_nodes)
        as_count("features", self.features, least=1)
        as_count("seed", self.seed, most=2**64 - 1)
        check_real("separation", self.separation, ">= 0 and finite", 0 <= self.separation < np.inf)
        check_real("train", self.train, "from 0 to 1", 0 <= self.train <= 1)
        holds = 0 <= self.val and self.train + self.val <= 1 + 1e-9  # 0.7 + 0.2 + 0.1 is not quite 1
        check_real("val", self.val, f"from 0 to 1 - train, {1 - self.train:g}", holds)


def check_real(name, value, rule, holds):
    """ValueError unless it ``holds``."""
    if not holds:
        raise ValueError(f"{name} must be {rule}, got {value!r}")


def key_of(recipe):
    """A function of what draws are for, and further numbers: their key."""
    from graphsage.base.rng import GENERATE, stream_key  # numba, only for those who generate

    return partial(stream_key, recipe.seed, GENERATE)


def planted(recipe):
    """{"labels", "train", "val", "test", "class_names"} of the recipe's ``num_nodes``."""
    from graphsage.base.rng import permutation

    key = key_of(recipe)
    order = permutation(key(SPLIT), recipe.num_nodes)
    ends = [round(share * recipe.num_nodes) for share in (recipe.train, recipe.train + recipe.val)]
    return {
        "labels": permutation(key(LABELS), recipe.num_nodes) % recipe.classes,
        **{part: np.sort(ids) for part, ids in zip(("train", "val", "test"), np.split(order, ends))},
        "class_names": tuple(f"class {number}" for number in range(recipe.classes)),
    }


def class_features(recipe, labels):
    """float32 [N, F]: class mean plus noise. numpy's normal draws; Philox gives the same ones whoever asks."""
    features = np.empty((len(labels), recipe.features), np.float32)
    for start, part in zip(range(0, len(labels), CHUNK), feature_parts(recipe, labels)):
        features[start : start + CHUNK] = part
    return features


def feature_parts(recipe, labels):
    """Yield the rows of ``class_features``, some at a time: a generator of normal draws goes on where it stood."""
    key = key_of(recipe)
    means, noise = (np.random.Generator(np.random.Philox(key=int(key(use)))) for use in (MEANS, NOISE))
    means = means.standard_normal((recipe.classes, recipe.features)) * (recipe.separation / recipe.features**0.5)
    means = means.astype(np.float32)
    for start in range(0, len(labels), CHUNK):
        classes = labels[start : start + CHUNK]
        yield noise.standard_normal((len(classes), recipe.features), np.float32) + means[classes]
