"""Thresholds of labels: the best of all that there are, found by trying them all; and a sentence where nobody gets a label."""

from itertools import product

import numpy as np
import pytest
import torch

from graphsage.training import thresholds
from graphsage.training.tasks import macro_f1, micro_f1
from graphsage.training.thresholds import chosen_thresholds, told_of_nobody

CUTS = [value - 0.5 for value in range(-3, 5)]  # between all values there are, and beyond both ends


def guesses(seed, nodes=14, labels=2):
    """Logits of few values, so that there are ties, and labels that they say something about."""
    rng = np.random.default_rng(seed)
    logits = rng.integers(-3, 4, (nodes, labels))
    yes = rng.random((nodes, labels)) < 0.4 + 0.1 * logits
    return torch.tensor(logits).float(), torch.tensor(yes).float()


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("per_label, score", [(False, micro_f1), (True, macro_f1)])
def test_no_other_thresholds_score_higher(seed, per_label, score, monkeypatch):
    monkeypatch.setattr(thresholds, "LEAST", 1)
    logits, labels = guesses(seed)
    if not labels.any(0).all():  # a label that nobody has is none to choose for
        return
    found = torch.tensor(chosen_thresholds(logits, labels, per_label=per_label))
    best = max(score(logits - torch.tensor(cut), labels) for cut in product(CUTS, repeat=2))
    assert score(logits - found, labels) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("per_label", [False, True])
def test_a_label_of_few_nodes_gets_the_threshold_of_all(per_label):
    for seed in range(30):
        logits, labels = guesses(seed)
        found = chosen_thresholds(logits, labels, per_label=per_label)
        assert found[0] == found[1]  # fewer than 10 nodes each
        best = max(micro_f1(logits - cut, labels) for cut in CUTS)
        assert micro_f1(logits - found[0], labels) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("per_label", [False, True])
def test_from_ten_nodes_on_a_label_has_its_own(per_label):
    """Ten nodes with the first label at -4 and thirty without it at -6; the second label is one higher throughout."""
    logits = torch.tensor([[-4.0, -3.0]] * 10 + [[-6.0, -5.0]] * 30)
    labels = torch.tensor([[1.0, 1.0]] * 10 + [[0.0, 0.0]] * 30)
    assert chosen_thresholds(logits, labels, per_label=per_label) == (-5.0, -4.0)
    labels[9, 1] = 0  # nine: the one threshold that parts both
    assert chosen_thresholds(logits, labels, per_label=per_label) == (-5.0, -4.5)


def test_where_no_node_has_a_label_there_is_nothing_to_choose():
    assert chosen_thresholds(torch.randn(5, 3), torch.zeros(5, 3), per_label=True) is None


def test_a_sentence_where_nobody_gets_a_label():
    none, one = torch.zeros(12_345, 3, dtype=torch.bool), torch.eye(3, dtype=torch.bool)
    assert told_of_nobody(none).startswith("None of the 12,345 nodes gets a label, as ")
    assert told_of_nobody(one) == told_of_nobody(none[:0]) == ""
