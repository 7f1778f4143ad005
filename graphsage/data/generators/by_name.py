"""Datasets made on the spot: ``load_dataset("sbm:nodes=100000,classes=10")``, ``load_dataset("rmat:scale=17")``.

Both kinds have the labels and features of one recipe. A label is one of C classes, all of one size (or one node more), in
random order. A node's features are the mean of its class plus Gaussian noise of deviation 1; the C means are random vectors
whose length is ``separation`` on average (in the root mean square). Nodes are split at random.

In a stochastic block model the edges know the labels too, as ``homophily`` says; in an R-MAT graph they do not: it is there for
its size and its hubs.
"""

from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np

from graphsage.base.checks import MAX_NODES, as_count, refuse_giants
from graphsage.data.dataset import NodeDataset
from graphsage.data.errors import told_of

LABELS, MEANS, NOISE, SPLIT = range(2, 6)  # what draws are for; the graphs have 0 and 1
CHUNK = 1 << 14  # rows that get their class means together


def _option(default, text):
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What all generated datasets have: labels, features, a split and a seed."""

    classes: int = _option(8, "number of classes")
    features: int = _option(16, "number of features")
    separation: float = _option(1.0, "length of a class mean; the noise has deviation 1 in each feature")
    train: float = _option(0.1, "share of the nodes to train on")
    val: float = _option(0.1, "share of the nodes to validate on; the rest is for the test")
    seed: int = _option(0, "of everything that is random, 0 <= seed < 2^64")

    def __post_init__(self):
        as_count("classes", self.classes, least=1, most=self.num_nodes)
        as_count("features", self.features, least=1)
        as_count("seed", self.seed, most=2**64 - 1)
        _check_real("separation", self.separation, ">= 0 and finite", 0 <= self.separation < np.inf)
        _check_real("train", self.train, "from 0 to 1", 0 <= self.train <= 1)
        holds = 0 <= self.val and self.train + self.val <= 1 + 1e-9  # 0.7 + 0.2 + 0.1 is not quite 1
        _check_real("val", self.val, f"from 0 to 1 - train, {1 - self.train:g}", holds)


@dataclass(frozen=True, kw_only=True)
class BlockModel(Recipe):
    """Stochastic block model: classes whose nodes prefer, or avoid, each other."""

    nodes: int = _option(10_000, "number of nodes")
    degree: float = _option(10.0, "neighbours a node on average")
    homophily: float = _option(0.8, "share of the edges that join two nodes of one class")

    def __post_init__(self):
        as_count("nodes", self.nodes, least=1, most=MAX_NODES)
        _check_real("degree", self.degree, f"from 0 to nodes - 1, {self.nodes - 1}", 0 <= self.degree <= self.nodes - 1)
        _check_real("homophily", self.homophily, "from 0 to 1", 0 <= self.homophily <= 1)
        super().__post_init__()

    @property
    def num_nodes(self):
        """N."""
        return self.nodes

    @property
    def num_bytes(self):
        """About how much memory its making takes."""
        return int((40 * self.degree + 4 * self.features) * self.nodes)

    def graph(self, labels):
        """The ``Graph`` among nodes of these labels."""
        from graphsage.data.generators.random_graphs import block_model

        return block_model(labels, self.degree, self.homophily, self.seed)


@dataclass(frozen=True, kw_only=True)
class RMAT(Recipe):
    """R-MAT graph with the Graph500 parameters: few hubs, many nodes of small degree."""

    scale: int = _option(14, "log2 of the number of nodes, at most 30")
    degree: int = _option(16, "edges drawn a node; repeats and loops are dropped, and each edge has two directions")

    def __post_init__(self):
        as_count("scale", self.scale, most=30)
        as_count("degree", self.degree, least=1)
        super().__post_init__()

    @property
    def num_nodes(self):
        """N."""
        return 1 << self.scale

    @property
    def num_bytes(self):
        """About how much memory its making takes."""
        return (34 * self.degree + 4 * self.features) << self.scale

    def graph(self, labels):
        """The ``Graph``; it does not look at the labels."""
        from graphsage.data.generators.random_graphs import rmat

        return rmat(self.scale, self.degree, self.seed)


GENERATORS = {"sbm": BlockModel, "rmat": RMAT}


def is_generated(text):
    """Whether a text asks for a generated dataset: "sbm", "rmat", or one of them with a colon and options."""
    return text.partition(":")[0] in GENERATORS


def generate(spec):
    """The ``NodeDataset`` of a text "KIND:OPTION=VALUE,OPTION=VALUE"; ``spec`` is also its name.

    KIND is "sbm" or "rmat"; ``usage()`` has the options. The same text makes the same dataset, everywhere and always.
    Raises DatasetError, one sentence, for a wrong option, and for a dataset that would not fit the memory.
    """
    with told_of(spec):
        recipe = _recipe(spec)
        refuse_giants("it", recipe.num_bytes)
        return _made(recipe, spec)


def usage():
    """A line for each kind and its options, with their defaults."""
    return [f"{kind}:" + ",".join(f"{name}={o.default}" for name, o in _options(kind).items()) for kind in GENERATORS]


def _options(kind):
    """{name: field}, the kind's own first."""
    shared = {option.name for option in fields(Recipe)}
    return {option.name: option for option in sorted(fields(GENERATORS[kind]), key=lambda option: option.name in shared)}


def _recipe(spec):
    kind, _, listed = spec.partition(":")
    known, given = _options(kind), {}
    for text in listed.split(",") if listed else []:
        name, equals, value = text.partition("=")
        if name not in known or not equals or name in given:
            rule = f"options are OPTION=VALUE, each once, with commas between: {', '.join(known)}"
            raise ValueError(f"{rule}; got {text!r}")
        given[name] = _value(name, known[name].type, value)
    return GENERATORS[kind](**given)


def _value(name, kind, text):
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{name} must be {'an integer' if kind is int else 'a number'}, got {text!r}") from None


def _check_real(name, value, rule, holds):
    if not holds:
        raise ValueError(f"{name} must be {rule}, got {value!r}")


def _made(recipe, name):
    from graphsage.base.rng import GENERATE, permutation, stream_key  # numba, only for those who generate

    key_of = partial(stream_key, recipe.seed, GENERATE)
    labels = permutation(key_of(LABELS), recipe.num_nodes) % recipe.classes
    order = permutation(key_of(SPLIT), recipe.num_nodes)
    ends = [round(share * recipe.num_nodes) for share in (recipe.train, recipe.train + recipe.val)]
    return NodeDataset(
        graph=recipe.graph(labels),
        features=_features(recipe, labels, key_of),
        labels=labels,
        **{part: np.sort(ids) for part, ids in zip(("train", "val", "test"), np.split(order, ends))},
        class_names=tuple(f"class {number}" for number in range(recipe.classes)),
        name=name,
    )


def _features(recipe, labels, key_of):
    """float32 [N, F]: class mean plus noise. numpy's normal draws; Philox gives the same ones whoever asks."""
    means, noise = (np.random.Generator(np.random.Philox(key=int(key_of(use)))) for use in (MEANS, NOISE))
    means = means.standard_normal((recipe.classes, recipe.features)) * (recipe.separation / recipe.features**0.5)
    means = means.astype(np.float32)
    features = noise.standard_normal((recipe.num_nodes, recipe.features), np.float32)
    for start in range(0, len(labels), CHUNK):
        features[start : start + CHUNK] += means[labels[start : start + CHUNK]]
    return features
