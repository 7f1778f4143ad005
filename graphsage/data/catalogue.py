"""load_dataset: a dataset by its name (bundled, in a local folder, in the cache or downloaded), or by a folder or file."""

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from graphsage.base.told import shown
from graphsage.data.cards import dataset_card, datasets_folder, list_datasets, unknown_name
from graphsage.data.dataset import SPLITS, DatasetError, NodeDataset
from graphsage.data.degree_columns import lacks_features
from graphsage.data.download import CACHE_VARIABLE, cache_folder, fetch, is_intact
from graphsage.data.generators.by_name import generate, is_generated
from graphsage.data.layouts import LAYOUTS, layout_at, layout_in, layout_of
from graphsage.data.split_by_time import split_by_time
from graphsage.data.tables.schema import is_read_so, reading_of, tables_given

__all__ = ["DATA_VARIABLE", "dataset_card", "datasets_folder", "fetch_dataset", "list_datasets", "load_dataset"]

DATA_VARIABLE = "GRAPHSAGE_DATA"
BY_TIME = "time"  # in place of the number of a split
BUILT_IN = "builtin:"  # before a known name: that dataset, whatever folders there are


class DatasetNotHere(DatasetError):
    """A known dataset whose files are nowhere on this machine and were not, or could not be, downloaded."""


def load_dataset(
    name_or_path: str | os.PathLike[str],
    *,
    split: int | str | None = None,
    schema: dict[str, Any] | None = None,
    cache: str | os.PathLike[str] | None = None,
    download: bool = True,
    progress: bool = True,
    category: Sequence[str] | None = None,
    number: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    words: int | None = None,
    missing: Sequence[str] | None = None,
    not_missing: Sequence[str] | None = None,
    source: str | None = None,
    target: str | None = None,
    id: str | None = None,
    label: str | None = None,
    split_column: str | None = None,
    task: str | None = None,
    unlisted: str | None = None,
    time: str | None = None,
    node_time: str | None = None,
) -> NodeDataset | Any:
    """The ``NodeDataset`` of a known name ("debian", "cora", ...: ``graphsage datasets``), of a folder, or a generated one.
    Where the data have several types of nodes or relations it is a ``TypedDataset``.

    A name comes from the package if it is bundled; else from the folder in the environment variable GRAPHSAGE_DATA (the
    files themselves, or a folder NAME there), from the cache (``cache``, else GRAPHSAGE_CACHE, else the user's cache
    folder), or from a download into the cache. Bundled, cached and downloaded files must have the card's sha256; the
    dataset must have the card's statistics wherever it came from.

    A folder holds the files of one dataset in one of the known layouts (``graphsage.data.layouts``); a file is one of those
    files, or a lone table of edges. What GraphML, edge lists of SNAP, ``.mat`` files and others hold is read as tables are.
    Where a folder that holds a dataset has a known name, it is the folder that is meant: "builtin:cora" is the dataset of that
    name wherever one is.

    Text that begins with "sbm:", "rmat:" or "typed:" makes a random graph: "sbm:nodes=100000,classes=10", "rmat:scale=17",
    "typed:papers=5000" (``graphsage.data.generators.by_name`` describes them and their options).

    split: which of several splits that the data store, 0 for the first; None takes the first, or the only one there is. "time":
        in place of that the one of ``split_by_time``, where the nodes have times.
    schema: the ``NodeDataset.schema`` of another dataset, by which a folder of tables (edges.csv, nodes.csv) is encoded: the
        same columns, words, categories and class numbers. It need not have labels. Other data must have that schema already.
    category and all that follow: how a folder of tables is read, the fields of ``TableConfig``
        (``help(graphsage.TableConfig)``); None is as at its last import. Tables that were read otherwise are imported again.
        Other data are what they are, and refuse these.
    download=False never touches the network. progress=True shows on standard error downloads, what is found in tables whenever
    they are read, that nodes have no features, and which is meant of a folder and a dataset of one name.
    Raises DatasetError (a ValueError), one sentence.
    """
    given = dict(locals())
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise TypeError(f"a dataset is a name or a path, got {shown(name_or_path)}")
    tables = tables_given(given, schema)
    dataset = _loaded(name_or_path, None if split == BY_TIME else split, schema, cache, download, progress, tables)
    dataset = _parted_by_time(dataset) if split == BY_TIME else dataset
    _refuse_unread(name_or_path, dataset, tables)
    if dataset.schema is None and lacks_features(dataset):
        alone = "each node has a column of its own; such a model knows no other nodes, and one of degrees does"
        _say(progress, f"{dataset.name}: no features, so {alone} (--featureless)")
    if schema is not None and dataset.schema != schema:
        raise DatasetError(f"{name_or_path} is no folder of tables (edges.csv, nodes.csv), and the model was trained on one")
    return dataset


def fetch_dataset(
    name: str, *, cache: str | os.PathLike[str] | None = None, download: bool = True, progress: bool = True
) -> Path:
    """The folder with the files of a known dataset; they are downloaded into the cache if they are nowhere yet."""
    return _folder_of(dataset_card(name), cache, download, progress)


def _parted_by_time(dataset):
    try:
        return split_by_time(dataset)
    except DatasetError:
        raise
    except ValueError as error:
        raise DatasetError(str(error)) from None


def _refuse_unread(name, dataset, tables):
    """Settings of tables are for a folder of tables, whose schema says that they were followed."""
    given = [name for name, value in asdict(tables).items() if value is not None]
    if given and (dataset.schema is None or not is_read_so(dataset.schema, tables.or_else(reading_of(dataset.schema)))):
        raise DatasetError(f"{name} is no folder of tables (edges.csv, nodes.csv): leave {given[0]} out, which is about those")


