"""Dataset cards: what a dataset is, where its files come from and what must be true of it.

A card is the file ``card.toml`` in the dataset's folder:

    name, title, source, licence, layout      texts; layout is one of ``graphsage.data.layouts``
    stem                                      optional: what the files are called, where that is not the dataset's name
    class_names                               optional list of texts
    [[files]]                                 name, size in bytes, sha256, and url where the file is downloaded
    [statistics]                              the counts of ``NodeDataset.statistics``, checked at load; or of
                                              ``TypedDataset.statistics``, with tables [statistics.num_nodes], ...
    [split]                                   rule, a text
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graphsage.data.dataset import DatasetError
from graphsage.data.layouts import LAYOUTS

STATISTICS = (
    "num_nodes",
    "num_edges",
    "num_features",
    "num_classes",
    "num_isolated",
    "max_degree",
    "num_train",
    "num_val",
    "num_test",
)
TYPED_STATISTICS = tuple(name for name in STATISTICS if name not in ("num_isolated", "max_degree"))


@dataclass(frozen=True, kw_only=True)
class CardFile:
    """One file of a dataset. size in bytes; url is None for a file that comes with the package."""

    name: str
    size: int
    sha256: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """A checked card. ``folder`` is where it lies, with the data of a bundled dataset beside it."""

    name: str
    title: str
    source: str
    licence: str
    layout: str
    stem: str
    files: tuple[CardFile, ...]
    statistics: dict
    split: dict
    class_names: tuple[str, ...] | None
    folder: Path

    @property
    def is_bundled(self):
        """Whether all files come with the package, so that nothing has to be downloaded."""
        return all(file.url is None for file in self.files)

    @property
    def is_typed(self):
        """Whether its nodes are of several types."""
        return isinstance(self.statistics["num_nodes"], dict)

    @property
    def num_nodes(self):
        """How many nodes it has, of all types together."""
        counts = self.statistics["num_nodes"]
        return sum(counts.values()) if self.is_typed else counts

    @property
    def num_bytes(self):
        """Size of all files together."""
        return sum(file.size for file in self.files)


def datasets_folder():
    """The folder of the cards: ``graphsage/datasets`` in an installed package, else ``datasets`` in the checkout."""
    package = Path(__file__).resolve().parents[1]
    folders = [package / "datasets", package.parent / "datasets"]
    for folder in folders:
        if any(folder.glob("*/card.toml")):
            return folder
    raise DatasetError(f"no dataset cards found in {' or '.join(map(str, folders))}: the installation is incomplete")


def list_datasets():
    """Names of the datasets that ``load_dataset`` knows, sorted."""
    return sorted(path.parent.name for path in datasets_folder().glob("*/card.toml"))


def dataset_card(name):
    """The ``DatasetCard`` of a known dataset; DatasetError for an unknown name."""
    if name not in list_datasets():
        raise DatasetError(unknown_name(name))
    return _read_card(datasets_folder() / name)


def unknown_name(name):
    """The sentence for a name that is no dataset, with the nearest one that is."""
    from difflib import get_close_matches

    known = list_datasets()
    near = get_close_matches(str(name).lower(), known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no dataset is called {name!r}: {hint}known are {', '.join(known)}, and a folder can be given by its path"


@cache
def _read_card(folder):
    path = folder / "card.toml"
    try:
        with open(path, "rb") as stream:
            table = tomllib.load(stream)
        return _card(table, folder)
    except (OSError, tomllib.TOMLDecodeError, TypeError, KeyError, DatasetError) as error:
        raise DatasetError(f"{path} is not a dataset card: {error}") from None


def _card(table, folder):
    names = table.get("class_names")
    card = DatasetCard(
        **{key: table[key] for key in ("name", "title", "source", "licence", "layout", "statistics", "split")},
        files=tuple(CardFile(**entry) for entry in table["files"]),
        stem=table.get("stem", table["name"]),
        class_names=None if names is None else tuple(names),
        folder=folder,
    )
    if card.name != folder.name:
        raise DatasetError(f"it names {card.name!r}, its folder is {folder.name!r}")
    if card.layout not in LAYOUTS:
        raise DatasetError(f"layout must be one of {', '.join(LAYOUTS)}, got {card.layout!r}")
    wanted = TYPED_STATISTICS if isinstance(card.statistics.get("num_nodes"), dict) else STATISTICS
    if set(card.statistics) != set(wanted):
        odd = set(card.statistics).symmetric_difference(wanted)
        raise DatasetError(f"statistics must be {', '.join(wanted)}; missing or unknown: {', '.join(sorted(odd))}")
    return card
