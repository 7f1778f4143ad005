"""The same model of PyG's ``SAGEConv``, on PyG's ``NeighborLoader``: layer for layer, option for option."""

import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch_geometric.data import Data
from torch_geometric.loader import NeighborLoader
from torch_geometric.nn import JumpingKnowledge, SAGEConv

from benchmarks.records.measuring import Clock
from graphsage.config.groups import WEIGHT_DECAY
from graphsage.training.average import WeightAverage
from graphsage.training.setup import normalizes
from graphsage.training.tasks import pick_metric

NORMS = {"none": lambda width: nn.Identity(), "layer": nn.LayerNorm, "batch": nn.BatchNorm1d}
ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "elu": F.elu}


class Model(nn.Module):
    """model: ``ModelConfig``, of the aggregator mean and combine sum."""

    def __init__(self, in_features, out_features, model):
        super().__init__()
        self.model, width, hidden = model, in_features, model.hidden_features
        self.enters = nn.Linear(width, hidden) if model.input_layer != "none" else None
        width = width if self.enters is None else hidden
        self.has_output = self.enters is not None or model.jumping != "last"
        self.convs, self.norms, self.residuals = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for depth in range(model.num_layers):
            is_hidden = self.has_output or depth < model.num_layers - 1
            self.convs.append(SAGEConv(width, hidden if is_hidden else out_features))
            if is_hidden:
                self.norms.append(NORMS[model.norm](hidden))
                self.residuals.append(nn.Identity() if width == hidden else nn.Linear(width, hidden, bias=False))
            width = hidden
        self.jump = None if model.jumping == "last" else JumpingKnowledge(model.jumping, hidden, model.num_layers)
        width = hidden * (model.num_layers if model.jumping == "cat" else 1)
        self.output = nn.Linear(width, out_features) if self.has_output else None

    def forward(self, x, edge_index):
        x = F.dropout(x, self.model.input_dropout, self.training)
        if self.enters is not None:
            x = self.enters(x)
            x = self._finish(x) if self.model.input_layer == "active" else x
        hidden = []
        for conv, norm, residual in zip(self.convs, self.norms, self.residuals):
            h = conv(x, edge_index)
            x = self._finish(norm(h + residual(x) if self.model.residual else h))
            hidden.append(x)
        if not self.has_output:
            return self.convs[-1](x, edge_index)
        return self.output(x if self.jump is None else self.jump(hidden))

    def _finish(self, h):
        return F.dropout(ACTIVATIONS[self.model.activation](h), self.model.dropout, self.training)


def trained_by_pyg(config, dataset):
    """As ``measuring.trained``, by PyG's model and loader: the test is of the best model on validation, all neighbours."""
    torch.manual_seed(config.train.seed)
    train, metric = config.train, pick_metric(config.train.metric, dataset)
    data, parts = data_of(config, dataset), {"validation": dataset.val, "test": dataset.test}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nodes = torch.from_numpy(dataset.train)
        loader = NeighborLoader(data, list(train.fanouts), nodes, batch_size=train.batch_size, shuffle=True)
    model = Model(data.num_features, dataset.num_outputs, config.model)
    decay = WEIGHT_DECAY if train.weight_decay is None else train.weight_decay
    optimizer = torch.optim.Adam(model.parameters(), train.learning_rate, weight_decay=decay)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, train.epochs * len(loader))
    average, clock, best = WeightAverage(model, train.average), Clock(), {"validation": -1.0}
    clock.on_fit_begin()
    for epoch in range(1, train.epochs + 1):
        for batch in loader:
            _step(model, batch, optimizer)
            average.update()
            if train.schedule == "cosine":
                rates.step()
        clock.on_step()
        if epoch % (train.evaluate_every or 1) and epoch < train.epochs:
            continue
        with average.in_the_model():
            scores = _scores(model, data, parts, metric)
        clock.on_epoch(None, Validated(scores["validation"]))
        best = max(best, {**scores, "best_epoch": epoch}, key=lambda found: found["validation"])
    return {**best, "cpu_seconds": clock.cpu_seconds, "curve": clock.curve}


class Validated:
    """What ``Clock`` reads of an epoch."""

    def __init__(self, val_score):
        self.val_score = val_score


def data_of(config, dataset):
    """PyG's ``Data``: messages go from neighbours to the nodes whose rows they are in."""
    dataset = dataset.row_normalized() if normalizes(config.train, dataset) else dataset
    features = dataset.features.to_scipy().toarray() if hasattr(dataset.features, "to_scipy") else dataset.features
    matrix = dataset.graph.to_scipy().tocoo()  # row i: the neighbours of node i
    edges = torch.tensor([matrix.col.tolist(), matrix.row.tolist()])
    return Data(x=torch.tensor(features).float(), edge_index=edges, y=torch.tensor(dataset.labels).long())


def _step(model, batch, optimizer):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(batch.x, batch.edge_index)[: batch.batch_size], batch.y[: batch.batch_size])
    loss.backward()
    optimizer.step()


@torch.no_grad()
def _scores(model, data, parts, metric):
    model.eval()
    outputs = model(data.x, data.edge_index)
    return {name: metric.score(outputs[torch.from_numpy(nodes)], data.y[nodes]) for name, nodes in parts.items()}
