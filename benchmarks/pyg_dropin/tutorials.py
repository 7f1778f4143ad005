"""The training loops of PyTorch Geometric's tutorials, from their description: the module of the loaders is an argument.

Each takes (loaders, data, seed, epochs, keyed) and returns the test score of the model as the last epoch left it, on the whole
graph. keyed: what the loader is given beside PyG's arguments; PyG's own needs nothing, as ``torch.manual_seed`` says its draws.
"""

import copy

import torch
import torch.nn.functional as F
from torch_geometric.nn import GATConv, SAGEConv
from torch_geometric.transforms import RandomLinkSplit

from graphsage.training.tasks import roc_auc


class Two(torch.nn.Module):
    """Two convolutions with dropout before each."""

    def __init__(self, first, second, activation, dropout):
        super().__init__()
        self.first, self.second, self.activation, self.dropout = first, second, activation, dropout

    def forward(self, x, edge_index):
        x = self.activation(self.first(F.dropout(x, self.dropout, self.training), edge_index))
        return self.second(F.dropout(x, self.dropout, self.training), edge_index)


def classify(model, optimizer, loader, data, epochs):
    """Cross-entropy of the seeds of each batch; accuracy of the test nodes."""
    for _ in range(epochs):
        model.train()
        for batch in loader:
            optimizer.zero_grad()
            out = model(batch.x, batch.edge_index)[: batch.batch_size]
            F.cross_entropy(out, batch.y[: batch.batch_size]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        found = model(data.x, data.edge_index).argmax(dim=1)
    return (found == data.y)[data.test_mask].double().mean().item()


def sage(loaders, data, seed, epochs, keyed):
    """GraphSAGE by sampled neighbourhoods: 64 hidden units, batches of 32 training nodes at fanouts 10,10."""
    torch.manual_seed(seed)
    classes = int(data.y.max()) + 1
    model = Two(SAGEConv(data.num_features, 64), SAGEConv(64, classes), torch.relu, 0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    loader = loaders.NeighborLoader(data, [10, 10], input_nodes=data.train_mask, batch_size=32, shuffle=True, **keyed)
    return classify(model, optimizer, loader, data, epochs)


def gat(loaders, data, seed, epochs, keyed):
    """Graph attention: 8 heads of 8 units, dropout 0.6, batches of 64 training nodes at fanouts 10,10."""
    torch.manual_seed(seed)
    classes = int(data.y.max()) + 1
    first = GATConv(data.num_features, 8, heads=8, dropout=0.6)
    model = Two(first, GATConv(64, classes, dropout=0.6), F.elu, 0.6)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=5e-4)
    loader = loaders.NeighborLoader(data, [10, 10], input_nodes=data.train_mask, batch_size=64, shuffle=True, **keyed)
    return classify(model, optimizer, loader, data, epochs)


def links(loaders, data, seed, epochs, keyed):
    """Which pairs are linked: dot products, a random pair for each link; ROC AUC of the test links and as many random pairs."""
    torch.manual_seed(seed)
    split = RandomLinkSplit(num_val=0.05, num_test=0.1, is_undirected=True, add_negative_train_samples=False)
    train, _, test = split(copy.copy(data))
    model = Two(SAGEConv(data.num_features, 64), SAGEConv(64, 64), torch.relu, 0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loader = loaders.LinkNeighborLoader(
        train, [20, 10], edge_label_index=train.edge_label_index, neg_sampling="binary", batch_size=128, shuffle=True, **keyed
    )
    for _ in range(epochs):
        for batch in loader:
            optimizer.zero_grad()
            out = scores(model(batch.x, batch.edge_index), batch.edge_label_index)
            F.binary_cross_entropy_with_logits(out, batch.edge_label).backward()
            optimizer.step()
    with torch.no_grad():
        found = scores(model.eval()(test.x, test.edge_index), test.edge_label_index)
    return float(roc_auc(torch.stack([torch.zeros_like(found), found], dim=1), test.edge_label))


def scores(h, ends):
    """[P]: the dot product of both ends of each pair."""
    return (h[ends[0]] * h[ends[1]]).sum(dim=1)


TUTORIALS = {"GraphSAGE": (sage, "test accuracy"), "GAT": (gat, "test accuracy"), "links": (links, "test ROC AUC")}
