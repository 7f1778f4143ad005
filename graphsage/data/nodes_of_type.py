"""The nodes of one type of a typed dataset by themselves: how many, and what they are called."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False, kw_only=True)
class NodesOfType:
    """What tables read of a ``NodeDataset``. node_ids: names [num_nodes], or None. name: for sentences."""

    num_nodes: int
    node_ids: np.ndarray | None
    name: str


def nodes_of_type(dataset: Any, kind: str | None) -> Any:
    """``NodesOfType`` of a dataset with types; the dataset itself where ``kind`` is None, as it has one type."""
    if kind is None:
        return dataset
    name = f"type {kind} of {dataset.name or 'the dataset'}"
    return NodesOfType(num_nodes=dataset.num_nodes[kind], node_ids=dataset.node_ids.get(kind), name=name)
