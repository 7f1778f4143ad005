"""FeatureStore: rows of node features as tensors, picked out or reduced over neighbours on the way."""

import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from graphsage.base.checks import one_of
from graphsage.base.memory import available_memory, is_mapped
from graphsage.config.groups import FEATURE_DTYPES
from graphsage.config.named_values import as_feature_cache
from graphsage.graph.features import SparseFeatures, as_features
from graphsage.tensors.csr_matrix import CSRMatrix, summed_rows
from graphsage.tensors.kept_rows import room_for
from graphsage.tensors.reductions import REDUCTIONS, merged_rows, with_own
from graphsage.tensors.rows_on_disk import Reads, canonical, each_once, lie_elsewhere, lies_on_disk, rows_on_disk


def free_memory(device):
    """Bytes of a GPU that are free, or that torch keeps for what comes next."""
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept


class FeatureStore:
    """Features of N nodes, dense or sparse. Sparse rows stay sparse, on the CPU: they come out as ``CSRMatrix``.

    device: where dense features are kept, and their rows come out. dtype: dense features are kept so: "float32", or "bfloat16"
    in half the memory, rounded to 8 significant bits (sums are still float32, and so is what comes out).

    Features of a memory-mapped file stay there, if neither of the two asks for another place: the rows that are needed are
    read together, and what comes out is the same, bit for bit. How much that was is counted in ``reads``.
    cache: of dense ones on a disk so much may be kept in memory, bytes, "2GB" or "10%"; ``keep`` says which.
    """

    def __init__(self, features, *, device="cpu", dtype="float32", cache=None):
        features, cache = as_features(features), None if cache is None else as_feature_cache(cache)
        self._options = {"device": device, "dtype": dtype, "cache": cache}
        self.is_sparse, self.reads = isinstance(features, SparseFeatures), Reads()
        self.device = torch.device("cpu" if self.is_sparse or lie_elsewhere(features) else device)
        one_of("feature_dtype", dtype, FEATURE_DTYPES)
        if self.is_sparse and dtype != "float32":
            raise ValueError(f"feature_dtype = {dtype!r} is for dense features: sparse ones are float32")
        if dtype != "float32" and lie_elsewhere(features):
            raise ValueError(f"feature_dtype = {dtype!r} is not for features in shards: leave it out")
        if self.is_sparse and cache is not None:
            raise ValueError(f"feature_cache = {cache!r} is for dense features: sparse ones have none")
        stays = self.device.type == "cpu" and dtype == "float32" and lies_on_disk(features)
        self.disk = rows_on_disk(features) if stays else None
        self.features = canonical(features) if self.is_sparse and not stays else features
        if not self.is_sparse and not stays:
            self._dense = _placed(features, self.device, dtype)

    @classmethod
    def _in_memory(cls, features):
        """Of rows that were taken from another: they are right as they are."""
        made = cls.__new__(cls)
        made.features, made.disk, made.device, made.reads = features, None, torch.device("cpu"), Reads()
        made.is_sparse = isinstance(features, SparseFeatures)
        if not made.is_sparse:
            made._dense = torch.from_numpy(features)
        return made

    def __reduce__(self):
        return partial(FeatureStore, **self._options), (self.features,)  # the rows once, not as a tensor too

    def __len__(self):
        """N."""
        return self.features.shape[0]

    @property
    def num_features(self):
        """F."""
        return self.features.shape[1]

    @property
    def mapped_rows(self):
        """float32 array [N, F] in a mapped file, where rows are read from there; else None."""
        return self.features if not self.is_sparse and self.disk is not None and is_mapped(self.features) else None

    def rows(self, ids):
        """The rows of int ids [M], as a float32 tensor [M, F] or a CSRMatrix of that shape."""
        if self.disk is None and not self.is_sparse:
            return self._dense.index_select(0, ids).float()
        taken = self.features.take(ids.numpy()) if self.disk is None else self._read(ids.numpy())
        if not self.is_sparse:
            return torch.from_numpy(taken)
        values = None if taken.values is None else np.array(taken.values)
        return CSRMatrix.from_numpy(taken.indptr, np.array(taken.indices), values, self.num_features)

    def reduce(self, kind, block, ids):
        """The rows [M, F] that aggregator ``kind`` makes of the neighbours of ``ids``, without materialising those.

        block: CSRMatrix [M, N], row i: the neighbours of ids[i], as global ids. ids: int [M].
        """
        if self.disk is not None:
            return self._reduced_on_disk(kind, block, ids)
        if self.is_sparse:
            rows = self.features
            sparse_rows = rows.indptr, rows.indices, rows.values, rows.num_columns
            return merged_rows(kind, block.indptr.numpy(), block.indices.numpy(), ids.numpy(), *sparse_rows)
        table, own = self._dense, self.rows(ids) if kind == "gcn" else None
        if kind != "max" and table.device.type == "cpu":
            made = summed_rows(block, table, kind != "sum")
            return made if own is None else with_own(own, made, block.row_counts())
        if kind == "max" and table.dtype == torch.bfloat16:  # the maximum has no kernel for it
            nodes, columns = block.indices.unique(return_inverse=True)
            block, table = replace(block, indices=columns.int(), num_cols=len(nodes)), self.rows(nodes)
        with torch.no_grad():
            return REDUCTIONS[kind](table, block, own).float()

    # ---- features on a disk, or elsewhere

    def gathered(self, ids, block):
        """(store, ids, block) to ask ``rows`` and ``reduce`` of: where rows are far away, a store of those in memory.

        So a row is fetched once for both. ids, block: as in ``reduce``; block may be None.
        """
        if self.disk is None:
            return self, ids, block
        needed = ids if block is None else torch.cat([ids, block.indices.to(ids.dtype)])
        found, places = np.unique(needed.numpy(), return_inverse=True)
        part, places = FeatureStore._in_memory(self._read(found, found)), torch.from_numpy(places)
        if block is not None:
            block = replace(block, indices=places[len(ids) :].to(block.indices.dtype), num_cols=len(part))
        return part, places[: len(ids)], block

    def ask(self, ids):
        """Let the rows of int ids (any order, repeats too) be read from the disk now: they will be needed. No-op in memory."""
        if self.disk is not None:
            self.disk.ask(each_once(ids.numpy()))

    def room(self):
        """How many rows may still be kept in memory: 0 where all are there, or none are to be, or some were chosen."""
        return 0 if self.disk is None or self.disk.has_kept else room_for(self._options["cache"], self.features)

    def keep(self, ids):
        """Keep copies of the rows ``ids`` (int64, ascending, each once, at most ``room()``) in memory."""
        self.disk.keep(ids)

    def _read(self, ids, found=None):
        """The rows ``ids`` in memory, as features. found: each of them once, ascending, where that is known."""
        found = each_once(ids) if found is None else found.astype(np.int64)
        if len(found) and not 0 <= found[0] <= found[-1] < len(self):  # a map is read beyond its end, too
            raise IndexError(f"ids must be in [0, {len(self)}), got {found[0] if found[0] < 0 else found[-1]}")
        self.reads.add(len(found), *self.disk.ask(found))
        return self.disk.take(ids.astype(np.int64))

    def _reduced_on_disk(self, kind, block, ids):
        """``reduce`` in memory, of the rows that it takes."""
        part, own, block = self.gathered(ids if kind == "gcn" else ids[:0], block)
        return part.reduce(kind, block, own if kind == "gcn" else ids)


def _placed(features, device, dtype):
    needed, available = 2 * features.size, available_memory()
    if dtype == "bfloat16" and lies_on_disk(features) and 0 < available < needed:
        rule = "feature_dtype = 'bfloat16' keeps features in memory, and those on the disk"
        raise ValueError(f"{rule} would take {needed:,} bytes where {available:,.0f} are available: leave it out")
    with warnings.catch_warnings():  # torch warns of read-only memory; nothing here writes to it
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        dense = torch.from_numpy(features)
    return (dense if dtype == "float32" else _as_bfloat16(dense)).to(device)


def _as_bfloat16(dense):
    """In memory of numpy's, which asks the system for huge pages: rows far apart are read from those in three quarters of the
    time that torch's own small ones take."""
    return torch.from_numpy(np.empty(dense.shape, np.int16)).view(torch.bfloat16).copy_(dense)
