"""Where a loader reads features: one ``FeatureStore``, or one a type."""

import math
from collections.abc import Mapping

from graphsage.base.checks import one_of
from graphsage.base.told import of_kind, shown, told
from graphsage.config.groups import FEATURES_ON
from graphsage.config.named_values import as_feature_cache
from graphsage.config.run_files import READS
from graphsage.graph.features import SparseFeatures
from graphsage.tensors.store import FeatureStore, free_memory


def stores_of(features, given, device, features_on, dtype, cache=None):
    """A ``FeatureStore`` of a dataset's features, or {type: one} of a mapping: ``given`` if there is one, else new.

    features_on: "auto" is the device if that is a GPU and the dense ones, all types together, take half of its free memory.
    """
    of_types = isinstance(features, Mapping)
    parts = features if of_types else {None: features}
    cache = None if cache is None else as_feature_cache(cache)
    if given is None:
        place = _device_of(parts.values(), device, features_on, dtype)
        made = {kind: FeatureStore(of, device=place, **_options(of, parts, dtype, cache)) for kind, of in parts.items()}
    else:
        made = _given_by_type(given, parts) if of_types else {None: _checked("store", given, features.shape)}
    return made if of_types else made[None]


def stores_on_disk(store):
    """{type: those whose features are in mapped files}; None is the type where there is one."""
    stores = store if isinstance(store, Mapping) else {None: store}
    return {kind: of for kind, of in stores.items() if of.disk is not None}


def reads_of(store):
    """{name: count} by READS, of what was read of features on a disk so far, all types together."""
    reads = [(of.reads.asked, of.reads.hits, of.reads.bytes_read) for of in stores_on_disk(store).values()]
    return dict(zip(READS, map(sum, zip((0, 0, 0), *reads, strict=True)), strict=True))


def disk_line(store, cache):
    """What is told of features on a disk, or about a cache that nothing needs; "" of features in memory."""
    on_disk = stores_on_disk(store).values()
    if not on_disk:
        return "" if cache is None else "feature_cache is not used: the features are in memory"
    size, room = sum(of.disk.num_bytes for of in on_disk), sum(of.room() for of in on_disk)
    told = next(iter(on_disk)).disk.told.format(f"{size / 1e9:,.3g} GB")
    if room:
        return f"{told}: the {room:,} rows that coming batches ask for most are counted first, and kept in memory"
    hint = "feature_cache=10% (--feature-cache) would keep the rows in memory that batches ask for most"
    return told if cache is not None or all(of.is_sparse for of in on_disk) else f"{told}: {hint}"


def is_on_cpu(store):
    """Are some of the features on the CPU, so that threads can read them?"""
    return any(part.device.type == "cpu" for part in (store.values() if isinstance(store, Mapping) else [store]))


def _given_by_type(given, parts):
    if not isinstance(given, Mapping):
        raise TypeError(f"store must be a dict {{type: FeatureStore}}, as the dataset has types of nodes; got {told(given)}")
    missing = next((kind for kind in parts if kind not in given), None)
    if missing is not None:
        raise ValueError(f"store has no {shown(missing)}: give it a FeatureStore a type")
    return {kind: _checked(f"store[{kind!r}]", given[kind], of.shape) for kind, of in parts.items()}


def _checked(name, store, shape):
    if of_kind(name, store, FeatureStore).features.shape != tuple(shape):
        raise ValueError(f"{name} must hold the dataset's features, {list(shape)}; it has {list(store.features.shape)}")
    return store


def _options(features, parts, dtype, cache):
    """What is for dense features; where some are, sparse ones beside them are left alone. Bytes are shared out by size."""
    dense = sum(math.prod(of.shape) for of in parts.values() if not isinstance(of, SparseFeatures))
    if dense and isinstance(features, SparseFeatures):
        return {}
    share = math.prod(features.shape) / dense if dense else 1
    return {"dtype": dtype, "cache": max(1, int(cache * share)) if isinstance(cache, int) else cache}


def _device_of(parts, device, features_on, dtype):
    one_of("features_on", features_on, FEATURES_ON)
    if features_on == "auto":
        dense = [math.prod(of.shape) for of in parts if not isinstance(of, SparseFeatures)]
        num_bytes = sum(dense) * (2 if dtype == "bfloat16" else 4)
        has_room = device.type == "cuda" and num_bytes <= free_memory(device) // 2
        return device if has_room else "cpu"
    return device if features_on == "device" else "cpu"
