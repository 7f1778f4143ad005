"""What a trained model refuses, whatever its task."""

from dataclasses import replace

import numpy as np
import pytest

import graphsage as gs
from graphsage.trained.save import as_trained

pytest.importorskip("pyarrow")


def tables(scale=1.0):
    order = np.arange(40)
    nodes = {"id": order, "label": np.where(order % 2, "a", "b"), "x": scale * (order % 7)}
    return nodes, {"source": order, "target": (order + 1) % 40}


def test_columns_that_became_features_otherwise_are_refused():
    """The widths agree, and 1 would be another number of years; by the schema of the training it is the same."""
    data = gs.from_tables(*tables(), progress=False)
    trained = as_trained(gs.GraphSAGE(1, 4, 2).eval(), data, gs.TrainConfig(), None)
    other, same = (gs.from_tables(*tables(3.0), progress=False, **how) for how in ({}, {"schema": trained.schema}))
    for ask in (trained.predict, trained.outputs, trained.evaluate, trained.embed, trained.check):
        with pytest.raises(ValueError, match="columns of the dataset became features otherwise than in training: .* schema="):
            ask(other)
    assert len(trained.predict(same)) == 40
    assert len(trained.predict(replace(other, schema=None))) == 40  # arrays of the caller's: nothing is known of them
