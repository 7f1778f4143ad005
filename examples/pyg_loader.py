"""A script of PyTorch Geometric, of which one import was changed. It needs neither pyg-lib nor torch-sparse."""

import torch
import torch.nn.functional as F
from torch_geometric.data import Data
from torch_geometric.nn import GraphSAGE

import graphsage as gs
from graphsage.interop.pyg import NeighborLoader  # was: from torch_geometric.loader import NeighborLoader

made = gs.load_dataset("sbm:nodes=5000,degree=20")  # any Data will do: this one is made on the spot
masks = {f"{part}_mask": torch.zeros(5000, dtype=torch.bool) for part in ("train", "test")}
masks["train_mask"][made.train], masks["test_mask"][made.test] = True, True
edges = torch.stack([torch.tensor(ends) for ends in made.graph.to_edges()])
data = Data(x=torch.tensor(made.features), y=torch.tensor(made.labels), edge_index=edges, **masks)

torch.manual_seed(0)
model = GraphSAGE(data.num_features, 64, num_layers=2, out_channels=int(data.y.max()) + 1, dropout=0.5)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loader = NeighborLoader(data, num_neighbors=[10, 10], batch_size=50, input_nodes=data.train_mask, shuffle=True, num_workers=2)
for epoch in range(5):
    model.train()
    losses = []
    for batch in loader:
        out = model(batch.x, batch.edge_index)[: batch.batch_size]
        loss = F.cross_entropy(out, batch.y[: batch.batch_size])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1}  loss {sum(losses) / len(losses):.4f}")
everyone = model.eval().inference(NeighborLoader(data, num_neighbors=[-1], batch_size=500))  # PyG's own, layer by layer
right = (everyone.argmax(1) == data.y)[data.test_mask]
print(f"test accuracy {100 * right.float().mean().item():.1f} %")
