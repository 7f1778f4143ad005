"""A folder of shards, opened by all processes of a training: each has one of them, and asks the others for the rest."""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from graphsage.data.dataset import NodeDataset
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.folders.folder_parts import SMALL
from graphsage.data.folders.opening import about_of, check_sums, mapped_arrays, num_bytes
from graphsage.data.readers.npz import in_memory
from graphsage.data.readers.npz_form import TIMES, checked_about, loaded_features, loaded_ids, loaded_labels, stored_task
from graphsage.graph.features import SparseFeatures
from graphsage.shards.cut import OF_EDGES, checked_range, shards_in
from graphsage.shards.exchange import Exchange
from graphsage.shards.owners import Owners
from graphsage.shards.sharded_features import ShardedFeatures, ShardedSparse
from graphsage.shards.sharded_graph import ShardedGraph

SAME = ("indptr", "labels", "train", "val", "test")  # arrays that all shards of a dataset have alike


def opened_shards(folder, name, *, class_names=None, exchange=None):
    """The ``NodeDataset`` whose shards ``folder`` holds, under the name it was saved with (``name`` if it had none).

    All processes of torch.distributed must call it together, as many as there are shards; each needs one shard in its folder
    that no other takes. class_names: other names for the classes. exchange: one that stands already. DatasetError, one
    sentence, where they do not fit.
    """
    found, count = shards_in(folder)
    exchange = Exchange() if exchange is None else exchange
    if exchange.size != count:
        number = "one process" if exchange.size == 1 else f"{exchange.size} processes"
        rule = f"start {count}, as torchrun --nproc-per-node {count} -m graphsage train {folder}"
        raise DatasetError(f"{folder} holds shards of {count}, one a process, and this is {number}: {rule}")
    shard, ranks = _shared_out(exchange, folder, sorted(found), count)
    with told_of(found[shard]):
        about, arrays = _arrays_of(found[shard])
        nodes = checked_range(about, len(arrays["indptr"]) - 1)
        told = exchange.gather((shard, nodes, {array: about["arrays"][array]["sha256"] for array in SAME}))
        dataset = _dataset(about, arrays, Owners(_bounds(told, len(arrays["indptr"]) - 1), ranks, exchange, shard), name)
    return dataset if class_names is None else replace(dataset, class_names=class_names)


def _shared_out(exchange, folder, there, count):
    """(this process's shard, int64[count] the rank that holds each shard): each rank has one that lies in its folder."""
    all_there = exchange.gather(there)
    missing = sorted({*range(count)}.difference(*all_there))
    if missing:
        raise DatasetError(f"{folder} has no shard {missing[0]} of {count}, on no machine: copy it to one of them")
    if exchange.rank in all_there[exchange.rank] and all(rank in held for rank, held in enumerate(all_there)):
        return exchange.rank, np.arange(count)
    held = csr_array(np.array([[shard in of for of in all_there] for shard in range(count)], np.int8))
    ranks = maximum_bipartite_matching(held, perm_type="column")
    if (ranks < 0).any():
        rule = "each process needs one in its folder that no other takes"
        raise DatasetError(f"{folder} holds the shards {all_there}, process by process: {rule}")
    return int(np.flatnonzero(ranks == exchange.rank)[0]), ranks.astype(np.int64)


def _arrays_of(path):
    """(about.json, {name: array}) of a shard; a small one is compared with its checksums."""
    about = about_of(path)
    if missing := {*SAME, "indices"} - about["arrays"].keys():
        raise DatasetError(f"{', '.join(sorted(missing))} missing: it is no shard of a dataset with one type of nodes")
    arrays = mapped_arrays(path, about)
    if num_bytes(arrays) <= SMALL:
        check_sums(path, about)
    return about, in_memory(arrays)


def _bounds(told, num_nodes):
    """int64[S + 1]: where the shards begin, from what all ranks told of theirs."""
    shards = sorted(told, key=lambda of: of[0])
    if any(sums != shards[0][2] for *_, sums in shards):
        raise DatasetError("it is of another dataset than the shard of another process: cut one dataset, and copy its shards")
    firsts, ends = zip(*(nodes for _, nodes, _ in shards))
    if (0, *ends) != (*firsts, num_nodes):
        raise DatasetError(f"shards must have all nodes, each once; those of all processes begin at {firsts} and end at {ends}")
    return np.array([0, *ends], np.int64)


def _dataset(about, arrays, owners, name):
    facts = checked_about(about["dataset"])
    node_ids = loaded_ids(arrays, True)
    first, end = owners.range
    indptr = arrays["indptr"]
    own = {of: arrays.get(of) for of in OF_EDGES}
    for of, array in own.items():
        if array is not None and len(array) != indptr[end] - indptr[first]:
            rule = f"the {indptr[end] - indptr[first]} edges of nodes {first} to {end - 1}"
            raise DatasetError(f"{of} must be those of {rule}; there are {len(array)}")
    times = {part: arrays.get(of) for of, part in TIMES.items()}
    of_graph = node_ids if facts["graph_has_ids"] else None
    graph = ShardedGraph(indptr=indptr, own=own, node_ids=of_graph, owners=owners, node_times=times["node_times"])
    return NodeDataset(
        graph=graph,
        features=_features(facts, arrays, owners),
        **loaded_labels(arrays, True),
        **times,
        node_ids=None if facts["graph_has_ids"] else node_ids,
        name=name if facts["name"] is None else facts["name"],
        task=stored_task(arrays["labels"]),
        notes=tuple(facts["notes"]),
        **{of: facts[of] for of in ("class_names", "schema")},
    )


def _features(facts, arrays, owners):
    own = loaded_features(facts["num_columns"], arrays, True)
    first, end = owners.range
    if own is None or own.shape[0] != end - first:
        raise DatasetError(f"features must be those of nodes {first} to {end - 1}")
    if not isinstance(own, SparseFeatures):
        return ShardedFeatures(own, owners)
    is_mine = own.values is None and own.num_columns == owners.bounds[-1] and np.array_equal(own.indices, np.arange(first, end))
    are_theirs, entries = zip(*owners.exchange.gather((bool(is_mine), len(own.indices))))
    return ShardedSparse(own, owners, is_identity=all(are_theirs), num_entries=sum(entries))
