"""What OGB's files of one type and of several have in common: counts, labels, and the split."""

from pathlib import Path

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.readers.csv_gz import read_table

FILES = {"train": "train.csv.gz", "val": "valid.csv.gz", "test": "test.csv.gz"}


def count_of(path):
    """The one number of a file."""
    counts = read_table(path, np.int64)
    if counts.shape != (1, 1) or counts[0, 0] > 2**31 - 1:
        rule = "one number below 2^31, for there must be one graph"
        raise DatasetError(f"{path} must hold {rule}; got {counts.size} numbers, the first {counts.reshape(-1)[:1].tolist()}")
    return int(counts[0, 0])


def labels_of(path, num_nodes):
    """The labels of a file as what they stand for: int64 [N] or [N, C] with -1 for no label, or float64 targets."""
    table = read_table(path, np.float64, rows=num_nodes)
    missing, whole = np.isnan(table), np.floor(table) == table
    few = np.isin(table, (0, 1)) if table.shape[1] > 1 else whole & (np.abs(table) < 2**31)
    if not (few | missing).all():
        return table
    labels = np.where(missing, -1, table).astype(np.int64)
    return labels[:, 0] if table.shape[1] == 1 else labels


def split_of(folder, kind=""):
    """{"train", "val", "test": node numbers} of the one split of a folder; kind: the type of these nodes, of several."""
    rules = sorted(path for path in (Path(folder) / "split").glob("*") if path.is_dir())
    if len(rules) != 1:
        found = ", ".join(path.name for path in rules) or "none"
        raise DatasetError(f"{Path(folder) / 'split'} must hold one folder, named by the split's rule; there are: {found}")
    return {part: read_table(rules[0] / kind / file, np.int64, columns=1)[:, 0] for part, file in FILES.items()}
