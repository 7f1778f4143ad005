"""Head: raw outputs are read as numbers in the caller's units, as two logits, and against thresholds."""

import json

import pytest
import torch

from graphsage.nn.head import Head


def test_without_anything_outputs_are_what_they_are():
    raw = torch.randn(5, 3)
    assert Head().read(raw) is raw and Head().decided(raw) is raw
    assert torch.equal(Head().read(raw[:, 0]), raw[:, :1])  # one number a node is a column


@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_one_logit_is_two(shape):
    """softmax of (0, z) is sigmoid(z), and z > 0 is class 1: probability 1/2."""
    raw = torch.tensor([-30.0, -1e-6, 0.0, 1e-6, 2.0, 30.0])
    found = Head(one_logit=True).read(raw.reshape(shape))
    assert torch.allclose(found.softmax(1)[:, 1], raw.sigmoid()) and found.argmax(1).tolist() == [0, 0, 0, 1, 1, 1]
    two = torch.randn(6, 2)
    assert Head(one_logit=True).read(two) is two


def test_numbers_are_read_in_their_units_and_written_back():
    head = Head(means=(1e6, -3.0), deviations=(0.5, 1e20))
    targets = torch.tensor([[1e6 + 1.5, 2e20], [1e6, -3.0]])
    raw = head.standardized(targets)
    assert raw.dtype == torch.float32 and raw.tolist() == [[3.0, 2.0], [0.0, 0.0]]
    assert head.read(raw).dtype == torch.float64 and head.read(raw).float().tolist() == targets.tolist()


def test_labels_are_decided_above_their_thresholds():
    outputs = torch.tensor([[-1.0, 2.0], [-3.0, 1.5]])
    assert (Head(thresholds=(-2.0, 1.5)).decided(outputs) > 0).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("head", [
    Head(), Head(one_logit=True), Head(means=(0.1, 2.0), deviations=(1.0, 3.0)), Head(thresholds=(0.0, -1.25)),
])  # fmt: skip
def test_it_goes_through_json(head):
    assert Head.from_dict(json.loads(json.dumps(head.as_dict()))) == head
