"""Two processes under Lightning and Accelerate share an epoch: each node once, as many steps each, one set of weights."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.ranks import in_two_processes

import graphsage as gs

DATA = gs.load_dataset("sbm:nodes=200,degree=6")
TRAIN, VAL = np.arange(90), np.arange(90, 117)  # neither is a multiple of two batches
SIZE, EPOCHS = 8, 2


def loader_of(nodes, **options):
    return gs.NeighborLoader(DATA, gs.NeighborSampler(DATA.graph, [3, 3]), SIZE, nodes=nodes, **options)


def model_of():
    return gs.GraphSAGE(DATA.num_features, 8, DATA.num_classes, dropout=0)


def weights_of(model):
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def story(loader):
    """What both frameworks do with a loader that was made before there were processes."""
    return {"lightning": under_lightning(loader), "accelerate": under_accelerate(loader)}


def under_accelerate(made_before):
    from accelerate import Accelerator

    accelerator, model, seen = Accelerator(cpu=True), model_of(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    made_before.set_epoch(0)
    model, optimizer, loader = accelerator.prepare(model, optimizer, made_before)
    for _ in range(EPOCHS):
        for batch in loader:
            loss = F.cross_entropy(model(batch), batch.y)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            seen.append((batch.epoch, batch.step, batch.seeds.tolist()))
    return {"train": seen, "same": loader is made_before, "weights": weights_of(accelerator.unwrap_model(model))}


def under_lightning(loader):
    import lightning

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model, self.seen = model_of(), {"train": [], "val": []}

        def training_step(self, batch, step):
            self.seen["train"].append((batch.epoch, batch.step, batch.seeds.tolist()))
            return F.cross_entropy(self.model(batch), batch.y)

        def validation_step(self, batch, step):
            self.seen["val"].append((batch.epoch, batch.step, batch.seeds.tolist()))
            right = (self.model(batch).argmax(1) == batch.y).float()
            self.log("right", right.sum(), reduce_fx="sum", sync_dist=True, batch_size=len(batch.y))

        def predict_step(self, batch, step):
            return batch.seeds, self.model(batch)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.5)

    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    options |= {"accelerator": "cpu", "devices": 2, "strategy": "ddp", "num_sanity_val_steps": 0}
    module, trainer = Module(), lightning.Trainer(max_epochs=EPOCHS, **options)
    trainer.fit(module, loader, loader_of(VAL))
    fitted = {name: list(batches) for name, batches in module.seen.items()}
    weights, module.seen = weights_of(module.model), {"train": [], "val": []}
    scores = trainer.validate(module, loader_of(VAL, shuffle=False), verbose=False)
    found = trainer.predict(module, loader_of(VAL, shuffle=False))
    return {**fitted, "weights": weights, "scores": scores, "validated": module.seen["val"], "predicted": found}


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    pytest.importorskip("lightning")
    pytest.importorskip("accelerate")
    return in_two_processes(story, tmp_path_factory.mktemp("ranks"), loader_of(TRAIN))


@pytest.mark.parametrize("framework", ["lightning", "accelerate"])
def test_two_processes_share_an_epoch(framework, ranks):
    first, second = (rank[framework]["train"] for rank in ranks)
    for epoch in range(EPOCHS):
        parts = [[batch for batch in seen if batch[0] == epoch] for seen in (first, second)]
        assert [[step for _, step, _ in part] for part in parts] == [[0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 11]]
        both = sorted(parts[0] + parts[1], key=lambda batch: batch[1])
        assert sorted(seed for *_, seeds in both for seed in seeds) == TRAIN.tolist()
        alone = [batch.seeds.tolist() for batch in loader_of(TRAIN, rank=0, num_ranks=1).epoch(epoch)]
        assert [seeds for *_, seeds in both[:-2]] == alone[:-2]  # only the last two, which are short, are divided


@pytest.mark.parametrize("framework", ["lightning", "accelerate"])
def test_two_processes_end_with_the_weights_of_mean_gradients(framework, ranks):
    model = model_of()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    both = [loader_of(TRAIN, rank=rank, num_ranks=2) for rank in (0, 1)]
    for epoch in range(EPOCHS):
        for pair in zip(*(loader.epoch(epoch) for loader in both), strict=True):
            optimizer.zero_grad()
            (sum(F.cross_entropy(model(batch), batch.y) for batch in pair) / 2).backward()
            optimizer.step()
    for rank in ranks:
        for name, weight in weights_of(model).items():
            torch.testing.assert_close(rank[framework]["weights"][name], weight, rtol=1e-4, atol=1e-6)


def test_evaluation_and_prediction_are_shared_too(ranks):
    first, second = (rank["lightning"] for rank in ranks)
    for name, times in (("val", EPOCHS), ("validated", 1)):
        assert sorted(seed for *_, seeds in first[name] + second[name] for seed in seeds) == sorted(times * VAL.tolist())
        assert len(first[name]) == len(second[name])
    seeds, logits = (torch.cat(parts) for parts in zip(*first["predicted"], *second["predicted"], strict=True))
    assert sorted(seeds.tolist()) == VAL.tolist()
    right = (logits.argmax(1) == torch.tensor(DATA.labels)[seeds]).sum().item()
    assert first["scores"] == second["scores"] == [{"right": pytest.approx(right)}]


def test_prepare_leaves_the_loader_as_it_is(ranks):
    assert ranks[0]["accelerate"]["same"]
