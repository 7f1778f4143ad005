"""What is known of a pair without learning: how many neighbours both have, and how many each. Which links a model must beat.

Each function: (dataset, pairs [n, 2], times [n] or None) -> float64 [n], a score a pair, the higher the likelier. Neighbours
are those among the messages about links, whichever way the edge leads, each once. With times a pair knows the
neighbours of before its time alone, and their degrees of then. A pair of isolated nodes scores 0.
"""

from weakref import WeakKeyDictionary

import numpy as np
import torch
from scipy.sparse import csr_array

from graphsage.base.told import of_kind
from graphsage.data.links import LinkDataset
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.graph.build import indptr_of
from graphsage.training.link_evaluation import candidates_of
from graphsage.training.tasks import metrics_of

PATHS = 1 << 12  # pairs whose paths are counted together: of about as many sources, and a row of all nodes each
CHUNK_VALUES = 1 << 24  # of the table of sources, and of the neighbours looked at together


def common_neighbors(dataset, pairs, times=None):
    """|N(a) and N(b)| (Liben-Nowell and Kleinberg 2007, section 3)."""
    return _summed(dataset, pairs, times, lambda known, nodes, when: np.ones(len(nodes)))


def adamic_adar(dataset, pairs, times=None):
    """sum of 1 / log |N(u)| over the common neighbours u (Adamic and Adar 2003): a friend of few tells more than one of all."""
    return _summed(dataset, pairs, times, lambda known, nodes, when: 1 / np.log(known.degrees(nodes, when)))  # which are >= 2


def preferential_attachment(dataset, pairs, times=None):
    """|N(a)| |N(b)| (Barabasi and Albert 1999): the popular find each other."""
    known, pairs, when = _read(dataset, pairs, times)
    return known.degrees(pairs[:, 0], when).astype(np.float64) * known.degrees(pairs[:, 1], when)


def popularity(dataset, pairs, times=None):
    """|N(b)|: what many have, the next will have, too."""
    known, pairs, when = _read(dataset, pairs, times)
    return known.degrees(pairs[:, 1], when).astype(np.float64)


BASELINES = {
    "common neighbours": common_neighbors,
    "Adamic-Adar": adamic_adar,
    "preferential attachment": preferential_attachment,
}


def baselines_of(dataset):
    """{name: function} of those that judge the links of ``dataset``: a source and a target of two types share no neighbour."""
    if not dataset.is_apart:
        return BASELINES
    return {f"popularity ({dataset.ends[1]} degree)": popularity, "common neighbours (paths of three)": paths_of_three}


def baseline_scores(dataset, items, settings, seed):
    """{name: {metric: score}} of ``baselines_of`` on ``Items`` of links, among the candidates that a model is judged on.

    settings: ``LinkConfig``. seed: of the training. ValueError where there are no links.
    """
    if not len(items):
        raise ValueError("items is empty: there is nothing to judge")
    baselines = baselines_of(dataset)
    scores = {name: np.empty((len(items), 1 + settings.candidates)) for name in baselines}
    for start, pairs in candidates_of(dataset, items.seeds, settings, seed):
        stop, flat = start + len(pairs), pairs.reshape(-1, 2)
        times = None if items.time is None else np.repeat(items.time[start:stop], pairs.shape[1])
        for name, score in baselines.items():
            scores[name][start:stop] = score(dataset, flat, times).reshape(len(pairs), -1)
    judges = metrics_of("links").items()
    return {name: {metric: m.score(torch.from_numpy(found)) for metric, m in judges} for name, found in scores.items()}


