"""Baselines of a training on nodes, beside the model without edges: labels of neighbours, and trees on features.

Each is a function of the dataset that gives outputs [N, C] of all nodes, which the run's metric judges as it judges a model's.
"""

from importlib.util import find_spec

import numpy as np
import torch

from graphsage.training.propagation import STEPS, known_labels, spread, symmetric_adjacency
from graphsage.training.thresholds import chosen_thresholds
from graphsage.training.tree_baselines import FEW, joined_rows, plain_rows, tree_outputs, why_no_trees

STRENGTHS = (0.5, 0.9, 0.99)  # of label propagation
MOST_PRODUCTS = 2e10  # of label propagation: about 20 seconds on one core
LEAST = 1e-9  # how much the mean of the training labels weighs, beside what arrives from neighbours
PROPAGATED, TREES, JOINED = "label propagation", "boosted trees", "trees, neighbours"


def baseline_scores(dataset, metric, seed, *, trees=True, log=print):
    """(name, test score by ``metric``) of each baseline that takes seconds here; ``log`` is told of those that would not.

    trees: gradient-boosted ones, too, where scikit-learn is installed and more than 40 nodes train: of fewer none would have a
    branch. Nothing without test nodes.
    """
    if len(dataset.test):
        yield from _propagated(dataset, metric, log)
        yield from _of_trees(dataset, metric, seed, log) if trees else ()


def typed_baseline_scores(dataset, metric, seed, *, trees=True, log=print):
    """The same of a ``TypedDataset``: labels spread along the edges of all relations, and trees on the labelled nodes."""
    if len(dataset.test):
        yield from _propagated(dataset.merged(), metric, log)
        targets = dataset.targets
        yield from _of_trees(targets, metric, seed, log, joined=targets.graph.num_edges > 0) if trees else ()


def _propagated(dataset, metric, log):
    judge = Judge(dataset, metric)
    if reason := why_not_propagated(dataset):
        log(reason)
    else:
        yield PROPAGATED, judge.test(label_propagation(dataset, judge))


def _of_trees(dataset, metric, seed, log, joined=True):
    judge = Judge(dataset, metric)
    if not find_spec("sklearn") or len(dataset.train) <= FEW:
        return
    if reason := why_no_trees(dataset):
        log(reason)
        return
    log("Comparing with gradient-boosted trees ...")
    rows = plain_rows(dataset, seed)
    yield TREES, judge.test(tree_outputs(dataset, rows, seed, judge))
    if joined and dataset.times is None:  # a mean of all neighbours would tell of later ones
        yield JOINED, judge.test(tree_outputs(dataset, joined_rows(dataset, rows), seed, judge))


class Judge:
    """Scores outputs as those of a model are scored: where nodes have several labels, with thresholds of the validation."""

    def __init__(self, dataset, metric):
        self.dataset, self.metric = dataset, metric

    def validation(self, outputs):
        """Of outputs [N, C]; 0 without validation nodes, and the least of all where a metric of the caller's own has none."""
        score = self._score(self.decided(outputs), self.dataset.val) if len(self.dataset.val) else 0.0
        return -np.inf if score is None else score

    def test(self, outputs):
        """Of outputs [N, C]; None where a metric of the caller's own has none."""
        return self._score(self.decided(outputs), self.dataset.test)

    def decided(self, outputs):
        """The outputs as a tensor; of several labels a node, above 0 means that it has the label."""
        outputs, val = torch.from_numpy(outputs), self.dataset.val
        if self.dataset.task != "multilabel" or not len(val):
            return outputs
        labels = torch.tensor(self.dataset.labels[val])
        chosen = chosen_thresholds(outputs[torch.tensor(val)], labels, per_label=self.metric.name == "macro_f1")
        return outputs if chosen is None else outputs - torch.tensor(chosen, dtype=outputs.dtype)

    def _score(self, outputs, nodes):
        return self.metric.score_of_baseline(outputs[torch.tensor(nodes)], torch.tensor(self.dataset.labels[nodes]))


def why_not_propagated(dataset):
    """One sentence on why there is no label propagation here; "" where there is."""
    if dataset.times is not None:
        return "No label propagation: nodes are asked at times, and it would tell of later ones."
    products = 2 * dataset.graph.num_edges * (dataset.num_outputs + 1) * STEPS * len(STRENGTHS)
    if products <= MOST_PRODUCTS:
        return ""
    size = f"{dataset.graph.num_edges:,} edges and {dataset.num_outputs:,} columns"
    return f"No label propagation: {size} would take {products:.0e} products, and more than {MOST_PRODUCTS:.0e} take minutes."


def label_propagation(dataset, judge):
    """Shares of the training labels that reach a node along edges, float64 [N, C]; numbers in the targets' units.

    F / m, where F spreads the labels of the training nodes (Y_v, 0 elsewhere) and m spreads 1 at them: what is nearer weighs
    more. Multiclass: as the highest entry of F (Zhou et al. 2004, section 2). multilabel: the share of those who have the
    label, less 1/2. Regression: the mean of targets. What nothing reaches gets the mean of the training labels. No feature is
    read. The strength is the one of ``STRENGTHS`` that is best on the validation nodes (``judge``, a ``Judge``), of equally
    good ones the least; 0.9 without validation nodes.
    """
    labels, shift = known_labels(dataset)
    start = np.zeros((dataset.num_nodes, labels.shape[1] + 1), np.float32)
    start[dataset.train, :-1], start[dataset.train, -1] = labels, 1
    adjacency, prior = symmetric_adjacency(dataset.graph), labels.mean(0)
    strengths = STRENGTHS if len(dataset.val) else STRENGTHS[1:2]
    found = (_shares(spread(adjacency, start, strength), prior, shift) for strength in strengths)
    return max(found, key=judge.validation) if len(strengths) > 1 else next(found)


def _shares(spreaded, prior, shift):
    reached = spreaded[:, -1:].astype(np.float64)
    means, deviations = shift
    return (spreaded[:, :-1] + LEAST * prior) / (reached + LEAST) * deviations + means
