"""The section of the report that is about the types and relations of a typed graph."""

from dataclasses import dataclass

import numpy as np

from graphsage.report import report_tables as tables
from graphsage.report.page import section, tag

TITLE = "Types and relations"
WORTH = (
    "Without a relation: the validation {metric} of this very model where it sees no edge of that relation, by all neighbours; "
    "with all of them it is {score}. What costs much is what the model reads. What costs nothing may be left out of the next "
    "training (--relation-fanouts NAME=0,0; scores are then of drawn neighbours), or may be said by another relation as well."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Types:
    """What is told of a ``TypedDataset``. nodes: {type: how many a batch has}; edges: {relation: how many}, means.

    without: {relation: validation score without it, or None}, {} if not known; score: with all of them, or None.
    """

    dataset: object
    nodes: dict
    edges: dict
    without: dict
    score: float | None = None

    @property
    def degrees(self):
        """int64[n]: of each node of the target, the edges of all relations."""
        graph, rows = self.dataset.graph, self.dataset.graph.rows
        own = [at for at, name in enumerate(graph.relations) if name[2] == self.dataset.target]
        parts = [rows.degrees[graph.firsts[at] : graph.firsts[at + 1]] for at in own]
        return np.sum([np.zeros(graph.num_nodes[self.dataset.target], np.int64), *parts], axis=0)


def types(run):
    """Nodes of each type, edges of each relation, and what a relation is worth."""
    known = run.types
    explained = WORTH.format(metric=run.metric.label, score=_shown(run, known.score)) if known.without else None
    return section(TITLE, _of_types(known), tag("p", explained) if explained else None, _of_relations(run, known))


def _of_types(known):
    rows = [
        (name, f"{count:,}", f"{known.dataset.num_features[name]:,}", f"{known.nodes.get(name, 0):,.0f}")
        for name, count in known.dataset.num_nodes.items()
    ]
    return tables.table(["type", "nodes", "features", "nodes in a batch"], rows, "Types of nodes")


def _of_relations(run, known):
    counts, scored = known.dataset.num_edges, bool(known.without)
    rows = [
        (" ".join(name), f"{count:,}", f"{known.edges.get(name, 0):,.0f}", *(_worth(run, known, name) if scored else ()))
        for name, count in counts.items()
    ]
    columns = ["relation", "edges", "edges in a batch", *(["score without it", "costs"] if scored else [])]
    return tables.table(columns, rows, "Relations")


def _worth(run, known, name):
    score = known.without.get(name)
    if score is None or known.score is None:
        return tables.NONE, tables.NONE
    cost = known.score - score
    return _shown(run, score), f"{100 * cost:.1f} points" if run.metric.in_percent else f"{cost:.3f}"


def _shown(run, score):
    return tables.NONE if score is None else run.metric.shown(score).strip()
