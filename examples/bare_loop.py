"""GraphSAGE in a bare PyTorch loop: the loader gives batches, the rest is PyTorch."""
import torch
import torch.nn.functional as F

import graphsage as gs

data = gs.load_dataset("sbm:nodes=5000,degree=20")  # made on the spot; or a name, or a folder
model = gs.GraphSAGE(data.num_features, 64, data.num_classes)
sampler = gs.NeighborSampler(data.graph, fanouts=[10, 10], seed=0)
loader = gs.NeighborLoader(data, sampler, batch_size=50, reduce=model.first_layer_reduction)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
torch.manual_seed(0)  # for dropout: batches and first weights have seeds of their own

for epoch in range(5):
    losses = []
    for batch in loader:  # each training node once; the next `for` over the loader is the next epoch
        loss = F.cross_entropy(model(batch), batch.y)  # one row of logits a seed
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1}  loss {sum(losses) / len(losses):.4f}")
classes = gs.inference(model, data.graph, data.features).argmax(1).numpy()  # all nodes, exact
print(f"test accuracy {100 * (classes == data.labels)[data.test].mean():.1f} %")
