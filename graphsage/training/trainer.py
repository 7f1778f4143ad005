"""Trainer: the loop of the original description, on one screen."""

import time
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch

from graphsage.config import TrainConfig, check_depth
from graphsage.features import SparseFeatures
from graphsage.jit import is_interrupt
from graphsage.loader import NeighborLoader
from graphsage.nn.inference import inference
from graphsage.nn.random import keyed_rng
from graphsage.sampling import rng
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.training.device import pick_device
from graphsage.training.tasks import LOSSES, pick_metric


class _Scores:
    """Validation score as accuracy."""

    @property
    def val_accuracy(self):
        """``val_score`` where the metric is accuracy, else None."""
        return self.val_score if self.metric == "accuracy" else None


@dataclass(frozen=True, kw_only=True)
class Epoch(_Scores):
    """One line of the history. number: from 1. loss: mean over the epoch's batches. seconds: wall.

    val_score: by ``metric``; accuracy, F1 and ROC AUC are in [0, 1], R^2 is at most 1.
    """

    number: int
    loss: float
    metric: str
    val_score: float | None
    val_loss: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TrainResult(_Scores):
    """What ``Trainer.fit`` found: scores by ``metric``, of the model of ``best_epoch``; None where a split is empty.

    normalized_features: the model was trained on rows divided by their sums, and wants them so (``row_normalize``).
    interrupted: Ctrl-C ended the training; what had been reached by then is kept and tested all the same.
    """

    metric: str
    test_score: float | None
    val_score: float | None
    best_epoch: int
    normalized_features: bool
    history: list[Epoch] = field(repr=False)
    interrupted: bool = False

    @property
    def test_accuracy(self):
        """``test_score`` where the metric is accuracy, else None."""
        return self.test_score if self.metric == "accuracy" else None


