"""LINQS files (Sen et al. 2008): NAME.content, a line a paper, and NAME.cites, a line a citation -> NodeDataset.

    NAME.content    id <tab> 0 or 1 for each of F words, tabs between <tab> class
    NAME.cites      id of the CITED paper <tab> id of the paper that cites it

Ids are any integers or texts. Lines end with LF or CRLF; published copies of one dataset differ in that.
"""

import re
from pathlib import Path

import numpy as np

from graphsage.base.checks import as_flag
from graphsage.data.dataset import DatasetError, NodeDataset
from graphsage.data.errors import one_of_several
from graphsage.data.readers.text import decoded, read_lines
from graphsage.data.split import random_split
from graphsage.graph.build import indptr_of, label_array
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

TAB, ZERO, ONE = map(ord, "\t01")


def holds_cora_linqs(folder):
    """NAME of the files in ``folder``; None if there are none, DatasetError if there are several."""
    papers = [path for path in Path(folder).glob("?*.content") if path.with_suffix(".cites").is_file()]
    return one_of_several(folder, [path.stem for path in papers])


def read_cora_linqs(folder, name, *, class_names=None, split=None, directed=False):
    """The dataset of the files ``NAME.content`` and ``NAME.cites`` in ``folder``, with a random split.

    N papers in the order of the content file, F words, C classes. Features are ``SparseFeatures`` of ones, not
    row-normalised. ``node_ids`` are the papers' ids: int64 where all are plain integers, else str.
    directed=False: row i holds the papers that i cites and those that cite i. directed=True: those that i cites.
    A pair is linked once, however often it is listed; a paper that cites itself is not its own neighbour. A citation
    with a paper that has no line in the content file is left out, as every user of the published Citeseer does. The id of an
    edge is its line in the file of citations, from 0.

    class_names: the C classes as the file spells them, in the order that numbers them; None sorts them.
    split: number of the ``random_split`` (half / a quarter / a quarter); the files hold none.
    Raises DatasetError, one sentence with file and line.
    """
    directed = as_flag("directed", directed)
    ids, words, classes = _read_papers(Path(folder) / f"{name}.content")
    cited, citing, lines = _read_citations(Path(folder) / f"{name}.cites", {paper: row for row, paper in enumerate(ids)})
    node_ids = label_array(ids)
    class_names = tuple(sorted(set(classes)) if class_names is None else class_names)
    return NodeDataset(
        graph=Graph.from_edges(
            cited,
            citing,
            len(ids),
            edge_ids=lines,
            node_ids=node_ids,
            undirected=not directed,
            duplicates="drop",
            self_loops="drop",
        ),
        features=words,
        labels=_labels(folder, name, classes, class_names),
        **random_split(np.arange(len(ids)), split),
        class_names=class_names,
        name=name,
    )


def _read_papers(path):
    """(N ids, all int or all str; SparseFeatures; N class names)."""
    parts = [(line.split(b"\t", 1)[0], *line.partition(b"\t")[2].rpartition(b"\t")[::2]) for line in read_lines(path)]
    if not parts:
        raise DatasetError(f"{path} has no lines: a dataset needs at least one paper")
    for number, (paper, _, label) in enumerate(parts, 1):
        if not paper or not label:
            raise DatasetError(f"{path}: line {number} must be id, words and class with tabs between")
    ids, seen = _ids(path, [paper for paper, _, _ in parts]), {}
    for number, paper in enumerate(ids, 1):
        if seen.setdefault(paper, number) != number:
            raise DatasetError(f"{path}: line {number} repeats paper {paper!r} of line {seen[paper]}")
    classes = [decoded(path, number, label) for number, (_, _, label) in enumerate(parts, 1)]
    return ids, _words(path, [words for _, words, _ in parts]), classes


def _ids(path, papers):
    """The ids as integers if each is spelled as Python spells one, else as texts: "007" and "7" are two papers."""
    if all(re.fullmatch(rb"0|-?[1-9][0-9]{0,17}", paper) for paper in papers):
        return [int(paper) for paper in papers]
    return [decoded(path, number, paper) for number, paper in enumerate(papers, 1)]


def _words(path, rows):
    """SparseFeatures of lines like b"0\\t1\\t0"."""
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise DatasetError(f"{path}: line {number} must have {len(rows[0]) // 2 + 1} words of 0 or 1, as line 1 has")
    table = np.frombuffer(b"\t".join([*rows, b""]), np.uint8).reshape(len(rows), -1)  # [N, 2F]: word, tab, word, tab, ...
    if table.shape[1] % 2:
        raise DatasetError(f"{path}: line 1 must have words of 0 or 1 with tabs between")
    present = table[:, ::2] == ONE
    wrong = ((~present & (table[:, ::2] != ZERO)) | (table[:, 1::2] != TAB)).any(axis=1)
    if wrong.any():
        raise DatasetError(f"{path}: line {np.argmax(wrong) + 1} must have words of 0 or 1 with tabs between")
    return SparseFeatures(indptr_of(present.sum(axis=1)), np.nonzero(present)[1], None, present.shape[1])


def _read_citations(path, row_of):
    """int64[3, E]: rows of the cited and the citing paper of each citation between papers that have one, and its line."""
    lines = [line.split() for line in read_lines(path)]
    for number, line in enumerate(lines, 1):
        if len(line) != 2:
            raise DatasetError(f"{path}: line {number} must be two papers, cited and citing, got {len(line)} words")
    # as bytes, for then nothing has to be decoded: an id that is not UTF-8 is no paper
    known = {str(paper).encode(): row for paper, row in row_of.items()}
    found = [
        (known[cited], known[citing], at) for at, (cited, citing) in enumerate(lines) if cited in known and citing in known
    ]
    if lines and not found:
        raise DatasetError(f"{path}: none of {len(lines)} citations is between papers of the content file")
    return np.array(found, np.int64).reshape(-1, 3).T


def _labels(folder, name, classes, class_names):
    number_of = {label: number for number, label in enumerate(class_names)}
    unknown = sorted(set(classes) - number_of.keys())
    if unknown:
        path = Path(folder) / f"{name}.content"
        raise DatasetError(f"{path} has the class {unknown[0]!r}, which is none of {', '.join(class_names)}")
    return np.array([number_of[label] for label in classes])