def built_in(name_or_path):
    """The known name that is meant, or None where it is a path: a folder of that name that holds a dataset goes before."""
    if not isinstance(name_or_path, str):
        return None
    if name_or_path.startswith(BUILT_IN):
        return name_or_path.removeprefix(BUILT_IN)
    is_folder = name_or_path not in list_datasets() or (Path(name_or_path).is_dir() and layout_in(name_or_path))
    return None if is_folder else name_or_path


def is_made(name_or_path):
    """Is a generated dataset meant? Where a folder is called "sbm" and holds a dataset it is that folder."""
    if not isinstance(name_or_path, str) or not is_generated(name_or_path):
        return False
    return not (Path(name_or_path).is_dir() and layout_in(name_or_path))


def recorded(name):
    """The dataset that the files of a run call ``name``, for ``load_dataset``: there a folder is a whole path."""
    return f"{BUILT_IN}{name}" if name in list_datasets() and Path(name).is_dir() else name


def _loaded(name_or_path, split, schema, cache, download, progress, tables):
    known = built_in(name_or_path)
    _say_which(name_or_path, known, progress)
    if known is not None:
        return _load_known(dataset_card(known), split, cache, download, progress)
    if is_made(name_or_path):
        return _generated(name_or_path, split)
    layout, folder, name = _found(name_or_path, Path(name_or_path).expanduser())
    return layout.read(folder, name, split=split, schema=schema, progress=progress, tables=tables)


def _found(given, path):
    """(layout, folder, NAME) of the files at a path."""
    if path.is_dir() and given != "":
        layout, name = layout_of(path)
        return layout, path, name
    if path.is_file():
        return layout_at(path)
    if isinstance(given, str) and path.name == given:
        raise DatasetError(unknown_name(given))
    raise DatasetError(f"{given} is not a folder, nor an .npz file")


def _say_which(given, known, progress):
    """A line where a folder and a dataset have one name."""
    if not isinstance(given, str) or given not in list_datasets() or not Path(given).is_dir():
        return
    if known is None:
        _say(progress, f"{given}: the folder {Path(given).absolute()}, not the dataset of that name ({BUILT_IN}{given})")
    else:
        _say(progress, f"{given}: the dataset of that name, as the folder {Path(given).absolute()} holds none")


def _say(progress, text):
    if progress:
        print(text, file=sys.stderr, flush=True)


def _generated(spec, split):
    if split is not None:
        raise DatasetError(f"{spec} has one split: leave split out, got {split!r}")
    return generate(spec)


def _load_known(card, split, cache, download, progress):
    folder = _folder_of(card, cache, download, progress)
    dataset = LAYOUTS[card.layout].read(folder, card.stem, class_names=card.class_names, split=split)
    dataset = dataset if dataset.name == card.name else replace(dataset, name=card.name)
    _check_statistics(card, dataset, split)
    return dataset


# ---- where the files are


def _folder_of(card, cache, download, progress):
    """The first place that has the files; what is bundled or cached must be intact."""
    if card.is_bundled:
        return _intact_bundle(card)
    local = _local_folder(card)
    if local is not None:
        return local
    folder = cache_folder(cache) / card.name
    if all(is_intact(folder / file.name, file) for file in card.files):
        return folder
    if not download:
        raise DatasetNotHere(_not_here(card, folder, "downloading was switched off"))
    try:
        fetch(card.name, card.files, folder, progress=progress)
    except DatasetError as error:
        # from None: the HTTP client's chain of errors would bury the sentence
        raise DatasetNotHere(_not_here(card, folder, str(error))) from None
    return folder


def _intact_bundle(card):
    for file in card.files:
        if not is_intact(card.folder / file.name, file):
            raise DatasetError(f"{card.folder / file.name} is missing or damaged: install graphsage again")
    return card.folder


def _local_folder(card):
    """The folder in GRAPHSAGE_DATA that holds any of the card's files; the reader says which are missing."""
    root = os.environ.get(DATA_VARIABLE)
    if not root:
        return None
    root = Path(root).expanduser()
    for folder in (root / card.name, root):
        if any((folder / file.name).is_file() for file in card.files):
            return folder
    return None


def _not_here(card, folder, reason):
    """The sentence for a dataset that is neither here nor to be had."""
    root = os.environ.get(DATA_VARIABLE)
    data = f"{DATA_VARIABLE} ({root})" if root else f"{DATA_VARIABLE} (not set)"
    bundled = [name for name in list_datasets() if dataset_card(name).is_bundled]
    instead = f"; {', '.join(bundled)} needs no download" if bundled else ""
    return (
        f"dataset {card.name!r} is not here: looked in {data} and in the cache {folder}, and {reason}. "
        f"Put {', '.join(file.name for file in card.files)} into {folder} (or set {CACHE_VARIABLE}), "
        f"or set {DATA_VARIABLE} to a folder that has them{instead}"
    )


def _check_statistics(card, dataset, split):
    """A card states the sizes of the first split; others may differ in them."""
    found = dataset.statistics()
    of_split = {f"num_{part}" for part in SPLITS} if split else ()
    for name, stated in card.statistics.items():
        if found[name] != stated and name not in of_split:
            raise DatasetError(f"dataset {card.name!r}: {name} is {stated} on its card, but {found[name]} in the data")
