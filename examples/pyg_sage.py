"""PyTorch Geometric's SAGEConv, trained on batches that graphsage samples.

    python examples/pyg_sage.py [DATASET] [--steps N]        DATASET: a name or a folder, as for `graphsage train`
"""

import argparse

import torch
import torch.nn.functional as F
from torch_geometric.nn import SAGEConv

import graphsage as gs
from graphsage.interop import to_pyg


class Model(torch.nn.Module):
    def __init__(self, in_features, hidden_features, out_features):
        super().__init__()
        self.first = SAGEConv(in_features, hidden_features)
        self.second = SAGEConv(hidden_features, out_features)

    def forward(self, data):
        h = self.first(data.x, data.edge_index).relu()
        h = F.dropout(h, 0.5, self.training)
        return self.second(h, data.edge_index)[data.seed_index]  # one row a seed


parser = argparse.ArgumentParser()
parser.add_argument("dataset", nargs="?", default="debian")
parser.add_argument("--steps", type=int, default=200)
options = parser.parse_args()

dataset = gs.load_dataset(options.dataset).row_normalized()
sampler = gs.NeighborSampler(dataset.graph, fanouts=[10, 10])
torch.manual_seed(0)
model = Model(dataset.num_features, 128, dataset.num_classes)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for batch in gs.NeighborLoader(dataset, sampler, batch_size=64, batches_per_epoch=options.steps):
    data = to_pyg(batch)
    loss = F.cross_entropy(model(data), data.y[data.seed_index])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if batch.step % 10 == 0:
        print(f"step {batch.step:3d}  loss {loss.item():.4f}")

model.eval()
right = []
with torch.no_grad():
    for batch in gs.NeighborLoader(dataset, sampler, batch_size=64, batches_per_epoch=20, nodes=dataset.test):
        data = to_pyg(batch)
        right.append(model(data).argmax(dim=1) == data.y[data.seed_index])
right = torch.cat(right)
print(f"accuracy on {len(right)} random test nodes: {100 * right.float().mean().item():.1f} %")
