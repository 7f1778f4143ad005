"""Embeddings as a plane: principal components, and the groups that have a colour."""

import numpy as np
import pytest

from graphsage.report.plane import MOST_DOTS, groups_of, pictured, plane


def made(width=6, count=80):
    rng = np.random.default_rng(0)
    return (rng.normal(size=(count, width)) * np.arange(1, width + 1) + 3).astype(np.float32)


def test_it_is_that_of_scikit_learn_but_for_the_sign():
    decomposition = pytest.importorskip("sklearn.decomposition")
    points, shares = plane(made())
    wanted = decomposition.PCA(2, svd_solver="full").fit(made().astype(np.float64))
    np.testing.assert_allclose(np.abs(points), np.abs(wanted.transform(made())), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(shares, wanted.explained_variance_ratio_, rtol=1e-5)


def test_the_sign_is_that_of_the_largest_weight():
    along = np.array([1.0, -3.0, 0.5])
    points, _ = plane(np.outer([-1.0, 0, 2], along))
    assert points[:, 0].argmin() == 2  # the largest weight, -3, is turned to be positive
    assert np.allclose(plane(-np.outer([-1.0, 0, 2], along))[0], -points)


def test_a_single_column_lies_on_a_line():
    points, shares = plane(made(1))
    assert points.shape == (80, 2) and not points[:, 1].any() and shares.tolist() == [pytest.approx(1), 0]


@pytest.mark.parametrize("rows", [np.ones((5, 3)), np.ones((1, 3)), np.full((5, 3), np.nan), np.ones((5, 0))])
def test_what_does_not_vary_has_no_picture(rows):
    assert plane(rows) is None


def test_some_nodes_are_drawn():
    nodes = np.arange(10_000, 20_000)
    found = pictured(nodes, seed=3)
    assert len(found) == MOST_DOTS and np.isin(found, nodes).all() and (found == pictured(nodes, seed=3)).all()
    assert pictured(nodes[:9], seed=3).tolist() == nodes[:9].tolist()


def read(groups):
    return [(name, np.flatnonzero(mask).tolist()) for name, mask in groups]


def test_groups_of_classes_are_the_largest_ten_and_others():
    labels = np.repeat(np.arange(13), np.arange(13)[::-1])  # class 0 has 12 nodes, class 12 none
    groups = groups_of("multiclass", labels, [f"c{k}" for k in range(13)])
    assert [name for name, _ in groups] == [*(f"c{k}" for k in range(10)), "others"]
    assert np.stack([mask for _, mask in groups]).sum(0).tolist() == [1] * len(labels) and groups[-1][1].sum() == 3


def test_a_node_of_several_labels_has_the_colour_of_the_largest():
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 1, 0]], np.int8)
    assert read(groups_of("multilabel", labels, "abc")) == [("b", [0, 1, 3]), ("others", [2])]
    assert read(groups_of("multilabel", np.zeros((2, 3), np.int8), "abc")) == [("others", [0, 1])]


def test_targets_are_in_five_groups_of_like_size():
    groups = read(groups_of("regression", np.arange(10.0)[:, None], ["t"]))
    assert [nodes for _, nodes in groups] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]] and groups[0][0] == "0 to 1.8"
    assert read(groups_of("regression", np.ones((4, 1)), ["t"])) == [("1 to 1", [0, 1, 2, 3])]
