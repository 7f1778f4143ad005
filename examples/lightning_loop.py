"""The loop of bare_loop.py under Lightning: the same batches, the same losses, the same weights.

In several processes (devices=2) each has its part of the batches: the loader asks torch.distributed.
"""

import lightning
import torch
import torch.nn.functional as F

import graphsage as gs


class Module(lightning.LightningModule):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def training_step(self, batch, step):  # Lightning moves a batch by its `to`, and tells the loader each epoch
        loss = F.cross_entropy(self.model(batch), batch.y)  # one row of logits a seed
        self.log("loss", loss, on_step=False, on_epoch=True, batch_size=len(batch.y))
        return loss

    def on_train_epoch_end(self):
        print(f"epoch {self.current_epoch + 1}  loss {self.trainer.callback_metrics['loss']:.4f}")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


data = gs.load_dataset("sbm:nodes=5000,degree=20")  # made on the spot; or a name, or a folder
model = gs.GraphSAGE(data.num_features, 64, data.num_classes)
sampler = gs.NeighborSampler(data.graph, fanouts=[10, 10], seed=0)
loader = gs.NeighborLoader(data, sampler, batch_size=50, reduce=model.first_layer_reduction)
torch.manual_seed(0)  # for dropout: batches and first weights have seeds of their own

options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}  # writes no files
lightning.Trainer(max_epochs=5, **options).fit(Module(model), loader)
classes = gs.inference(model, data.graph, data.features).argmax(1).numpy()  # all nodes, exact
print(f"test accuracy {100 * (classes == data.labels)[data.test].mean():.1f} %")
