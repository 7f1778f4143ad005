"""A dataset cut into shards: dataset folders with a range of the nodes each."""

import re
from bisect import bisect_left
from pathlib import Path

from graphsage.base.checks import as_count
from graphsage.data.dataset import NodeDataset
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.folders.opening import about_of, check_sums
from graphsage.data.folders.writer import FolderWriter
from graphsage.data.readers.npz_form import SPARSE, packed
from graphsage.graph.features import SparseFeatures

SHARD = re.compile(r"shard-([0-9]{1,6})-of-([0-9]{1,6})")
OF_EDGES = ("indices", "edge_ids", "edge_reversed", "weights", "times")


def cut(dataset, path, count, log=lambda line: None):
    """Write ``dataset`` (``NodeDataset``) as ``count`` shards, the folders ``path``/shard-K-of-``count``; returns the ranges.

    A shard has the rows of a range of nodes, edges and features, and all that there is of labels, split and names, which are
    small; the graph's indptr is whole as well, so that sizes and degrees are known everywhere. Ranges are such that all
    shards have about as many bytes of edges and features. Arrays that are mapped are read in passing, not into memory.
    """
    count = as_count("the number of shards", count, least=1)
    if not isinstance(dataset, NodeDataset):
        raise DatasetError("shards are of datasets with one type of nodes: dataset.merged() makes one of several types")
    if count > dataset.num_nodes:
        raise DatasetError(f"{count} shards of {dataset.num_nodes:,} nodes: each needs one, so make no more shards than nodes")
    about, arrays = packed(dataset)
    bounds, path = bounds_of(dataset, arrays, count), Path(path)
    for shard, nodes in enumerate(zip(bounds, bounds[1:])):
        folder = path / f"shard-{shard}-of-{count}"
        _write(folder, about, arrays, nodes, [shard, count])
        log(f"{folder}: nodes {nodes[0]:,} to {nodes[1] - 1:,}")
    return list(zip(bounds, bounds[1:]))


def bounds_of(dataset, arrays, count):
    """[first node of shard 0, of shard 1, ..., N]: as many bytes of edges and features in each, as far as rows allow."""
    per_edge = sum(arrays[name].itemsize for name in OF_EDGES if name in arrays)
    per_node, starts = _bytes_of_features(dataset.features, arrays)
    indptr, num_nodes = arrays["indptr"], dataset.num_nodes

    def bytes_before(node):
        return int(indptr[node]) * per_edge + (node * per_node if starts is None else int(starts[node]) * per_node)

    bounds = [0]
    for shard in range(1, count):
        found = bisect_left(range(num_nodes + 1), bytes_before(num_nodes) * shard / count, key=bytes_before)
        bounds.append(min(max(found, bounds[-1] + 1), num_nodes - (count - shard)))  # none is without a node
    return [*bounds, num_nodes]


def _bytes_of_features(features, arrays):
    """(bytes a node, None), or of sparse ones (bytes an entry, where the entries of each node begin)."""
    if not isinstance(features, SparseFeatures):
        return 4 * features.shape[1], None
    starts = arrays["feature_indptr"]
    return sum(arrays[name].itemsize for name in SPARSE if name in arrays) - starts.itemsize, starts


def _write(folder, about, arrays, nodes, shard):
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FolderWriter(folder) as writer:
        for name, array in arrays.items():
            writer.put(name, _part(name, array, arrays, slice(*nodes)))
        writer.finish(about, range=list(nodes), shard=shard)


def _part(name, array, arrays, nodes):
    """What a shard with these nodes has of an array."""
    if name in OF_EDGES:
        return array[slice(*arrays["indptr"][[nodes.start, nodes.stop]])]
    if name == "features":
        return array[nodes]
    if name == "feature_indptr":
        return array[nodes.start : nodes.stop + 1] - array[nodes.start]
    if name in SPARSE:
        return array[slice(*arrays["feature_indptr"][[nodes.start, nodes.stop]])]
    return array


def shards_in(folder):
    """{number: path} of the shards that ``folder`` holds, and how many there are in all; ({}, 0) where it holds none."""
    named = [(path, SHARD.fullmatch(path.name)) for path in Path(folder).glob("shard-*-of-*") if path.is_dir()]
    found = [(path, int(name[1]), int(name[2])) for path, name in named if name]
    counts = sorted({count for *_, count in found})
    if len(counts) > 1:
        raise DatasetError(f"{folder} holds shards of {counts[0]} and of {counts[1]}: leave those of one cut there")
    return {shard: path for path, shard, _ in found}, max(counts, default=0)


def are_shards(path):
    """Is ``path``, a name or path of a dataset, a folder that holds shards?"""
    return Path(path).is_dir() and bool(shards_in(path)[0])


def check_shards(folder):
    """A line for each shard that is in ``folder``; DatasetError where a file has another checksum than about.json states."""
    lines = []
    for _, path in sorted(shards_in(folder)[0].items()):
        with told_of(path):
            about = about_of(path)
            check_sums(path, about)
            first, end = checked_range(about, about["arrays"]["labels"]["shape"][0])
        lines.append(f"{path} is whole, nodes {first:,} to {end - 1:,}: every file has its checksum")
    return lines


def checked_range(about, num_nodes):
    """(first, end) of a shard's about.json."""
    nodes = about.get("range")
    if not isinstance(nodes, list) or len(nodes) != 2 or not all(type(node) is int for node in nodes):
        raise DatasetError(f"range in its about.json must be the first node and the one after the last, got {nodes!r:.80}")
    if not 0 <= nodes[0] < nodes[1] <= num_nodes:
        raise DatasetError(f"range in its about.json must be of nodes 0 to {num_nodes - 1}, got {nodes}")
    return tuple(nodes)
