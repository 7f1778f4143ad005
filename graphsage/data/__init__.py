"""Floor 2: datasets, by name and from files. Never imports torch."""

from graphsage.data.catalogue import dataset_card, fetch_dataset, list_datasets, load_dataset
from graphsage.data.dataset import DatasetError, NodeDataset

__all__ = ["DatasetError", "NodeDataset", "dataset_card", "fetch_dataset", "list_datasets", "load_dataset"]
