"""Files of checkpoints: what is no good is refused in a sentence, and the good one before it is offered. Nothing is run."""

import io
import os
import pickle
import random
import re
import zipfile

import pytest
import torch
from helpers.blocks import blocks, configured

from graphsage.runs.checkpoint import (
    KIND,
    LATEST,
    VERSION,
    CheckpointError,
    Checkpoints,
    load_checkpoint,
    older_checkpoints,
)
from graphsage.runs.run import make_trainer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a training that kept two checkpoints."""
    folder = tmp_path_factory.mktemp("run")
    config = configured(epochs=2, checkpoint_seconds=0, precision="float16", schedule="plateau", schedule_epochs=3)
    make_trainer(config, blocks(), folder=folder, log=None).fit()
    return folder


@pytest.fixture
def good(folder):
    return (folder / LATEST).read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / LATEST


def refused(path, text="is truncated, damaged, or no checkpoint"):
    with pytest.raises(CheckpointError, match=f"^{re.escape(f'{path} {text}')}$") as error:
        load_checkpoint(path)
    assert "\n" not in str(error.value)


def equal(one, other):
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other or one != one


def test_a_good_one_is_read(folder, path, good):
    state = load_checkpoint(folder / LATEST)
    assert (state["kind"], state["version"], state["state"]["epoch"]) == (KIND, VERSION, 2)
    path.write_bytes(good)
    assert equal(load_checkpoint(str(path)), state)


def test_truncated_at_any_length(path, good):
    for length in [0, 1, 4, 30, len(good) - 1, len(good) - 22, *random.Random(0).sample(range(len(good)), 60)]:
        path.write_bytes(good[:length])
        refused(path)


def test_any_flipped_bit_is_noticed_or_changes_nothing(path, good):
    """In the padding and in the dates of the zip file nothing depends on it; everywhere else a checksum does."""
    noticed, moments, state = 0, random.Random(1), None
    path.write_bytes(good)
    state = load_checkpoint(path)
    for _ in range(150):
        flipped, place = bytearray(good), moments.randrange(len(good))
        flipped[place] ^= 1 << moments.randrange(8)
        path.write_bytes(flipped)
        try:
            assert equal(load_checkpoint(path), state), place
        except CheckpointError as error:
            noticed += 1
            assert re.fullmatch(rf"{path} (is truncated, damaged, or no checkpoint|is no checkpoint of graphsage)", str(error))
    assert noticed > 75


def saved(path, content):
    torch.save(content, path)


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


class Code:
    """A pickle that makes a file where it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: zipped(path, hello="world"),
        lambda path: saved(path, torch.ones(3)),
        lambda path: saved(path, {"model": torch.ones(3)}),
        lambda path: saved(path, {"kind": "another", "version": VERSION}),
        lambda path: saved(path, torch.nn.Linear(2, 2)),
        lambda path: zipped(path, **{"archive/data.pkl": b"no pickle", "archive/version": b"3\n"}),
    ],
)
def test_a_foreign_file(write, path):
    write(path)
    refused(path, "is no checkpoint of graphsage")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", b"\x80\x02}q\x00."])
def test_no_file_of_that_kind_at_all(content, path):
    path.write_bytes(content)
    refused(path)


def test_a_pickle_that_would_run_code_does_not_run(path, tmp_path):
    ran = tmp_path / "it ran"
    saved(path, {"kind": KIND, "version": VERSION, "state": Code(ran)})
    refused(path, "is no checkpoint of graphsage")
    path.write_bytes(pickle.dumps(Code(ran)))
    refused(path)
    assert not ran.exists()
    torch.load(io.BytesIO(_zipped_code(ran)), weights_only=False)
    assert ran.exists()  # it would have


def _zipped_code(ran):
    content = io.BytesIO()
    torch.save({"state": Code(ran)}, content)
    return content.getvalue()


@pytest.mark.parametrize("version", [VERSION + 1, None, "2"])
def test_one_of_another_version(version, path):
    saved(path, {"kind": KIND, "version": version})
    refused(path, f"is a checkpoint of version {version}, and this graphsage reads version {VERSION}")


def test_a_folder_and_nothing_at_all(path):
    refused(path, "cannot be read (No such file or directory)")
    path.mkdir()
    refused(path, "cannot be read (Is a directory)")


def test_the_good_one_before_it_is_offered(folder, path, good):
    (before,) = older_checkpoints(folder)
    offered = path.with_name(before.name)
    offered.write_bytes(before.read_bytes())
    path.write_bytes(good[:1000])
    sentence = f"is truncated, damaged, or no checkpoint; the one before it is good: go on from there with --resume {offered}"
    refused(path, sentence)
    newer = path.with_name("checkpoint-000000999.pt")
    newer.write_bytes(good[:999])  # no good either
    refused(path, sentence)
    refused(newer, sentence)
    offered.write_bytes(b"")
    refused(path)


def test_without_hard_links_the_one_before_is_copied(tmp_path, monkeypatch):
    def no_links(*paths):
        raise OSError("not here")

    monkeypatch.setattr(os, "link", no_links)
    checkpoints = Checkpoints(tmp_path, 3)
    for updates in (1, 2, 3, 4):
        checkpoints.save({"updates": updates}, updates)
    kept = [*older_checkpoints(tmp_path), tmp_path / LATEST]
    assert [load_checkpoint(path)["updates"] for path in kept] == [3, 2, 4]
