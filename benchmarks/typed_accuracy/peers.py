"""PyG's RGCN, HAN and HGT on batches of a ``TypedDataset``; sizes and optimizers are those of PyG's examples.

RGCN  examples/rgcn.py: two layers, 30 bases, Adam 0.01, weight decay 0.0005. A linear layer a type stands for the example's
      table of nodes, as here they have features; it is 64 wide, where the example is 16.
HAN   examples/hetero/han_imdb.py: 128 wide, 8 heads, dropout 0.6, Adam 0.005, weight decay 0.001, on the metapaths of
      Wang et al. 2019.
HGT   examples/hetero/hgt_dblp.py: one layer, 64 wide, 2 heads, Adam 0.005, weight decay 0.001. Of DBLP it sees an author's
      papers and no conference; two layers were worse on validation in the same budget, on ACM too.

All train on batches of this package, with the fanouts of its own model (HAN: with MAX_NEIGHBORS a metapath, of millions), and
are judged by all neighbours (HAN: by drawn ones).
"""

import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import graphsage as gs
from benchmarks.shared.measuring import timed
from graphsage.interop import from_pyg, to_pyg
from graphsage.training.tasks import accuracy, macro_f1

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric import transforms as T
    from torch_geometric.nn import HANConv, HGTConv, RGCNConv

MAX_NEIGHBORS = 16
METAPATHS = {
    "acm": (("paper", "author", "paper"), ("paper", "subject", "paper")),
    "dblp": (
        ("author", "paper", "author"),
        ("author", "paper", "conference", "paper", "author"),
        ("author", "paper", "term", "paper", "author"),
    ),
}


class Enter(nn.ModuleDict):
    """A linear layer a type, on dense and on sparse rows."""

    def __init__(self, dataset, width):
        super().__init__({name: nn.Linear(count, width) for name, count in dataset.num_features.items()})

    def forward(self, x):
        return {name: layer(x[name]) if torch.is_tensor(x[name]) else _sparse(layer, x[name]) for name, layer in self.items()}


def _sparse(layer, rows):
    return rows.matmul(layer.weight.t()) + layer.bias


class RGCN(nn.Module):
    learning_rate, weight_decay = 0.01, 0.0005

    def __init__(self, dataset):
        super().__init__()
        self.enter, self.target, self.types = Enter(dataset, 64), dataset.target, dataset.graph.types
        relations = len(dataset.graph.relations)
        self.first = RGCNConv(64, 64, relations, num_bases=30)
        self.second = RGCNConv(64, dataset.num_classes, relations, num_bases=30)

    def forward(self, batch, found):
        one, h = found.to_homogeneous(node_attrs=[], edge_attrs=[]), self.enter(batch.x)
        h = self.first(torch.cat([h[name] for name in self.types]), one.edge_index, one.edge_type).relu()
        h = self.second(h, one.edge_index, one.edge_type)
        return h[one.node_type == self.types.index(self.target)]


class HAN(nn.Module):
    learning_rate, weight_decay = 0.005, 0.001

    def __init__(self, dataset):
        super().__init__()
        self.target, (width,) = dataset.target, dataset.num_features.values()
        metadata = list(dataset.graph.types), list(dataset.graph.relations)
        self.conv = HANConv({self.target: width}, 128, metadata, heads=8, dropout=0.6)
        self.out = nn.Linear(128, dataset.num_classes)

    def forward(self, batch, found):
        x = batch.x[self.target]
        x = {self.target: x if torch.is_tensor(x) else x.to_dense()}
        return self.out(self.conv(x, found.edge_index_dict)[self.target])


class HGT(nn.Module):
    learning_rate, weight_decay = 0.005, 0.001

    def __init__(self, dataset):
        super().__init__()
        self.enter, self.target = Enter(dataset, 64), dataset.target
        metadata = list(dataset.graph.types), list(dataset.graph.relations)
        self.conv = HGTConv(64, 64, metadata, heads=2)
        self.out = nn.Linear(64, dataset.num_classes)

    def forward(self, batch, found):
        h = {name: of.relu() for name, of in self.enter(batch.x).items()}
        return self.out(self.conv(h, found.edge_index_dict)[self.target])


PEERS = {"RGCN of PyG": RGCN, "HAN of PyG": HAN, "HGT of PyG": HGT}


