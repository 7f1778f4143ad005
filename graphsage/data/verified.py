"""The check of whole data: every checksum compared, every edge and feature looked at."""

from pathlib import Path

from graphsage.data.catalogue import load_dataset
from graphsage.data.errors import DatasetError
from graphsage.data.folders.dataset_folder import holds_dataset_folder, read_dataset_folder
from graphsage.data.layouts import tables_at
from graphsage.data.tables import imported
from graphsage.data.tables.import_tables import source_of


def verified(name_or_path):
    """(the dataset, a sentence on what was compared) of a name, a folder or a file.

    A dataset folder is read through and compared with its checksums, as is the import of tables that is kept; all else is
    read, as it is at each start. Nothing is downloaded or imported. Raises DatasetError, one sentence, for what is damaged.
    """
    path = Path(name_or_path)
    if holds_dataset_folder(path):
        return read_dataset_folder(path, path.name, checked=False), "every file has its checksum"
    try:
        place = source_of(tables_at(path)).place
    except DatasetError:
        return load_dataset(name_or_path, download=False, progress=False), "all of it was read and checked"
    entry, about = imported.latest(place)
    if about is None:
        raise DatasetError(f"{name_or_path} is not imported yet, and tables have no checksums: graphsage import reads them")
    return imported.opened(entry, about, place, checked=False), f"every file of its import {entry} has its checksum"
