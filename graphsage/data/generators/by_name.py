"""Datasets made on the spot: ``load_dataset("sbm:nodes=100000,classes=10")``, ``"rmat:scale=17"``, ``"typed:papers=3000"``.

They have the labels and features of one recipe. A label is one of C classes, all of one size (or one node more), in
random order. A node's features are the mean of its class plus Gaussian noise of deviation 1; the C means are random vectors
whose length is ``separation`` on average (in the root mean square). Nodes are split at random.

In a stochastic block model the edges know the labels too, as ``homophily`` says; in an R-MAT graph they do not: it is there for
its size and its hubs. A typed one (``typed_papers``) has the labels at one type and what tells them at another.
"""

from dataclasses import dataclass, fields

import numpy as np

from graphsage.base.checks import MAX_NODES, as_count, refuse_giants
from graphsage.base.memory import available_memory
from graphsage.data.dataset import NodeDataset
from graphsage.data.errors import told_of
from graphsage.data.folders.writer import FolderWriter
from graphsage.data.generators.recipe import (
    Recipe,
    check_real,
    class_features,
    feature_parts,
    option,
    planted,
)
from graphsage.data.generators.typed_papers import TypedPapers

LEAST, LARGEST = 1 << 26, 1 << 31  # bytes of a sort: more do not make it faster


class OfOneType(Recipe):
    """What makes a ``NodeDataset``."""

    def dataset(self, name):
        """The ``NodeDataset``, called ``name``."""
        parts = planted(self)
        features = class_features(self, parts["labels"])
        return NodeDataset(graph=self.graph(parts["labels"]), features=features, **parts, name=name)

    def write(self, name, writer, memory):
        """Write the same to a ``FolderWriter``; features never lie in the memory, and edges where ``write_graph`` says so.

        memory: bytes that sorting edges may take.
        """
        refuse_giants("it", self.num_bytes_written)
        parts = planted(self)
        features = writer.growing("features", np.float32, (self.features,))
        for rows in feature_parts(self, parts["labels"]):
            features.append(rows)
        self.write_graph(parts["labels"], writer, memory)
        about = {"name": name, "class_names": parts.pop("class_names"), "schema": None, "notes": [], "num_columns": None}
        for array, values in parts.items():
            writer.put(array, values)
        writer.finish(about | {"graph_has_ids": False})

    @property
    def num_bytes_written(self):
        """About how much memory ``write`` takes beside its sort."""
        return 64 * self.num_nodes

    def write_graph(self, labels, writer, memory):
        """Write the arrays of the ``Graph`` to a ``FolderWriter``: its edges are sorted in files."""
        from graphsage.data.generators.random_graphs import SIMPLE
        from graphsage.graph.external import external_rows

        parts = self.edge_parts(labels, memory // 2)
        external_rows(parts, self.num_nodes, writer.growing, writer.scratch, memory=memory // 2, **SIMPLE)


@dataclass(frozen=True, kw_only=True)
class BlockModel(OfOneType):
    """Stochastic block model: classes whose nodes prefer, or avoid, each other."""

    nodes: int = option(10_000, "number of nodes")
    degree: float = option(10.0, "neighbours a node on average")
    homophily: float = option(0.8, "share of the edges that join two nodes of one class")

    def __post_init__(self):
        as_count("nodes", self.nodes, least=1, most=MAX_NODES)
        check_real("degree", self.degree, f"from 0 to nodes - 1, {self.nodes - 1}", 0 <= self.degree <= self.nodes - 1)
        check_real("homophily", self.homophily, "from 0 to 1", 0 <= self.homophily <= 1)
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

    def edge_parts(self, labels, memory):
        """Its edges as they are drawn, in parts; memory: bytes that finding repeated pairs may take."""
        from graphsage.data.generators.random_graphs import block_model_parts

        return block_model_parts(labels, self.degree, self.homophily, self.seed, memory)


@dataclass(frozen=True, kw_only=True)
class RMAT(OfOneType):
    """R-MAT graph with the Graph500 parameters: few hubs, many nodes of small degree."""

    scale: int = option(14, "log2 of the number of nodes, at most 30")
    degree: int = option(16, "edges drawn a node; repeats and loops are dropped, and each edge has two directions")

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

    def edge_parts(self, labels, memory):
        """Its edges as they are drawn, in parts."""
        from graphsage.data.generators.random_graphs import rmat_parts

        return rmat_parts(self.scale, self.degree, self.seed)


GENERATORS = {"sbm": BlockModel, "rmat": RMAT, "typed": TypedPapers}


def is_generated(text):
    """Whether a text asks for a generated dataset: "sbm", "rmat" or "typed", or one of them with a colon and options."""
    return text.partition(":")[0] in GENERATORS


def generate(spec):
    """The dataset of a text "KIND:OPTION=VALUE,OPTION=VALUE"; ``spec`` is also its name.

    KIND is "sbm", "rmat" or "typed" (a ``TypedDataset``); ``usage()`` has the options. The same text makes the same
    dataset, everywhere and always.
    Raises DatasetError, one sentence, for a wrong option, and for a dataset that would not fit the memory.
    """
    with told_of(spec):
        recipe = _recipe(spec)
        refuse_giants("it", recipe.num_bytes)
        return recipe.dataset(spec)


def generate_into(spec, path, memory=None):
    """Write the dataset of ``spec`` to the dataset folder ``path``: features never lie in memory, nor do the edges, which
    are sorted in files of ``path`` (24 bytes an edge that is drawn).

    memory: bytes that the sort may take; None: a quarter of what is free, 2 GiB at most. A typed dataset is small: it is
    made in the memory. DatasetError as ``generate``, and where something is at ``path``.
    """
    with told_of(spec):
        recipe = _recipe(spec)
        if not isinstance(recipe, OfOneType):
            generate(spec).save(path)
            return
        memory = max(LEAST, min(available_memory() // 4, LARGEST)) if memory is None else memory
        with FolderWriter(path) as writer:
            recipe.write(spec, writer, int(memory))


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