def paths_of_three(dataset, pairs, times=None):
    """How often who has what a has, has b, too: sum over the neighbours i of a of |N(i) and N(b)|, paths a - i - u - b.

    With times, of each pair by the neighbours of before its time.
    """
    known, pairs, when = _read(dataset, pairs, times)
    scores, order = np.zeros(len(pairs)), np.argsort(pairs[:, 0], kind="stable")
    for at in np.unique(when):
        rows, here = known.matrix(at), order[when[order] == at]
        for part in np.array_split(here, 1 + len(here) // PATHS):
            sources, place = np.unique(pairs[part, 0], return_inverse=True)
            scores[part] = (rows[sources] @ rows @ rows)[place, pairs[part, 1]]
    return scores


class _Known:
    """Neighbours of each node, each once, with the place in time since when: rows sorted by that."""

    def __init__(self, graph):
        src, dst = graph.to_edges()
        edge_times = np.zeros(len(src)) if graph.times is None else graph.times
        self.instants = np.unique(edge_times)
        since = np.searchsorted(self.instants, edge_times)
        row, column, since = np.concatenate([src, dst]), np.concatenate([dst, src]), np.concatenate([since, since])
        row, column, since = self._firsts(row, column, since)
        order = np.lexsort((since, row))
        self.columns, self.since = column[order], since[order]
        self.indptr = indptr_of(np.bincount(row, minlength=graph.num_nodes))
        self._places = row[order] * self._span + self.since  # rising: a search finds how many of a row are from before

    @property
    def _span(self):
        return len(self.instants) + 1

    @staticmethod
    def _firsts(row, column, since):
        """Each neighbour once, since its first edge; no loops."""
        order = np.lexsort((since, column, row))
        row, column, since = row[order], column[order], since[order]
        is_new = np.ones(len(row), bool)
        is_new[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
        kept = is_new & (row != column)
        return row[kept].astype(np.int64), column[kept], since[kept]

    def until(self, times, count):
        """The place in time of each of ``count`` pairs: what is since an earlier one is known."""
        if times is None:
            return np.full(count, self._span - 1)
        if np.shape(times) != (count,):
            raise ValueError(f"times must have one entry a pair, {count}; got shape {np.shape(times)}")
        return np.searchsorted(self.instants, times, side="left")

    def matrix(self, when):
        """csr_array [N, N]: 1 where two nodes are neighbours since before ``when``."""
        is_there = self.since < when
        indptr = indptr_of(is_there)[self.indptr]
        return csr_array((np.ones(indptr[-1]), self.columns[is_there], indptr), shape=(len(indptr) - 1,) * 2)

    def degrees(self, nodes, when):
        """int64: neighbours of each node that are from before ``when``."""
        return np.searchsorted(self._places, nodes * self._span + when, side="left") - self.indptr[nodes]


_KEPT = WeakKeyDictionary()  # graph: _Known, made once for all the chunks of pairs that are scored


def _read(dataset, pairs, times):
    kind = TypedLinkDataset if isinstance(dataset, TypedLinkDataset) else LinkDataset
    pairs, graph = of_kind("dataset", dataset, kind).checked_pairs("pairs", pairs), dataset.flat_graph()
    if times is not None and graph.times is None:
        raise ValueError("times are of no use: the dataset's messages have none")
    known = _KEPT.get(graph) or _KEPT.setdefault(graph, _Known(graph))
    return known, dataset.flat(pairs), known.until(times, len(pairs))


def _summed(dataset, pairs, times, weight):
    """The sum of weight(known, nodes, when) over the common neighbours of each pair."""
    known, pairs, when = _read(dataset, pairs, times)
    scores, order = np.zeros(len(pairs)), np.argsort(pairs[:, 0], kind="stable")
    for part in _chunks(known, pairs[order]):
        places = order[part]
        pair, node = _common(known, pairs[places], when[places])
        np.add.at(scores, places[pair], weight(known, node, when[places[pair]]))
    return scores.round(9)  # equal terms in another order are a tie


def _chunks(known, pairs):
    """Slices of ``pairs``, sorted by source: of few sources, and of targets that have few neighbours together."""
    most = max(1, CHUNK_VALUES // (len(known.indptr) - 1))
    number = np.cumsum(np.diff(pairs[:, 0], prepend=pairs[:1, 0]) != 0) // most
    work = np.cumsum(np.diff(known.indptr)[pairs[:, 1]]) // CHUNK_VALUES
    starts = np.flatnonzero((np.diff(number, prepend=-1) != 0) | (np.diff(work, prepend=-1) != 0))
    return [slice(*ends) for ends in zip(starts, [*starts[1:], len(pairs)])]


def _common(known, pairs, when):
    """(number of the pair, node) of each common neighbour: rows of the sources as a table, in which those of targets look."""
    sources, at = np.unique(pairs[:, 0], return_inverse=True)
    table = np.full((len(sources), len(known.indptr) - 1), known._span, np.int64)
    source, place = _entries(known, sources)
    table[source, known.columns[place]] = known.since[place]
    pair, place = _entries(known, pairs[:, 1])
    node = known.columns[place]
    is_common = np.maximum(table[at[pair], node], known.since[place]) < when[pair]
    return pair[is_common], node[is_common]


def _entries(known, nodes):
    """(number of the node, place of the entry) for all entries of the rows of ``nodes``."""
    counts = np.diff(known.indptr)[nodes]
    number = np.repeat(np.arange(len(nodes)), counts)
    return number, np.arange(len(number)) - np.repeat(np.cumsum(counts) - counts, counts) + known.indptr[nodes][number]
