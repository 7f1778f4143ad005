"""The dataset of some nodes alone."""

import numpy as np
import pytest
from helpers.nn_helpers import node_dataset

from graphsage.data.dataset import NodeDataset
from graphsage.data.several import join_datasets
from graphsage.graph.graph import Graph


def named(dataset, rows):
    """What the dataset says of its rows, by the names of nodes."""
    features = dataset.features if isinstance(dataset.features, np.ndarray) else dataset.features.to_scipy().toarray()
    return {int(dataset.node_ids[row]): (features[row].tolist(), dataset.labels[row].tolist()) for row in rows}


@pytest.mark.parametrize("is_sparse", [False, True])
def test_features_labels_split_and_edges_are_those_of_the_nodes(is_sparse):
    whole = node_dataset(is_sparse=is_sparse)
    names = NodeDataset(**{**vars(whole), "node_ids": np.arange(60)})
    nodes = [*whole.val[:6], *whole.train[:9], whole.test[3]]
    part = whole.induced(nodes)
    assert named(part, range(16)) == named(names, nodes)
    assert {split: part.node_ids[getattr(part, split)].tolist() for split in ("train", "val", "test")} == {
        "train": whole.train[:9].tolist(), "val": whole.val[:6].tolist(), "test": [whole.test[3]]
    }  # fmt: skip
    assert part.graph.to_adjacency_dict() == whole.graph.subgraph(nodes).to_adjacency_dict()


def test_without_nodes_it_is_what_training_may_see():
    whole = node_dataset()
    part = whole.induced()
    assert part.node_ids.tolist() == whole.train.tolist() and part.train.tolist() == list(range(30))
    assert len(part.val) == len(part.test) == 0
    mask = np.isin(np.arange(60), whole.train)
    assert whole.induced(mask).node_ids.tolist() == np.flatnonzero(mask).tolist()


def test_classes_are_not_lost():
    graph = Graph.from_edges([0], [1], 3, node_ids=["a", "b", "c"])
    parts = {"graph": graph, "features": np.eye(3), "train": [0, 1], "val": [], "test": [2]}
    assert NodeDataset(**parts, labels=[0, 1, 4]).induced().class_names == ("0", "1", "2", "3", "4")
    assert NodeDataset(**parts, labels=[0, 4, 1]).induced().class_names is None
    assert NodeDataset(**parts, labels=[0, 1, 2], class_names=["x", "y", "z"]).induced().class_names == ("x", "y", "z")
    floats = NodeDataset(**parts, labels=[0.5, 1.25, 7.75]).induced([2, 0])
    assert floats.labels.tolist() == [[7.75], [0.5]] and floats.task == "regression" and floats.node_ids.tolist() == ["c", "a"]


def test_names_that_only_the_dataset_has():
    whole = node_dataset(graph=Graph.from_edges([0], [1], 4))
    found = NodeDataset(**{**vars(whole), "node_ids": ["k", "l", "m", "n"]}).induced([3, 1])
    assert found.node_ids.tolist() == ["n", "l"]


def test_a_part_of_a_joined_dataset_is_a_plain_one():
    one, two = (NodeDataset(**{**vars(node_dataset(seed=seed)), "name": name}) for seed, name in enumerate("ab"))
    joined = join_datasets([one, two], train=["a"], test=["b"])
    part = joined.induced(joined.nodes_of("b"))
    assert type(part) is NodeDataset
    assert part.graph.num_edges == two.graph.num_edges and part.labels.tolist() == two.labels.tolist()
    assert part.test.tolist() == list(range(60))


def test_a_node_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="^nodes lists node 2 more than once"):
        node_dataset().induced([2, 2])
