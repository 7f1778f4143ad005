"""debian.npz -> NodeDataset: packages of a Debian release, what they depend on, their description's words and section.

The file is a zip of ``.npy`` members without pickle; ``datasets/debian/README.md`` describes
it. N packages, A edges "package depends on package", F words (the arrays' names say "arc" for an edge):

    package_names, section_names, kind_names, words    uint8, UTF-8 texts with a line feed between them
    labels[N]          index of the section            split[N]          0 train, 1 validation, 2 test
    arc_counts[N]      edges that start at a package   arc_targets[A]    package depended on;  arc_kinds[A] its kind
    word_counts[N]     words of a package              word_ids[W]       the words, rising within a package

Everything is checked before it is used: a damaged or hostile file is refused with a sentence, never half read.
"""

from pathlib import Path

import numpy as np

from graphsage.base.checks import as_flag, one_of
from graphsage.data.dataset import SPLITS, DatasetError, NodeDataset
from graphsage.data.readers.array_checks import check_below, check_counted, check_length, check_rising, check_vectors, texts_of
from graphsage.data.readers.npz import read_npz
from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

FILE_NAME = "debian.npz"
EDGE_KINDS = ("Depends", "Pre-Depends", "Recommends", "Suggests")
TEXTS = ("package_names", "section_names", "kind_names", "words")
NUMBERS = ("labels", "split", "arc_counts", "arc_targets", "arc_kinds", "word_counts", "word_ids")


def holds_debian(folder):
    """The name "debian" if ``folder`` has the file, else None."""
    return "debian" if (Path(folder) / FILE_NAME).is_file() else None


def fits_debian(names):
    """Whether a .npz file with arrays of these ``names`` is such a file."""
    return {*TEXTS, *NUMBERS} <= set(names)


def read_debian(folder, name="debian", *, edge_kinds=EDGE_KINDS, directed=False):
    """The dataset of the file ``NAME.npz`` in ``folder``, with the split of the file.

    N packages, F words, C sections. Features are ``SparseFeatures`` without values: 1 where the word is in the package's
    short description, not row-normalised. Labels are sections; ``node_ids`` are package names (str), also the graph's.

    edge_kinds: which relations become edges; at least one of "Depends", "Pre-Depends", "Recommends", "Suggests".
    directed=False: row i holds the packages that i depends on and those that depend on i.
    directed=True: row i holds what i depends on; ``graph.reverse()`` is the other direction.
    Two packages are neighbours once, however many relations tie them; a package that names itself is not its own
    neighbour. A package without relations has an empty row; one without words has an empty row of features. The id of an edge
    is its place in ``arc_targets``.

    Raises DatasetError, one sentence that starts with the file's path, for a missing or damaged file.
    """
    kinds, directed = _checked_kinds(edge_kinds), as_flag("directed", directed)
    path = Path(folder) / f"{name}.npz"
    arrays = read_npz(path, (*TEXTS, *NUMBERS))
    try:
        check_vectors(arrays)
        texts = {name: texts_of(name, arrays[name]) for name in TEXTS}
        _check_numbers(arrays, texts)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from None
    names = np.array(texts["package_names"], object)
    split = arrays["split"]
    return NodeDataset(
        graph=_graph(arrays, [texts["kind_names"].index(kind) for kind in kinds], directed, names),
        features=_features(arrays, len(texts["words"])),
        labels=arrays["labels"].astype(np.int64),
        **{part: np.flatnonzero(split == code) for code, part in enumerate(SPLITS)},
        class_names=tuple(texts["section_names"]),
        name=name,
    )


def _checked_kinds(edge_kinds):
    if isinstance(edge_kinds, (str, bytes)) or not np.iterable(edge_kinds):
        raise TypeError(f"edge_kinds must be a list of {', '.join(EDGE_KINDS)}; got {edge_kinds!r}")
    kinds = tuple(one_of(f"edge_kinds[{at}]", kind, EDGE_KINDS) for at, kind in enumerate(edge_kinds))
    if not kinds:
        raise ValueError(f"edge_kinds is empty: give at least one of {', '.join(EDGE_KINDS)}")
    return kinds


# ---- what becomes of the arrays


def _graph(arrays, codes, directed, names):
    chosen = np.flatnonzero(np.isin(arrays["arc_kinds"], codes))
    package = np.repeat(np.arange(len(names)), arrays["arc_counts"])[chosen]
    return Graph.from_edges(
        arrays["arc_targets"][chosen],  # a package aggregates from what it depends on
        package,
        len(names),
        edge_ids=chosen,
        node_ids=names,
        undirected=not directed,
        duplicates="drop",
        self_loops="drop",
    )


def _features(arrays, num_words):
    return SparseFeatures(indptr_of(arrays["word_counts"].astype(np.int64)), arrays["word_ids"], None, num_words)


# ---- checks


def _check_numbers(arrays, texts):
    """The rules that tie the arrays to each other."""
    num_nodes, num_kinds = len(texts["package_names"]), len(texts["kind_names"])
    if tuple(texts["kind_names"]) != EDGE_KINDS:
        raise DatasetError(f"kind_names must be {', '.join(EDGE_KINDS)}; got {', '.join(texts['kind_names'])[:80]}")
    for name in ("labels", "split", "arc_counts", "word_counts"):
        check_length(name, arrays[name], num_nodes, "one for every package")
    for name, counts in (("arc_targets", "arc_counts"), ("arc_kinds", "arc_counts"), ("word_ids", "word_counts")):
        check_counted(name, arrays[name], counts, arrays[counts])
    check_below("labels", arrays["labels"], len(texts["section_names"]), "sections")
    check_below("split", arrays["split"], len(SPLITS), "parts")
    check_below("arc_targets", arrays["arc_targets"], num_nodes, "packages")
    check_below("arc_kinds", arrays["arc_kinds"], num_kinds, "kinds")
    check_below("word_ids", arrays["word_ids"], len(texts["words"]), "words")
    keys = arrays["arc_targets"] * np.int64(num_kinds) + arrays["arc_kinds"]
    check_rising("arc_targets", "package", arrays["arc_counts"], keys)
    check_rising("word_ids", "package", arrays["word_counts"], arrays["word_ids"].astype(np.int64))
