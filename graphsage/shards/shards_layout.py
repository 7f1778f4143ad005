"""Folders of shards as a layout of datasets. Looking for them takes no torch, opening one does."""

from pathlib import Path

from graphsage.shards.cut import shards_in


def holds_shards(folder):
    """The name of ``folder`` if it holds shards of a dataset, else None."""
    folder = Path(folder)
    return (folder.resolve().name or "dataset") if shards_in(folder)[0] else None


def read_shards(folder, name, *, class_names=None):
    """The dataset whose shards ``folder`` holds: see ``opened_shards``."""
    from graphsage.shards.shard_folders import opened_shards

    return opened_shards(folder, name, class_names=class_names)
