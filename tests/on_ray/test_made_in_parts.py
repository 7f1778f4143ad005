"""Exact inference in parts: tasks that share a folder make the bytes of one process. (No folder of tests may be called ray:
where the library is missing, it would be found in its place.)"""

import numpy as np
import pytest
import torch
from helpers.typed_data import papers

import graphsage as gs

pytest.importorskip("ray")
from graphsage.ray.made_in_parts import Made, Parts, put_together
from graphsage.runs.run import build_model

DATA = gs.load_dataset("sbm:nodes=90,classes=3,features=5")
MODELS = {
    "mean": {},
    "cat": {"num_layers": 3, "jumping": "cat", "input_layer": "linear"},
    "max": {"num_layers": 3, "jumping": "max"},
    "pool": {"aggregator": "max_pool"},
}


def model_of(name):
    torch.manual_seed(0)
    return gs.GraphSAGE(5, 6, 3, **MODELS[name])


def made(folder, asked, parts, twice=None):
    """``asked(ranks)`` in parts, to the end; twice: (stage, part) that is lost and made again."""
    stage = 0
    while (found := _stage(folder, asked, stage, parts)) is not None:
        if twice is not None and twice[0] == stage:
            _part(folder, asked, stage, twice[1], parts)
        put_together(folder, found)
        stage += 1
    return stage, asked(Parts(folder))


def _stage(folder, asked, stage, parts):
    found = [_part(folder, asked, stage, part, parts) for part in reversed(range(parts))]
    return None if None in found else found


def _part(folder, asked, stage, part, parts):
    try:
        asked(Parts(folder, stage, part, parts))
    except Made as made:
        return made
    return None


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("memory", [None, 1])
@pytest.mark.parametrize("num_layers", [None, 2])
def test_parts_make_the_bytes_of_one_process(tmp_path, name, memory, num_layers):
    model = model_of(name)

    def asked(ranks, memory=memory):
        how = {"num_layers": num_layers, "chunk_edges": 60, "ranks": ranks, "memory": memory}
        return gs.inference(model, DATA.graph, DATA.features, **how)

    stages, found = made(tmp_path, asked, 3, twice=(1, 2))
    assert stages == (num_layers or model.num_layers) + (name == "cat")  # whose input layer is a stage
    assert torch.equal(found, asked(None, memory=None))
    assert not list(tmp_path.glob("*from*"))


def test_types_in_parts(tmp_path):
    data = papers()
    model = build_model(gs.RunConfig(model=gs.ModelConfig(hidden_features=6)), data)

    def asked(ranks):
        how = {"chunk_edges": 9, "ranks": ranks}
        return [gs.inference(model, data.graph, data.features, num_layers=depth, **how) for depth in (1, 2)]

    for found, whole in zip(made(tmp_path, asked, 2)[1], asked(None)):
        assert found.keys() == whole.keys() and all(torch.equal(found[kind], rows) for kind, rows in whole.items())


def test_rows_that_are_not_all_there_are_no_result(tmp_path):
    model = model_of("mean")

    def asked(ranks):
        return gs.inference(model, DATA.graph, DATA.features, chunk_edges=60, ranks=ranks)

    found = [_part(tmp_path, asked, 0, part, 3) for part in (0, 2)]
    with pytest.raises(RuntimeError, match=r"^the parts of 1-layer0 in .* are not all of its 90 rows, but \["):
        put_together(tmp_path, found)
    assert not (tmp_path / "1-layer0.npy").exists()


def test_the_result_goes_where_it_is_asked_for(tmp_path):
    model, out = model_of("mean"), np.full((90, 3), np.nan, np.float32)

    def asked(ranks):
        given = {"out": out} if ranks.stage is None else {}
        return gs.inference(model, DATA.graph, DATA.features, chunk_edges=60, ranks=ranks, **given)

    made(tmp_path, asked, 4)
    assert np.array_equal(out, gs.inference(model, DATA.graph, DATA.features, chunk_edges=60).numpy())
