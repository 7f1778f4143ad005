"""What is read alike of a ``Data`` of PyG and of a ``HeteroData``'s types: labels, masks, names, values of edges."""

from typing import Any

import numpy as np
import torch

from graphsage.base.checks import as_array, as_count
from graphsage.base.told import told
from graphsage.data.labels import checked_labels, is_labelled
from graphsage.data.split import SPLITS, random_split


def tensor_of(name: str, values: Any) -> torch.Tensor:
    """``values`` as a tensor; one as it is. TypeError, by ``name``, for what holds no numbers."""
    if isinstance(values, torch.Tensor):
        return values
    array = np.array(as_array(name, values))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be a tensor or an array of numbers, got {told(values)}")
    return torch.from_numpy(array)


def values_at(name: str, values: Any, edge_ids: torch.Tensor) -> torch.Tensor:
    """The rows of ``values`` that are those of the edges."""
    values = tensor_of(name, values)
    last = int(edge_ids.max()) if len(edge_ids) else -1
    if not values.ndim or last >= len(values):
        rows = f"{len(values)} rows" if values.ndim else "one number"
        raise ValueError(f"{name} must have a row an edge id: it has {rows}, and the batch has edge {last}")
    return values[edge_ids.to(values.device)]


def labels_of(store: Any, num_nodes: int) -> np.ndarray:
    """Its y as ``NodeDataset`` takes labels: class numbers [N, 1], as OGB has them, as [N]; all -1 where it has none."""
    if getattr(store, "y", None) is None:
        return np.full(num_nodes, -1)
    labels = as_array("y", store.y)
    is_column = labels.ndim == 2 and labels.shape[1] == 1 and labels.dtype.kind in "iu"
    return labels[:, 0] if is_column else labels


def names_of_nodes(store: Any) -> Any:
    """Its node_ids, or n_id; None where it has neither."""
    return getattr(store, "node_ids", getattr(store, "n_id", None))


def split_of(data: Any, labels: np.ndarray, num_nodes: int, split: int | None) -> dict[str, np.ndarray]:
    """{"train", "val", "test": int64 ids}."""
    masks = {part: getattr(data, f"{part}_mask", None) for part in SPLITS}
    if all(mask is None for mask in masks.values()):
        return random_split(np.flatnonzero(is_labelled(checked_labels(labels, num_nodes))), split)
    column = 0 if split is None else as_count("split", split)
    return {part: _nodes_of(f"{part}_mask", mask, num_nodes, column) for part, mask in masks.items()}


def _nodes_of(name, mask, num_nodes, column):
    if mask is None:
        return np.empty(0, np.int64)
    mask = as_array(name, mask)
    if mask.dtype.kind not in "biu" or mask.ndim not in (1, 2) or len(mask) != num_nodes:
        rule = f"must be a mask of {num_nodes} bools, or such masks side by side"
        raise ValueError(f"{name} {rule}; got {mask.dtype} {list(mask.shape)}")
    if mask.ndim == 2:
        mask = mask[:, as_count("split", column, most=mask.shape[1] - 1)]
    return np.flatnonzero(mask)
