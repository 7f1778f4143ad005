"""Small typed graphs whose links can be learnt: users buy what is near them on a circle; items are made by makers."""

import numpy as np
import torch
from torch import nn

from graphsage.config.groups import ModelConfig
from graphsage.config.link_config import LinkConfig
from graphsage.config.settings import TrainConfig
from graphsage.data.split_links import split_links
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.runs.trainer import Trainer
from graphsage.sampling.items import Items

BUYS, SOLD, MADE = ("user", "buys", "item"), ("item", "rev_buys", "user"), ("maker", "makes", "item")
KNOWS = ("user", "knows", "user")
SIZES = {"user": 60, "item": 40, "maker": 6}


def purchases(num_links=500, *, times=False, reverse=True, seed=0):
    """(src, dst) of bought items, with repeats, and when."""
    rng = np.random.default_rng(seed)
    src = rng.integers(0, SIZES["user"], num_links)
    dst = (src * SIZES["item"] // SIZES["user"] + rng.integers(0, 5, num_links)) % SIZES["item"]
    return src, dst, rng.integers(0, 90, num_links)


def shop(*, times=False, reverse=True, features=True, num_links=500, **changes):
    """A ``TypedDataset`` without labels: 60 users, 40 items, 6 makers without features, who make items; users know users."""
    src, dst, when = purchases(num_links)
    makes = np.arange(40) % 6, np.arange(40)
    knows = np.stack([np.arange(60), (np.arange(60) + 1) % 60])
    edges = {BUYS: (src, dst), MADE: makes, KNOWS: np.concatenate([knows, knows[::-1]], axis=1)}
    graph = TypedGraph(SIZES, edges, times={BUYS: when} if times else None, reverse=reverse)
    own = {kind: _places(SIZES[kind]) for kind in ("user", "item")} if features else None
    return TypedDataset(**{"graph": graph, "features": own, "name": "shop", **changes})


def _places(count):
    angle = 2 * np.pi * np.arange(count)[:, None] / count * np.array([[1, 2, 5, 9]])
    return np.concatenate([np.cos(angle), np.sin(angle)], 1).astype(np.float32)


def sold(**options):
    """The shop's purchases, split."""
    own = {name: options.pop(name) for name in ("times", "reverse", "features", "num_links") if name in options}
    return split_links(shop(**own), **{"relation": BUYS, "val": 0.1, "test": 0.1, **options})


def pairs_of(graph, relation=BUYS):
    """The links of a relation, as a set."""
    return set(zip(*(side.tolist() for side in graph.edges(relation))))


def as_set(items):
    """The pairs of ``Items`` or of an array [n, 2], as a set."""
    pairs = items.seeds if isinstance(items, Items) else np.asarray(items)
    return set(map(tuple, pairs.tolist()))


def encoder_of(data, width=16, **options):
    """An untrained encoder of both ends of the links of ``data``."""
    target = data.ends if data.is_apart else data.ends[0]
    config = ModelConfig(**{"hidden_features": width, "num_layers": 2, **options})
    return TypedGraphSAGE.of(data, width, config, target=target, dropout=0.0, seed=1)


def trainer_of(data, decoder="mlp", *, model=None, task=None, folder=None, log=None, callbacks=(), **options):
    """A ``Trainer`` that is fast."""
    how = {"epochs": 3, "batch_size": 64, "fanouts": (5, 5), "num_threads": 0, "device": "cpu", **options}
    model = LinkPredictor(encoder_of(data), decoder, directed=decoder == "mlp") if model is None else model
    task = LinkConfig(candidates=20) if task is None else task
    return Trainer(model, data, TrainConfig(**how), task=task, folder=folder, log=log, callbacks=callbacks)


class Products(nn.Module):
    """A module of one's own: a logit for each pair, of the features of its user and its item."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.user, self.item = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, batch):
        source, target = batch.pairs
        h_user = self.user(batch.x["user"])[batch.seed_index["user"]]
        h_item = self.item(batch.x["item"])[batch.seed_index["item"]]
        return (h_user[source] * h_item[target]).sum(1)