class Trainer:
    """Trains ``model`` on the training nodes of ``dataset``, keeps the best on validation, tests it once at the end.

    The loss follows from the dataset's task: cross-entropy (multiclass), binary cross-entropy of each column
    (multilabel) or squared error (regression).

    model: ``GraphSAGE``. dataset: ``NodeDataset``. config: ``TrainConfig``, which names the three modes.
    log: called with each line of progress; None for silence.

    Validation and test are exact: all neighbours of all nodes (``inference``). Best: highest validation score, then
    lowest validation loss; without validation nodes, the last epoch. Raises ValueError for a device that cannot be
    used, and where model, dataset and config do not fit together.
    """

    def __init__(self, model, dataset, config=None, *, log=print):
        self.config = config = TrainConfig() if config is None else config
        _check(model, dataset, config)
        self.device = pick_device(config.device)
        self.model = model.to(self.device)
        self.dataset = dataset.row_normalized() if normalizes(config, dataset) else dataset
        self.loss, self.metric = LOSSES[dataset.task], pick_metric(config.metric, dataset)
        self.log = log or (lambda line: None)
        self.optimizer = _optimizer(model, config, self.device)
        self.loader = NeighborLoader(
            self.dataset,
            self._sampler(),
            config.batch_size,
            config.batches_per_epoch,
            reduce=model.first_layer_reduction,
            device=self.device,
            features_on=config.features_on,
            feature_dtype=config.feature_dtype,
        )

    def fit(self):
        """Train for ``config.epochs`` epochs; returns ``TrainResult`` and leaves the best weights in the model.

        Starts from the model's present weights: a second call goes on, with the batches of the first over again.
        The model is left in evaluation mode. Ctrl-C ends the training early; before the end of the first epoch, when
        there is nothing to keep, it is raised as usual.
        """
        kept, history, interrupted = None, [], False
        for layer in self.model.layers:
            layer.aggregator.prepare(self.dataset.graph.degrees)
        try:
            for epoch in range(self.config.epochs):
                history.append(self._epoch(epoch))
                if kept is None or _better(history[-1], kept[0]):
                    kept = history[-1], _copy(self.model.state_dict())
        except (KeyboardInterrupt, SystemError) as error:
            if not is_interrupt(error):
                raise
            if kept is None:
                raise KeyboardInterrupt from error
            interrupted = True
        best, weights = kept
        self.model.load_state_dict(weights)
        self.model.eval()
        test_score, _ = self.evaluate(self.dataset.test)
        return TrainResult(
            metric=self.metric.name,
            test_score=test_score,
            val_score=best.val_score,
            best_epoch=best.number,
            normalized_features=normalizes(self.config, self.dataset),
            history=history,
            interrupted=interrupted,
        )

    def _epoch(self, epoch):
        started, losses = time.perf_counter(), []
        for batch in self.loader.epoch(epoch):
            losses.append(self.step(batch))
            if self.config.log_every and (batch.step + 1) % self.config.log_every == 0:
                self.log(f"Epoch {epoch + 1:03d} Batch {batch.step + 1:03d} Loss: {losses[-1].item():.4f}")
        loss = torch.stack(losses).mean().item()
        val_score, val_loss = self.evaluate(self.dataset.val)
        seconds = time.perf_counter() - started
        score = "" if val_score is None else f" Validation {self.metric.label}: {self.metric.shown(val_score).strip()}"
        self.log(f"Epoch {epoch + 1:03d} Loss: {loss:.4f}{score} ({seconds:.1f} s)")
        scores = {"metric": self.metric.name, "val_score": val_score, "val_loss": val_loss}
        return Epoch(number=epoch + 1, loss=loss, seconds=seconds, **scores)

    def step(self, batch):
        """One update; returns the loss, detached."""
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        key = rng.stream_key(self.config.seed, rng.DROPOUT, batch.epoch, batch.step, rng.REPLICA)
        with keyed_rng(key, self.device), self._autocast():
            logits = self.model(batch)
        loss = self.loss(logits.float(), batch.y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def _autocast(self):
        return nullcontext() if self.config.precision == "float32" else torch.autocast(self.device.type, torch.bfloat16)

    def evaluate(self, nodes):
        """(score by the metric, mean loss) on ``nodes``; (None, None) if there are none."""
        if not len(nodes):
            return None, None
        nodes = torch.tensor(nodes)
        logits = inference(
            self.model, self.dataset.graph, self.loader.store, isolated=self.config.isolated, device=self.device
        )[nodes]
        labels = self.loader.labels[nodes]
        return self.metric.score(logits, labels), self.loss(logits, labels).item()

    def _sampler(self):
        config, depth = self.config, self.model.num_layers
        fanouts = (-1,) * depth if config.batch_size is None else config.fanouts
        check_depth(depth, fanouts)
        return NeighborSampler(
            self.dataset.graph,
            fanouts,
            replace=config.replace,
            seed=config.seed,
            isolated=config.isolated,
            weights=config.weights,
            num_threads=config.num_threads,
        )


def _check(model, dataset, config):
    """Refuse what would fail later, in words of tensors."""
    if not isinstance(config, TrainConfig):
        raise TypeError(f"config must be a TrainConfig, got {type(config).__name__}")
    if not len(dataset.train):
        raise ValueError(f"{dataset.name or 'the dataset'} has no training nodes: there is nothing to learn from")
    if model.in_features != dataset.num_features:
        raise ValueError(
            f"the model takes {model.in_features} features a node, but the dataset has {dataset.num_features}"
        )
    if dataset.task == "multiclass" and model.out_features < dataset.num_classes:
        raise ValueError(
            f"the model tells {model.out_features} classes apart, but the dataset has {dataset.num_classes}"
        )
    if dataset.task != "multiclass" and model.out_features != dataset.num_outputs:
        raise ValueError(
            f"the model gives {model.out_features} numbers a node, but the {dataset.task} dataset has {dataset.num_outputs}"
        )


def normalizes(config, dataset):
    """Are feature rows divided by their sums? As configured; by default for sparse features (counts of words).

    Features of tables come scaled, each column by itself: a row's sum would mix numbers and words.
    """
    is_sparse = isinstance(dataset.features, SparseFeatures) and dataset.schema is None
    return is_sparse if config.normalize_features is None else config.normalize_features


def _optimizer(model, config, device):
    if config.optimizer == "rprop":
        return torch.optim.Rprop(model.parameters(), lr=config.learning_rate)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[config.optimizer]
    fused = device.type in ("cpu", "cuda")  # one pass over each weight: a small model's step is mostly overhead
    return kind(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=fused)


def _better(epoch, best):
    if epoch.val_score is None:
        return True
    return (epoch.val_score, -epoch.val_loss) > (best.val_score, -best.val_loss)


def _copy(state):
    return {name: tensor.detach().clone() for name, tensor in state.items()}
