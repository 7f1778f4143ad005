"""Exact outputs that go into a file: in bounded memory, and gone on with after a kill."""

import shutil
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from graphsage.nn.foretold import foretold
from graphsage.nn.inference import inference
from graphsage.nn.room import Room
from graphsage.tensors.store import FeatureStore

LARGE = 1 << 26  # bytes of layer outputs from which on it is noted what is done: less takes a second


@contextmanager
def resumable(path, *, memory=None, log=None):
    """A ``Room`` for outputs that go into the file ``path``: what is done of them lies in the folder NAME.unfinished beside it.

    The folder goes at the end. After a kill, or any other error, it stays, and the same call goes on there.
    """
    folder = Path(path).with_name(f"{Path(path).name}.unfinished")
    folder.mkdir(exist_ok=True)
    try:
        yield Room(memory=memory, scratch=folder, resume=True, log=log)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        with suppress(OSError):  # it has something in it
            folder.rmdir()


def all_outputs(model, graph, features, *, room=None, **how):
    """``inference`` in a ``Room``, as numpy arrays; of what is soon done nothing is noted. how: its other keywords."""
    room = Room() if room is None else room
    is_typed = isinstance(features, Mapping)
    stores = {kind: FeatureStore(of) for kind, of in features.items()} if is_typed else FeatureStore(features)
    shape = {name: how[name] for name in ("num_layers", "isolated") if name in how}
    if room.resume and foretold(model, graph, stores, **shape).outputs < LARGE:
        room = replace(room, resume=False)
    found = inference(model, graph, stores, **how, **vars(room))
    return {kind: of.numpy() for kind, of in found.items()} if isinstance(found, dict) else found.numpy()
