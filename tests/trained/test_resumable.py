"""Embeddings and predictions that go into a file: gone on with after a kill, whole or not at all, and nothing left behind."""

import os

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.typed_data import papers
from test_outputs import trained_on

from graphsage.nn import workspace
from graphsage.nn.head import Head
from graphsage.nn.room import Room
from graphsage.runs.run import build_model
from graphsage.trained import resumable as resuming
from graphsage.trained.outputs import read_outputs, write_embedding, write_typed_embedding
from graphsage.trained.resumable import resumable
from graphsage.trained.save import load_trained, save_trained


class Killed(Exception):
    """As if by a signal."""


@pytest.fixture
def noted(monkeypatch):
    """What is done is noted however little it is."""
    monkeypatch.setattr(resuming, "LARGE", 0)
    monkeypatch.setattr(workspace, "SAVE_SECONDS", -1)
    monkeypatch.setattr("graphsage.nn.whole_graph.CHUNK_VALUES", 1000)


def killed_at(count):
    calls = []

    def progress(done, total):
        calls.append(done)
        if len(calls) == count:
            raise Killed

    return progress


def embedded(path, trained, dataset, count=0, memory=1):
    with resumable(path, memory=memory) as room:
        return write_embedding(path, trained, dataset, room=room, progress=killed_at(count))


@pytest.mark.parametrize("suffix", [".npy", ".parquet"])
@pytest.mark.parametrize("memory", [1, None])
def test_goes_on_and_ends_with_the_same_bytes(suffix, memory, tmp_path, noted):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    dataset = blocks()
    trained, path, whole = trained_on(dataset, {"num_layers": 3}), tmp_path / f"a{suffix}", tmp_path / f"whole{suffix}"
    write_embedding(whole, trained, dataset)
    for kills in range(1, 4):
        with pytest.raises(Killed):
            embedded(path, trained, dataset, 2, memory)
        assert sorted(os.listdir(tmp_path)) == sorted([f"a{suffix}.unfinished", whole.name]), kills
    rows = embedded(path, trained, dataset, memory=memory)
    assert path.read_bytes() == whole.read_bytes() and sorted(os.listdir(tmp_path)) == sorted([path.name, whole.name])
    assert np.array_equal(rows, trained.embed(dataset))


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path, noted):
    dataset, path = blocks(), tmp_path / "a.npy"
    path.write_bytes(b"old")
    with pytest.raises(Killed):
        embedded(path, trained_on(dataset, {"num_layers": 3}), dataset, 2)
    assert path.read_bytes() == b"old"


def test_little_is_not_noted_and_an_empty_graph_is_a_file(tmp_path):
    dataset, path = blocks(), tmp_path / "a.npy"
    with pytest.raises(Killed):
        embedded(path, trained_on(dataset), dataset, 1)
    assert os.listdir(tmp_path) == []
    assert np.array_equal(embedded(path, trained_on(dataset), dataset), trained_on(dataset).embed(dataset))


def test_predictions_go_on_too(tmp_path, noted):
    dataset, path = blocks(), tmp_path / "p.csv"
    trained, told = trained_on(dataset, {"num_layers": 3}), []
    with pytest.raises(Killed), resumable(path, memory=1, log=told.append) as room:
        trained.predict(dataset, room=room, progress=killed_at(3))
    with resumable(path, memory=1) as room:
        first = []
        found = trained.predict(dataset, room=room, progress=lambda done, total: first.append(done))
        assert first[0] > 3 * 200 / 24 and np.array_equal(found.outputs, trained.predict(dataset).outputs)
    assert os.listdir(tmp_path) == [] and len(told) == 1


def test_an_error_while_the_table_is_written_keeps_the_outputs(tmp_path, noted):
    dataset, path = blocks(), tmp_path / "p.csv"
    with pytest.raises(OSError, match="full"), resumable(path, memory=1) as room:
        trained_on(dataset).predict(dataset, room=room)
        raise OSError("the disk is full")
    with resumable(path, memory=1) as room:
        trained_on(dataset).predict(dataset, room=room, progress=lambda *of: pytest.fail("made again"))


@pytest.mark.parametrize("head", [Head(one_logit=True), Head(means=(1.0,), deviations=(3.0,)), Head(thresholds=(1.0,))])
def test_outputs_are_read_part_by_part(head, monkeypatch):
    monkeypatch.setattr("graphsage.trained.tables_out.CHUNK", 7)
    raw = np.random.default_rng(0).standard_normal((30, 1)).astype(np.float32)
    wanted = head.read(torch.from_numpy(raw)).float().numpy()
    assert np.array_equal(read_outputs(head, raw), wanted)
    out = np.zeros_like(wanted)
    assert read_outputs(head, raw, out) is out and np.array_equal(out, wanted)


def test_types_have_folders_of_their_own(tmp_path, noted):
    dataset = papers()
    save_trained(tmp_path, build_model(configured(), dataset), dataset, configured().train)
    trained = load_trained(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    wanted = trained.embed(dataset)
    with pytest.raises(Killed), resumable(tmp_path / "a.npy", memory=1) as room:
        write_typed_embedding(tmp_path / "a.npy", trained, dataset, room=room, progress=killed_at(4))
    with resumable(tmp_path / "a.npy", memory=1) as room:
        found = write_typed_embedding(tmp_path / "a.npy", trained, dataset, room=room)
    assert all(np.array_equal(found[kind][1], wanted[kind]) for kind in wanted)
    assert sorted(os.listdir(tmp_path)) == sorted(f"a.{kind}.npy" for kind in wanted)


def test_refuses_a_room_where_neighbours_are_drawn():
    dataset = blocks()
    with pytest.raises(ValueError) as error:
        trained_on(dataset).embed(dataset, fanouts=(3, 3), room=Room(memory=5))
    assert str(error.value) == "room is of exact outputs, and neighbours are drawn, in batches that need little: leave it out"

