"""debian-typed.npz -> TypedDataset: packages of a Debian release, their maintainers, sources and tags, and what ties them.

The file is a zip of ``.npy`` members without pickle; ``datasets/debian-typed/README.md`` describes it. N packages:

    package_names, maintainer_names, source_names, tag_names, section_names, words, source_words    UTF-8 texts (uint8)
    labels[N], split[N]                index of the section; 0 train, 1 validation, 2 test
    maintained_by[N], built_from[N]    the maintainer and the source of a package
    NAME_counts[N], NAME_ids           lists of numbers: depends, recommends, suggests, conflicts, provides (packages), tagged
                                       (tags), word (words); source_word of sources (source_words)

Everything is checked before it is used: a damaged or hostile file is refused with a sentence, never half read.
"""

from pathlib import Path

import numpy as np

from graphsage.data.dataset import SPLITS
from graphsage.data.errors import told_of
from graphsage.data.readers.array_checks import check_below, check_counted, check_length, check_rising, check_vectors, texts_of
from graphsage.data.readers.npz import read_npz
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import TypedGraph

FILE_NAME = "debian-typed.npz"
TYPES = ("package", "maintainer", "source", "tag")
TEXTS = (*(f"{name}_names" for name in (*TYPES, "section")), "words", "source_words")
# relation of a package: the type at its other end
ONE_EACH = {"maintained_by": "maintainer", "built_from": "source"}
LISTED = {**dict.fromkeys(("depends", "recommends", "suggests", "conflicts", "provides"), "package"), "tagged": "tag"}
WORDS = {"word": ("package", "words"), "source_word": ("source", "source_words")}
NUMBERS = ("labels", "split", *ONE_EACH, *(f"{name}_{part}" for name in (*LISTED, *WORDS) for part in ("counts", "ids")))


def holds_debian_typed(folder):
    """The name "debian-typed" if ``folder`` has the file, else None."""
    return "debian-typed" if (Path(folder) / FILE_NAME).is_file() else None


def fits_debian_typed(names):
    """Whether a .npz file with arrays of these ``names`` is such a file."""
    return {*TEXTS, *NUMBERS} <= set(names)


def read_debian_typed(folder, name="debian-typed", *, class_names=None):
    """The ``TypedDataset`` of the file ``NAME.npz`` in ``folder``, with the split of the file.

    Types: package (the target: labels are sections), maintainer, source, tag. Relations are (package, NAME, other): depends,
    recommends, suggests, conflicts, provides (package), maintained_by (maintainer), built_from (source), tagged (tag), each
    with its reverse. The id of an edge is its place in NAME_ids, or the package's number. Features are ``SparseFeatures``
    without values: of a package the words of its short description, of a source those of its name. Maintainers and tags have
    none. ``node_ids`` are names.

    Raises DatasetError, one sentence that starts with the file's path, for a missing or damaged file.
    """
    path = Path(folder) / f"{name}.npz"
    arrays = read_npz(path, (*TEXTS, *NUMBERS))
    with told_of(path):
        check_vectors(arrays)
        texts = {name: texts_of(name, arrays[name]) for name in TEXTS}
        sizes = {name: len(texts[f"{name}_names"]) for name in TYPES}
        _check_numbers(arrays, texts, sizes)
        return TypedDataset(
            graph=TypedGraph(sizes, _edges(arrays, sizes["package"]), reverse=True),
            features={of: _words(arrays, name, len(texts[blob])) for name, (of, blob) in WORDS.items()},
            target="package",
            labels=arrays["labels"].astype(np.int64),
            **{part: np.flatnonzero(arrays["split"] == code) for code, part in enumerate(SPLITS)},
            class_names=tuple(texts["section_names"]) if class_names is None else class_names,
            node_ids={name: np.array(texts[f"{name}_names"], object) for name in TYPES},
            name=name,
        )


def _edges(arrays, num_packages):
    """{relation: (src, dst)}."""
    packages = np.arange(num_packages)
    edges = {}
    for name, other in LISTED.items():
        edges["package", name, other] = (np.repeat(packages, arrays[f"{name}_counts"]), arrays[f"{name}_ids"])
    for name, other in ONE_EACH.items():
        edges["package", name, other] = (packages, arrays[name])
    return edges


def _words(arrays, name, num_words):
    return SparseFeatures(indptr_of(arrays[f"{name}_counts"].astype(np.int64)), arrays[f"{name}_ids"], None, num_words)


def _check_numbers(arrays, texts, sizes):
    """The rules that tie the arrays to each other."""
    for name in ("labels", "split", *ONE_EACH):
        check_length(name, arrays[name], sizes["package"], "one for every package")
    check_below("labels", arrays["labels"], len(texts["section_names"]), "sections")
    check_below("split", arrays["split"], len(SPLITS), "parts")
    for name, other in ONE_EACH.items():
        check_below(name, arrays[name], sizes[other], f"{other}s")
    for name, other in LISTED.items():
        _check_list(arrays, name, "package", sizes["package"], sizes[other], f"{other}s")
    for name, (of, blob) in WORDS.items():
        _check_list(arrays, name, of, sizes[of], len(texts[blob]), blob)


def _check_list(arrays, name, of, num_rows, size, what):
    counts, ids = (arrays[f"{name}_{part}"] for part in ("counts", "ids"))
    check_length(f"{name}_counts", counts, num_rows, f"one for every {of}")
    check_counted(f"{name}_ids", ids, f"{name}_counts", counts)
    check_below(f"{name}_ids", ids, size, what)
    check_rising(f"{name}_ids", of, counts, ids.astype(np.int64))
