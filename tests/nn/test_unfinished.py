"""An inference that was killed goes on where it was, and ends with the same bits; another one begins anew."""

import json

import numpy as np
import pytest
import torch
from helpers.nn_helpers import OPTIONS, awkward_graph, features, model_of
from helpers.typed_nn import typed_dataset, typed_model

from graphsage.base.files import InUse, locked
from graphsage.nn import workspace
from graphsage.nn.inference import inference
from graphsage.nn.unfinished import NAME, Unfinished, array_key, key_of
from graphsage.tensors.store import FeatureStore

GRAPH, X = awkward_graph(), features(60, 7)
WAYS = [("gcn", {}), ("attention", {}), *(("mean", of) for of in OPTIONS if "jumping" in of)]


class Killed(Exception):
    """As if by a signal: nothing is written after it."""


@pytest.fixture
def noted_often(monkeypatch):
    monkeypatch.setattr(workspace, "SAVE_SECONDS", -1)


def killed_at(count):
    """A ``progress`` that ends the process, so to say, at its call ``count``."""
    calls = []

    def progress(done, total):
        calls.append(done)
        if len(calls) == count:
            raise Killed
    progress.calls = calls
    return progress


def ended(folder, *args, every, **how):
    """The result of an inference that is killed every so many chunks, how often that was, and how many chunks were made."""
    kills, made = 0, 0
    while True:
        progress = killed_at(every)
        try:
            return inference(*args, **how, scratch=folder, resume=True, progress=progress), kills, made + len(progress.calls)
        except Killed:
            kills, made = kills + 1, made + len(progress.calls)


@pytest.mark.parametrize("memory", [1, 1 << 30])
@pytest.mark.parametrize("aggregator, options", WAYS, ids=str)
def test_ends_with_the_same_bits_however_often_it_was_killed(aggregator, options, memory, tmp_path, noted_often):
    model = model_of(aggregator, num_layers=3, **options)
    how = {"chunk_edges": 50, "memory": memory}
    wanted, whole = inference(model, GRAPH, X, **how), killed_at(0)
    inference(model, GRAPH, X, **how, progress=whole)
    for every in (2, 7):
        folder = tmp_path / str(every)
        folder.mkdir()
        found, kills, made = ended(folder, model, GRAPH, X, every=every + 1, **how)
        assert torch.equal(found, wanted) and kills and made <= len(whole.calls) + kills * 2
        assert np.array_equal(np.load(folder / "result.npy"), wanted)
        assert sorted(path.name for path in folder.iterdir() if path.name.startswith(("layer", "sum", "entered"))) == []


@pytest.mark.parametrize("memory", [1, 1 << 30])
@pytest.mark.parametrize("jumping", ["last", "cat", "max"])
def test_so_do_typed_graphs(jumping, memory, tmp_path, noted_often):
    data = typed_dataset()
    model, how = typed_model(data, num_layers=3, jumping=jumping), {"chunk_edges": 15, "memory": memory}
    found, kills, _ = ended(tmp_path, model, data.graph, data.features, every=3, **how)
    assert torch.equal(found, inference(model, data.graph, data.features, **how)) and kills > 5


def test_what_is_done_is_not_done_again(tmp_path):
    first, second = (inference(model_of(), GRAPH, X, scratch=tmp_path, resume=True, progress=p)
                     for p in (None, lambda *args: pytest.fail("made again")))  # fmt: skip
    assert torch.equal(first, second)


def test_progress_begins_where_it_was(tmp_path, noted_often):
    with pytest.raises(Killed):
        inference(model_of(), GRAPH, X, chunk_edges=50, scratch=tmp_path, resume=True, progress=killed_at(4))
    told = []
    inference(model_of(), GRAPH, X, chunk_edges=50, scratch=tmp_path, resume=True, progress=lambda *of: told.append(of))
    assert told[0][0] > 30 and told[-1] == (120, 120)


def other_model():
    model = model_of()
    with torch.no_grad():
        model.layers[0].weight_neigh[0, 0] += 1
    return model


@pytest.mark.parametrize("change", [
    {"model": other_model()}, {"model": model_of(normalize=True)}, {"features": X + 1}, {"graph": awkward_graph(seed=1)},
    {"isolated": "self"}, {"num_layers": 1}, {"chunk_edges": 9},
], ids=lambda change: next(iter(change)))  # fmt: skip
def test_another_inference_begins_anew(change, tmp_path):
    own = {"model": model_of(), "graph": GRAPH, "features": X}
    inference(**own, scratch=tmp_path, resume=True)
    wanted = inference(**own | change)
    assert torch.equal(inference(**own | change, scratch=tmp_path, resume=True), wanted)


@pytest.mark.parametrize("damage", ["a file is gone", "a file is cut", "the note is cut", "the note is of something else"])
def test_a_note_that_does_not_hold_is_none(damage, tmp_path):
    wanted = inference(model_of(), GRAPH, X, scratch=tmp_path, resume=True).clone()
    result, note = tmp_path / "result.npy", tmp_path / NAME
    {
        "a file is gone": result.unlink,
        "a file is cut": lambda: result.write_bytes(result.read_bytes()[:200]),
        "the note is cut": lambda: note.write_text(note.read_text()[:20]),
        "the note is of something else": lambda: note.write_text(json.dumps([1])),
    }[damage]()
    assert torch.equal(inference(model_of(), GRAPH, X, scratch=tmp_path, resume=True), wanted)


def test_two_processes_do_not_write_to_one_folder(tmp_path):
    with locked(tmp_path), pytest.raises(InUse, match="in use by another process"):
        inference(model_of(), GRAPH, X, scratch=tmp_path, resume=True)


def test_a_mapped_file_is_known_by_name_time_and_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("graphsage.nn.unfinished.WHOLE", 100)
    np.save(tmp_path / "x.npy", X)
    first = array_key(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert first[3] == str(tmp_path / "x.npy") and first == array_key(np.load(tmp_path / "x.npy", mmap_mode="r")[:])
    np.save(tmp_path / "x.npy", X + 1)
    assert array_key(np.load(tmp_path / "x.npy", mmap_mode="r")) != first
    note = Unfinished(tmp_path, key_of(model_of(), GRAPH, FeatureStore(X), num_layers=None))
    assert (note.stage, note.rows, note.files) == (-1, 0, {})


@pytest.mark.parametrize("how, text", [
    ({"out": np.zeros((60, 3), np.float32)}, "resume=True writes the result to a file in scratch: leave out out"),
    ({"ranks": object()}, "resume=True needs one process: leave out ranks"),
])  # fmt: skip
def test_refuses(how, text, tmp_path):
    with pytest.raises(ValueError) as error:
        inference(model_of(), GRAPH, X, **how, scratch=tmp_path, resume=True)
    assert str(error.value) == text
