"""A NeighborLoader under Lightning: every entry of its Trainer, in one process and in two."""

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import graphsage as gs

lightning = pytest.importorskip("lightning")

pytestmark = [
    pytest.mark.filterwarnings("ignore:`isinstance"),  # Lightning's own, of torch's trees
    pytest.mark.filterwarnings("ignore::lightning.pytorch.utilities.warnings.PossibleUserWarning"),
]

DATA = gs.load_dataset("sbm:nodes=200,degree=6")
TRAIN = np.arange(90)


class Module(lightning.LightningModule):
    """Keeps what it was given: {stage: [(epoch, step, seeds, neighbours), ...]}."""

    def __init__(self):
        super().__init__()
        self.model = gs.GraphSAGE(DATA.num_features, 8, DATA.num_classes)
        self.seen = {}

    def keep(self, stage, batch):
        if not self.trainer.sanity_checking:
            drawn = batch.minibatch.nodes.tolist()
            self.seen.setdefault(stage, []).append((batch.epoch, batch.step, batch.seeds.tolist(), drawn))

    def training_step(self, batch, step):
        self.keep("train", batch)
        return F.cross_entropy(self.model(batch), batch.y)

    def validation_step(self, batch, step, dataloader_idx=0):
        self.keep(f"val{dataloader_idx}", batch)
        self.log("right", (self.model(batch).argmax(1) == batch.y).float().mean(), batch_size=len(batch.y))

    def test_step(self, batch, step):
        self.keep("test", batch)
        self.log("first", float(batch.step), on_epoch=True)  # no batch size: Lightning looks for it

    def predict_step(self, batch, step):
        return batch.seeds, self.model(batch)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


def loader(nodes, batch_size=8, **options):
    return gs.NeighborLoader(DATA, gs.NeighborSampler(DATA.graph, [3, 3]), batch_size, nodes=nodes, **options)


def trainer(**options):
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    return lightning.Trainer(accelerator="cpu", **{**quiet, "max_epochs": 2, **options})


def expected(loader, *epochs, steps=None):
    """What the loader gives, without a framework."""
    batches = (batch for epoch in epochs for batch in list(loader.epoch(epoch))[:steps])
    return [(batch.epoch, batch.step, batch.seeds.tolist(), batch.minibatch.nodes.tolist()) for batch in batches]


def test_fit_with_validation_sees_each_epoch_once():
    module, train, val = Module(), loader(TRAIN), loader(DATA.val)
    trainer().fit(module, train, val)
    assert module.seen["train"] == expected(loader(TRAIN), 0, 1)
    assert module.seen["val0"] == expected(loader(DATA.val), 0, 1)  # though Lightning tried a few before


def test_a_repeated_loader_validates_on_the_same_batches():
    module = Module()
    trainer().fit(module, loader(TRAIN), loader(DATA.val, repeat=True))
    assert module.seen["val0"] == 2 * expected(loader(DATA.val), 0)


def test_several_loaders_to_validate_on():
    module = Module()
    trainer(max_epochs=1).fit(module, loader(TRAIN), [loader(DATA.val, repeat=True), loader(DATA.test, repeat=True)])
    assert module.seen["val0"] == expected(loader(DATA.val), 0)
    assert module.seen["val1"] == expected(loader(DATA.test), 0)


def test_validate_and_test_weigh_each_node_alike():
    module, one = Module(), loader(DATA.test, 9, shuffle=False)
    [scores] = trainer().validate(module.eval(), one, verbose=False)
    with torch.no_grad():
        right = torch.cat([module.model(batch).argmax(1) == batch.y for batch in loader(DATA.test, 9, shuffle=False)])
    assert scores["right"] == pytest.approx(right.float().mean().item())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Trying to infer the `batch_size` from an ambiguous collection")
        [scores] = trainer().test(module, loader(DATA.test, 9), verbose=False)
    sizes = [len(batch[2]) for batch in module.seen["test"]]
    assert sizes[-1] < sizes[0]
    assert scores["first"] == pytest.approx(np.average(np.arange(len(sizes)), weights=sizes))


