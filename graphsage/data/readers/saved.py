"""Datasets that were saved with ``NodeDataset.save`` or ``TypedDataset.save``, as a layout beside the others."""

from dataclasses import replace
from pathlib import Path

from graphsage.data.dataset import NodeDataset
from graphsage.data.readers.npz import npz_of
from graphsage.data.readers.npz_form import form_of
from graphsage.data.readers.typed_npz import TYPED
from graphsage.data.typed_dataset import TypedDataset


def holds_graphsage(folder):
    """NAME of the one file NAME.npz of this form in ``folder``, or None."""
    return npz_of(folder, fits_graphsage)


def fits_graphsage(names):
    """Whether a .npz file with arrays of these ``names`` is such a file."""
    return {"about", "sha256"} <= set(names)


def read_graphsage(folder, name, *, class_names=None):
    """The dataset in the file ``NAME.npz`` of ``folder``, under the name it was saved with (NAME if it had none).

    class_names: other names for the classes. Raises DatasetError, one sentence that starts with the file's path.
    """
    path = Path(folder) / f"{name}.npz"
    dataset = (TypedDataset if form_of(path) == TYPED else NodeDataset).load(path)
    changes = {"name": name} if dataset.name is None else {}
    return replace(dataset, **changes, **({} if class_names is None else {"class_names": class_names}))
