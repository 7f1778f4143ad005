"""Dataset folders as a layout beside the others, and the check of a whole one."""

from dataclasses import replace
from pathlib import Path

from graphsage.data.dataset import NodeDataset
from graphsage.data.errors import told_of
from graphsage.data.folders.folder_parts import is_typed, opened_parts
from graphsage.data.folders.opening import about_of
from graphsage.data.folders.writer import ABOUT
from graphsage.data.typed_dataset import TypedDataset


def holds_dataset_folder(folder):
    """The name of ``folder`` if it is a dataset folder, whole or damaged, else None."""
    folder = Path(folder)
    is_one = (folder / ABOUT).is_file() and next(folder.glob("*.npy"), None) is not None
    return (folder.resolve().name or "dataset") if is_one else None


def read_dataset_folder(folder, name, *, class_names=None, checked=None):
    """The dataset in ``folder``, under the name it was saved with (``name`` if it had none).

    class_names: other names for the classes. checked=False: every file must have its checksum, and all is checked, however
    large. Raises DatasetError, one sentence that starts with the folder's path.
    """
    with told_of(folder):
        about = about_of(folder)
        dataset = (TypedDataset if is_typed(about) else NodeDataset)(**opened_parts(folder, about, checked=checked))
    changes = {"name": name} if dataset.name is None else {}
    changes |= {} if class_names is None else {"class_names": class_names}
    return replace(dataset, **changes) if changes else dataset
