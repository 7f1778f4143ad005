"""The surest mistakes, against sorting all of them."""

import numpy as np
import pytest

from graphsage.report.mistakes import class_mistakes, label_mistakes, largest_errors, surest


@pytest.mark.parametrize("most", [0, 1, 3, 50, 99])
def test_the_largest_of_which_the_first_of_equal_ones(most):
    values = np.random.default_rng(0).integers(0, 9, 50).astype(float)
    values[::7] = -np.inf
    order = sorted(np.flatnonzero(values > -np.inf), key=lambda k: (-values[k], k))
    assert surest(values, most).tolist() == order[:most]


def test_of_classes_the_likeliest_wrong_ones():
    rng = np.random.default_rng(1)
    outputs, labels = rng.normal(size=(40, 3)).astype(np.float32), rng.integers(0, 3, 40)
    outputs[7] = (0, 400, 0)  # a probability that is 1 in every number of bits
    labels[7] = 2
    places, sure = class_mistakes(outputs, labels, 5)
    shares = np.exp(outputs - outputs.max(1, keepdims=True))
    shares = (shares / shares.sum(1, keepdims=True)).max(1)
    wrong = sorted(np.flatnonzero(outputs.argmax(1) != labels), key=lambda k: -shares[k])
    assert places.tolist() == wrong[:5] and places[0] == 7 and sure[0] == 1
    np.testing.assert_allclose(sure, shares[places], rtol=1e-6)


def test_of_labels_those_furthest_on_the_wrong_side():
    margins = np.array([[3.0, -1, 0.5], [-4, 2, 0]])
    places, columns = label_mistakes(margins, np.array([[1, 1, 0], [1, 0, 1]]), 3)
    assert list(zip(places.tolist(), columns.tolist())) == [(1, 0), (1, 1), (0, 1)]


def test_errors_are_in_deviations_of_their_target():
    labels = np.array([[0.0, 0], [2, 200], [4, 400], [6, 600]])
    outputs = labels + [[0, 0], [0, 30], [1, 0], [0, -90]]
    places, columns = largest_errors(outputs, labels, 9)
    assert list(zip(places.tolist(), columns.tolist())) == [(2, 0), (3, 1), (1, 1)]  # what is right is none


def test_nothing_wrong():
    labels = np.array([0, 1])
    assert len(class_mistakes(np.eye(2), labels, 20)[0]) == 0
    assert len(label_mistakes(np.eye(2) - 0.5, np.eye(2), 20)[0]) == 0
    assert len(largest_errors(np.ones((3, 1)), np.ones((3, 1)), 20)[0]) == 0
