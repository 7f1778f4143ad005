"""The loop of bare_loop.py under Accelerate: the same batches, the same losses, the same weights.

Batches come on Accelerate's device, so the loader is not prepared. Under `accelerate launch` each process has its part of them.
"""

import torch
import torch.nn.functional as F
from accelerate import Accelerator

import graphsage as gs

accelerator = Accelerator()
data = gs.load_dataset("sbm:nodes=5000,degree=20")  # made on the spot; or a name, or a folder
model = gs.GraphSAGE(data.num_features, 64, data.num_classes)
sampler = gs.NeighborSampler(data.graph, fanouts=[10, 10], seed=0)
loader = gs.NeighborLoader(data, sampler, batch_size=50, reduce=model.first_layer_reduction, device=accelerator.device)
model, optimizer = accelerator.prepare(model, torch.optim.Adam(model.parameters(), lr=0.01))
torch.manual_seed(0)  # for dropout: batches and first weights have seeds of their own

for epoch in range(5):
    losses = []
    for batch in loader.epoch(epoch):  # whoever resumes begins at a later epoch
        loss = F.cross_entropy(model(batch), batch.y)  # one row of logits a seed
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    accelerator.print(f"epoch {epoch + 1}  loss {sum(losses) / len(losses):.4f}")
classes = gs.inference(accelerator.unwrap_model(model), data.graph, data.features).argmax(1).numpy()  # all nodes, exact
accelerator.print(f"test accuracy {100 * (classes == data.labels)[data.test].mean():.1f} %")
