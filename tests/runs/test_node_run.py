"""What a run on nodes hands to its report."""

import numpy as np
import pytest
from helpers.blocks import blocks, configured

from graphsage.runs.node_run import _embedded
from graphsage.runs.run import make_trainer, run

NODES = np.array([7, 3, 150, 42])  # 150 is isolated


@pytest.mark.parametrize("model", [{}, {"num_layers": 1, "input_layer": "linear"}, {"num_layers": 3, "jumping": "cat"}])
def test_embeddings_of_all_neighbours_are_those_of_the_trainer(model):
    config = configured(model, fanouts=(-1,) * model.get("num_layers", 2), epochs=1)
    trainer = make_trainer(config, blocks(), log=None)
    trainer.fit()
    np.testing.assert_allclose(_embedded(trainer, NODES), trainer.embed(NODES), atol=1e-5)


def test_a_model_of_one_layer_has_none():
    trainer = make_trainer(configured({"num_layers": 1}, fanouts=(5,)), blocks(), log=None)
    assert _embedded(trainer, NODES) is None


def test_a_run_leaves_a_report_with_everything(tmp_path):
    from helpers.pages import Page

    pytest.importorskip("matplotlib")
    run(configured(epochs=2), blocks(), folder=tmp_path, log=lambda line: None)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "What goes into the last layer, of 99 test nodes" in page.text
    assert "With 99 other test nodes of the same kind it would mostly (95 %) be from" in page.text
    assert len(page.tables["Surest mistakes"]) > 1
