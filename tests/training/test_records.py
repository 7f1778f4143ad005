"""What the records of a training say for people."""

from dataclasses import replace

import pytest
from helpers.reports import history

from graphsage.training.records import TrainResult, still_rising

HINT = " The score was still rising then: more epochs may give more (--epochs {})."


def result_of(scores, best, **changes):
    made = [replace(epoch, val_score=score) for epoch, score in zip(history(len(scores)), scores)]
    given = {"metric": "accuracy", "test_score": None, "val_score": scores[best - 1], "best_epoch": best, "history": made}
    return TrainResult(**{**given, "normalized_features": False, **changes})


@pytest.mark.parametrize("scores, best, text", [
    ([0.5, 0.6, 0.7], 3, HINT.format(6)),
    ([0.5, None, 0.7], 3, HINT.format(6)),  # not every epoch is validated
    ([-3.0, -2.0], 2, HINT.format(4)),  # R^2
    ([0.5, 0.7, 0.6], 2, ""),
    ([0.7, 0.7], 2, ""),  # the same score, at a lower loss
    ([0.7], 1, ""),  # risen from what?
    ([0.9, 1.0], 2, ""),  # there is no more
    ([None, None], 2, ""),
])  # fmt: skip
def test_a_score_that_was_still_rising(scores, best, text):
    assert still_rising(result_of(scores, best)) == text


def test_a_training_that_was_cut_short_says_so_itself():
    assert still_rising(result_of([0.5, 0.6], 2, interrupted=True)) == ""
