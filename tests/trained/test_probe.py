"""Probes: they read classes off rows where these tell them, choose on validation, and say why there is none."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphsage import Graph, NodeDataset
from graphsage.trained import probe as module
from graphsage.trained.probe import probe, probe_lines, probes, why_not

N = 300


def a_dataset(num_classes=3, **changes):
    """Classes at random, features that know nothing of them; a third of the nodes to train, validate and test on each."""
    generator = np.random.default_rng(0)
    labels, order = generator.integers(0, num_classes, N), generator.permutation(N)
    fields = {"features": generator.random((N, 4), np.float32), "labels": labels, "graph": Graph.from_edges([], [], N)}
    return NodeDataset(**fields | dict(zip(("train", "val", "test"), order.reshape(3, -1))) | changes)


def telling(dataset, scale=1.0):
    """Rows that tell the class, beside a column of noise."""
    noise = np.random.default_rng(1).standard_normal((N, 1))
    return np.concatenate([scale * np.eye(3)[dataset.labels], noise], axis=1).astype(np.float32)


def test_why_not_without_scikit_learn(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert why_not(a_dataset()) == "No probe: it needs scikit-learn (pip install 'graphsage[baselines]')"


class TestWithScikitLearn:
    @pytest.fixture(autouse=True)
    def _needs(self):
        pytest.importorskip("sklearn")

    def test_what_rows_tell_is_read(self):
        data = a_dataset()
        assert probe(data, telling(data)) == 1.0
        assert probe(data, csr_array(telling(data))) == 1.0
        assert probe(data, data.features) < 0.5

    def test_columns_are_scaled(self):
        """The classes stand in columns of a hundred millionth; unscaled, C = 10 would not find them."""
        data = a_dataset()
        assert probe(data, telling(data, 1e-8)) > 0.95

    def test_blocks_stand_side_by_side(self):
        data = a_dataset()
        for features in (data.features, csr_array(data.features)):
            found = probes(replace(data, features=features), telling(data))
            assert list(found) == ["features", "embeddings", "both"]
            assert found["embeddings"] == 1.0 and found["both"] > 0.95 > 0.5 > found["features"]

    def test_strength_is_chosen_on_validation(self, monkeypatch):
        """Rows whose only use is on validation nodes: the strength that reads them wins, whatever the test says."""
        data, seen = a_dataset(), []
        fitted = module._fitted
        monkeypatch.setattr(module, "_fitted", lambda rows, labels, C: seen.append(fitted(rows, labels, C)) or seen[-1])
        score = probe(data, telling(data))
        rows = module._scaled(telling(data), N, [data.train, data.val, data.test])
        best = max(seen, key=lambda one: one.score(rows["val"], data.labels[data.val]))
        assert score == best.score(rows["test"], data.labels[data.test])
        assert len(seen) == len(module.STRENGTHS)
        probe(replace(data, val=[]), telling(data))
        assert seen[-1].C == 1.0 and len(seen) == len(module.STRENGTHS) + 1

    def test_labels_of_validation_and_test_are_not_trained_on(self):
        """Rows that name the node: a classifier that saw test labels would know them."""
        data = a_dataset()
        assert probe(data, np.eye(N, dtype=np.float32)) < 0.5

    @pytest.mark.parametrize("changes, text", [
        ({"labels": np.random.default_rng(0).random((N, 2), np.float32), "task": "regression"}, "are of a regression task"),
        ({"labels": np.zeros(N, int)}, "it needs two classes among the training nodes, and test nodes"),
        ({"test": []}, "it needs two classes among the training nodes, and test nodes"),
    ], ids=["regression", "one class", "no test"])  # fmt: skip
    def test_why_not(self, changes, text):
        data = a_dataset(**changes)
        assert why_not(data).endswith(text)
        with pytest.raises(ValueError, match="No probe"):
            probe(data, telling(a_dataset()))

    def test_what_is_refused(self):
        with pytest.raises(ValueError, match=rf"a probe needs one row a node, {N}; got shape \[2, 3\]"):
            probe(a_dataset(), np.zeros((2, 3)))
        with pytest.raises(TypeError, match="dataset must be a NodeDataset"):
            probe(np.zeros((2, 3)), a_dataset())


def test_lines():
    one, two = {"features": 0.5, "embeddings": 0.75}, {"features": 0.6, "embeddings": 0.75}
    assert probe_lines([one]) == [
        "Probe (test accuracy of logistic regression):", "  features        50.0 %", "  embeddings      75.0 %"
    ]  # fmt: skip
    assert probe_lines([one, two])[1] == "  features        55.0 +- 7.07 %"
