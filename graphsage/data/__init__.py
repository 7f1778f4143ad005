"""Datasets: the ``NodeDataset`` record, the catalogue of known ones, and readers for their files."""

from graphsage.data.catalogue import dataset_card, fetch_dataset, list_datasets, load_dataset
from graphsage.data.dataset import DatasetError, NodeDataset

__all__ = ["DatasetError", "NodeDataset", "dataset_card", "fetch_dataset", "list_datasets", "load_dataset"]
