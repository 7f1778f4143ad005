"""Layers of your own: trained on sampled neighbours, tested and asked exactly, layer by layer, as a GraphSAGE is."""

import torch
import torch.nn.functional as F
from torch import nn

import graphsage as gs


class GatedMean(nn.Module):
    """Any layer will do that makes of the rows of its sources a row for each of the block's destinations."""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.own, self.gate = nn.Linear(in_features, out_features), nn.Linear(in_features, out_features)
        self.near = nn.Linear(in_features, out_features)

    def forward(self, x, block):  # [num_src, in], block [num_dst, num_src] -> [num_dst, out]
        x_self = x[: block.num_rows]  # destination i is source i
        return self.own(x_self) + torch.sigmoid(self.gate(x_self)) * self.near(block.mean(x))


class Model(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.layers = nn.ModuleList([GatedMean(in_features, hidden), GatedMean(hidden, out_features)])
        self.norm = nn.LayerNorm(hidden)

    def between(self, depth, h):  # what stands between the layers
        return F.dropout(self.norm(h).relu(), 0.5, self.training)

    def forward(self, batch):
        first, second = self.layers
        h = self.between(0, first(batch.x, batch.blocks[0]))
        return second(h, batch.blocks[1])[batch.seed_index]  # one row a seed


data = gs.load_dataset("sbm:nodes=5000,degree=20")  # made on the spot; or a name, or a folder
torch.manual_seed(0)
model = Model(data.num_features, 64, data.num_classes)
trainer = gs.Trainer(model, data, gs.TrainConfig(fanouts=(10, 10), batch_size=50, epochs=5))
result = trainer.fit()
print(f"test accuracy {100 * result.test_score:.1f} %")  # all neighbours of all nodes
logits = gs.inference(model, data.graph, data.features)  # the same numbers, and of another graph as well
embedding = trainer.embed()
print(f"logits {tuple(logits.shape)}, embedding {embedding.shape}")