class Inputs:
    """What a model of PyG reads of a dataset: batches of its training nodes, and one of those that judge it.

    fanouts: of training. judged: of the other; -1 for all.
    """

    def __init__(self, dataset, fanouts, judged):
        self.dataset, self.fanouts, nodes = dataset, fanouts, np.concatenate([dataset.val, dataset.test])
        self.judges = _both(self._loader(judged, nodes, len(nodes), 0).prepare(0, 0))

    def batches(self, seed):
        """Of each update, (batch, HeteroData)."""
        loader, epoch = self._loader(self.fanouts, self.dataset.train, len(self.dataset.train), seed), 0
        while True:
            yield _both(loader.prepare(epoch, 0))
            epoch += 1

    def _loader(self, fanouts, nodes, size, seed):
        sampler = gs.NeighborSampler(self.dataset.graph, fanouts, seed=seed, num_threads=0, weights="ignore")
        return gs.NeighborLoader(self.dataset, sampler, size, nodes=nodes, shuffle=False)


def _both(batch):
    return batch, to_pyg(batch.minibatch)


def inputs_of(kind, dataset, fanouts):
    """``Inputs`` for that model: of HAN those of the graph of metapaths."""
    if kind is not HAN:
        fanouts = fanouts[: 1 if kind is HGT else None]  # one a layer
        return Inputs(dataset, fanouts, [-1] * len(fanouts))
    return Inputs(along_metapaths(dataset), [MAX_NEIGHBORS], [MAX_NEIGHBORS])


def along_metapaths(dataset):
    """The target's nodes alone, a relation a metapath."""
    paths = [[*zip(path, path[1:])] for path in METAPATHS.get(dataset.name, ())] or _round_trips(dataset)
    change = T.AddMetaPaths(paths, drop_orig_edge_types=True, drop_unconnected_node_types=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse")  # torch, of the products that PyG makes
        made = from_pyg(change(to_pyg(dataset.graph)))
    own = {name: getattr(dataset, name) for name in ("target", "labels", "train", "val", "test", "class_names", "name")}
    return gs.TypedDataset(graph=made.graph, features={dataset.target: dataset.features[dataset.target]}, **own)


def _round_trips(dataset):
    """From the target by a relation, and back."""
    pairs = dataset.graph.reverse_of.items()
    return [[*pair] for pair in (*pairs, *((of, name) for name, of in pairs)) if pair[0][0] == dataset.target]


def scores(outputs, dataset, part):
    """{"macro", "micro": F1} of outputs of all nodes of the target; micro F1 of one class a node is the accuracy."""
    ids = torch.from_numpy(np.array(getattr(dataset, part)))
    outputs, labels = outputs[ids], torch.from_numpy(np.array(dataset.labels))[ids]
    return {"macro": float(macro_f1(outputs, labels)), "micro": accuracy(outputs, labels)}


def trained(kind, inputs, seed, options):
    """{"val", "test": scores, "best", "updates", "seconds"} of the weights that were best on validation."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        found, _, seconds = timed(lambda: _fitted(kind(inputs.dataset), inputs, seed, options))
    return found | {"seconds": seconds}


def _fitted(model, inputs, seed, options):
    optimizer = torch.optim.Adam(model.parameters(), lr=model.learning_rate, weight_decay=model.weight_decay)
    best, since = {"val": {"macro": -1.0}}, 0
    for update, (batch, found) in zip(range(1, options.updates + 1), inputs.batches(seed)):
        model.train()
        loss = F.cross_entropy(model(batch, found)[batch.seed_index], batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if update % options.every and update < options.updates:
            continue
        outputs, since = _judged(model, inputs), since + options.every
        val = scores(outputs, inputs.dataset, "val")
        if val["macro"] > best["val"]["macro"]:
            best, since = {"val": val, "test": scores(outputs, inputs.dataset, "test"), "best": update}, 0
        if since >= options.patience:
            break
    return best | {"updates": update}


@torch.no_grad()
def _judged(model, inputs):
    """Outputs of all nodes of the target, 0 of those that judge nothing."""
    batch, found = inputs.judges
    outputs = model.eval()(batch, found)[batch.seed_index]
    return outputs.new_zeros(len(inputs.dataset.labels), outputs.shape[1]).index_copy(0, batch.seeds, outputs)
