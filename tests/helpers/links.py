"""Runs on links of the small dataset of blocks: settings that train fast, and models as they are made."""

from dataclasses import replace

import numpy as np

from graphsage.config.link_config import LinkConfig
from graphsage.data.links import LinkDataset
from graphsage.graph.graph import Graph
from graphsage.runs.kinds import KINDS
from graphsage.runs.run import build_model
from graphsage.trained.save import load_trained, save_trained
from helpers.blocks import NUM_NODES, blocks, configured

NAMES = np.array([f"n{NUM_NODES - 1 - v}" for v in range(NUM_NODES)], object)


def linked(directed=False, **changes):
    """``blocks`` by names, without a label; directed: each link has one direction."""
    data = blocks(node_ids=NAMES, labels=np.full(NUM_NODES, -1), train=[], val=[], test=[], **changes)
    if not directed:
        return data
    src, dst = data.graph.to_edges()
    return replace(data, graph=Graph.from_edges(src[src < dst], dst[src < dst], NUM_NODES))


def link_config(model=None, links=None, **train):
    """A RunConfig on links that trains fast."""
    links = LinkConfig(**{"candidates": 20, "val_share": 0.1, "test_share": 0.2, **(links or {})})
    return replace(configured(model, **{"batch_size": 64, "epochs": 3, **train}), task="links", links=links)


def split_of(config, data) -> LinkDataset:
    """What a run of this config trains on."""
    return KINDS["links"].data_of(config, data)


def saved(folder, data, config=None):
    """(``TrainedLinks``, its ``LinkDataset``) of an untrained model, by way of its files in ``folder``."""
    config = link_config() if config is None else config
    split = split_of(config, data)
    save_trained(folder, build_model(config, split), split, config.train, task=config.links)
    return load_trained(folder), split