def test_predictions_come_in_the_order_of_the_nodes():
    module, nodes = Module(), np.random.default_rng(0).permutation(200)
    found = trainer().predict(module, loader(nodes, 64, shuffle=False))
    assert torch.cat([seeds for seeds, _ in found]).tolist() == nodes.tolist()
    shuffled = trainer().predict(module, loader(nodes, 64))
    assert sorted(torch.cat([seeds for seeds, _ in shuffled]).tolist()) == list(range(200))


@pytest.mark.parametrize("options, steps, epochs", [
    ({"fast_dev_run": True}, 1, (0,)),
    ({"limit_train_batches": 2}, 2, (0, 1)),
    ({"limit_train_batches": 0.5, "limit_val_batches": 0}, 6, (0, 1)),
    ({"max_steps": 3, "max_epochs": -1}, 3, (0,)),
    ({"num_sanity_val_steps": -1, "max_epochs": 1}, None, (0,)),
    ({"accumulate_grad_batches": 4, "val_check_interval": 0.5}, None, (0, 1)),
    ({"precision": "bf16-mixed", "max_epochs": 1}, None, (0,)),
    ({"detect_anomaly": True, "deterministic": True, "inference_mode": False, "max_epochs": 1}, None, (0,)),
    ({"reload_dataloaders_every_n_epochs": 1}, None, (0, 1)),
])  # fmt: skip
def test_limits_and_switches(options, steps, epochs):
    module = Module()
    trainer(**options).fit(module, loader(TRAIN), loader(DATA.val))
    torch.use_deterministic_algorithms(False)
    assert module.seen["train"] == expected(loader(TRAIN), *epochs, steps=steps)


def test_a_module_in_double_is_given_what_it_needs():
    module = Module().double()
    trainer(max_epochs=1).fit(module, loader(TRAIN, reduce="mean"), loader(DATA.val))
    assert module.model.layers[0].weight_self.dtype is torch.float64 and len(module.seen["train"]) == 12
    with pytest.raises(ValueError, match="^A frozen dataclass was passed"):  # Lightning would write into the batch
        trainer(max_epochs=1, precision="64-true").fit(Module(), loader(TRAIN))


@pytest.mark.filterwarnings("ignore:You requested to overfit")  # Lightning sees a sampler that is none of torch's
def test_a_few_batches_are_overfitted_where_the_loader_repeats_them():
    module = Module()
    trainer(overfit_batches=2, max_epochs=3).fit(module, loader(TRAIN, repeat=True), loader(DATA.val))
    assert module.seen["train"] == 3 * expected(loader(TRAIN), 0, steps=2)


@pytest.mark.parametrize("at", [5, 12, 17])  # within an epoch of twelve steps, at its end, within the next
def test_a_training_goes_on_where_a_checkpoint_was(at, tmp_path):
    whole, rest = Module(), Module()
    every = lightning.pytorch.callbacks.ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=at, save_top_k=-1)
    trainer(max_epochs=3, callbacks=[every], enable_checkpointing=True).fit(whole, loader(TRAIN))
    assert whole.seen["train"] == expected(loader(TRAIN), 0, 1, 2) and len(loader(TRAIN)) == 12
    resume(rest, tmp_path / f"step={at}.ckpt")
    assert rest.seen["train"] == whole.seen["train"][at:]


@pytest.mark.parametrize("limit", [1.0, 5])
def test_a_training_goes_on_after_its_end(limit, tmp_path):
    until, rest = Module(), Module()
    begun = trainer(max_epochs=1, limit_train_batches=limit)
    begun.fit(until, loader(TRAIN))
    begun.save_checkpoint(tmp_path / "end.ckpt")
    resume(rest, tmp_path / "end.ckpt", limit_train_batches=limit)
    steps = None if limit == 1.0 else limit
    assert until.seen["train"] + rest.seen["train"] == expected(loader(TRAIN), 0, 1, 2, steps=steps)


def resume(module, path, **options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Be aware that when using `ckpt_path`, callbacks used to create")
        trainer(max_epochs=3, **options).fit(module, loader(TRAIN), ckpt_path=path, weights_only=False)
