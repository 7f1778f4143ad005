"""Trainer: the loop, and the folder it may be kept in."""

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from graphsage.base.checks import as_ids, as_path
from graphsage.base.told import of_kind
from graphsage.config.link_config import LinkConfig
from graphsage.config.run_files import LATEST
from graphsage.config.settings import TrainConfig
from graphsage.config.walk_config import WalkConfig
from graphsage.data.dataset import NodeDataset
from graphsage.data.links import LinkDataset
from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.interop.pyg import from_pyg, is_pyg_data
from graphsage.runs.checkpoint import identity
from graphsage.runs.finished import finished
from graphsage.runs.recorder import Recorder
from graphsage.runs.resume import restore
from graphsage.tensors.ambient import plain_modes
from graphsage.tensors.store import FeatureStore
from graphsage.trained.outputs import read_outputs
from graphsage.trained.predictions import Predictions
from graphsage.trained.trained_typed import embeddings, rows_by_type
from graphsage.training.label_task import LabelTask, targets_of
from graphsage.training.loop import Loop
from graphsage.training.node_task import NodeTask
from graphsage.training.records import TrainResult
from graphsage.training.typed_task import TypedTask


class Trainer(Loop):
    """Trains ``model`` on the training part of ``dataset``, keeps the best on validation, tests it once at the end.

    model: ``GraphSAGE``, or any ``torch.nn.Module`` that makes of a ``Batch`` the outputs of its seeds: one tensor of floats
        [B, C], a logit a class or label, or [B, T], a number a target. Where that is one number a seed, [B] will do; of two
        classes it is the logit of the second. Anything else is a TypeError or ValueError before the first step.
        Of links ``LinkPredictor``, or any module that makes of a ``Batch`` with pairs a logit a pair [M].
    dataset: ``NodeDataset``, or ``LinkDataset`` for links; a ``Data`` of PyG becomes ``interop.from_pyg(data)``. Of a
        ``TypedDataset`` model is a ``TypedGraphSAGE``, or any module that makes of a ``TypedBatch`` the outputs of its seeds.
    config: ``TrainConfig``, which names the three modes. Its ``metric`` may be a function(outputs, labels) -> float or a
        ``Metric``, its ``optimizer`` a function(parameters) -> torch.optim.Optimizer, such as ``torch.optim.NAdam``.
    task: of links ``LinkConfig``: loss, negatives and candidates (its split and decoder are made before). Of embeddings
        without labels ``WalkConfig``: the model is then a ``LinkPredictor`` whose decoder says which nodes meet on random walks
        of a ``NodeDataset``, and ``TrainResult.outputs`` are what its encoder makes of all nodes. Else None.
    loss: function(outputs, y) -> mean loss, of what the module returned and the labels as ``Batch.y`` has them; the outputs
        of a regression are then numbers in the targets' units. None: by the dataset's task, cross-entropy (multiclass), binary
        cross-entropy of each column (multilabel) or squared error (regression); of links ``task.link_loss``.
    folder: where the files of a run go, as those of ``graphsage train`` do: config.toml, metrics.jsonl and checkpoints, from
        which ``resume`` goes on, the model of a ``GraphSAGE``, which ``load_trained`` reads, predictions, report.html and
        result.json; None: nowhere. Of a module, metric or optimizer of your own the files have the name.
    store: a ``FeatureStore`` of the dataset's features, normalised if they are to be, from another trainer's ``loader.store``.
    callbacks: objects with any of the methods of ``Callback``. log: called with each line of progress; None for silence.

    The test of a ``GraphSAGE`` is exact: all neighbours of all nodes (``inference``); so is its validation, but where that
    would cost much more than the training (``EvaluationPlan``). So are those of a module that is a stack of layers
    (``graphsage.nn.stacked.Stack``). Else neighbours are sampled, the same draws each time.
    Where nodes have ``times``, batches, validation, test and predictions show each the edges until its own: all are sampled.
    Without a loss of your own the targets of a regression are standardised by mean and deviation of the training nodes: a
    module learns to return (target - mean) / deviation. Losses (squared errors), ``TrainResult.outputs`` and ``predict`` are in
    the targets' units.
    Where nodes have several labels, each validation chooses what a label's logit must be above (``Head.thresholds``).
    A validation or test link is ranked among ``candidates`` other targets of its source, the same ones each time: by exact
    embeddings; by sampled neighbours where links have times, where the draw selects, and of another module.
    Best: highest validation score, then lowest validation loss; without validation nodes, the last epoch. Raises ValueError
    for a device that cannot be used, and where model, dataset and config do not fit together.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        dataset: NodeDataset | TypedDataset | LinkDataset | Any,
        config: TrainConfig | None = None,
        *,
        task: LinkConfig | WalkConfig | None = None,
        loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
        folder: str | os.PathLike[str] | None = None,
        store: FeatureStore | dict[str, FeatureStore] | None = None,
        callbacks: Iterable[Any] = (),
        log: Callable[[str], object] | None = print,
    ) -> None:
        dataset = from_pyg(dataset) if is_pyg_data(dataset) else dataset
        super().__init__(model, dataset, config, task=task, loss=loss, store=store, callbacks=callbacks, log=log)
        self.given, self.run_config = dataset, None  # the dataset as it was given; the ``RunConfig`` of a command's run
        self.keep_in(folder)

    def keep_in(self, folder: str | os.PathLike[str] | None) -> None:
        """``folder`` in place of the one given before; None: nowhere. Of several processes the first alone writes."""
        self.is_kept, is_first = folder is not None, self.ranks.rank == 0
        here = self.is_kept and is_first
        self.recorder = Recorder(as_path("folder", folder), self.config.keep_checkpoints) if here else None
        self.evaluator.folder = None if self.recorder is None else self.recorder.folder

    @plain_modes()
    def fit(self) -> TrainResult:
        """Train for ``config.epochs`` epochs; returns ``TrainResult`` and leaves the best weights in the model.

        Starts from the model's present weights: a second call goes on with them, with the optimizer as it is and with the
        learning rate that a schedule (step, plateau) had reached, over the batches of the first; with a cosine, which is of
        one training, it is a ValueError. After ``resume`` it goes on from where the checkpoint was. Gradients are recorded
        inside ``torch.no_grad`` and ``torch.inference_mode``, too. The model is left in evaluation mode, and saved with a
        report if there is a folder. Ctrl-C ends the training after the step under way, with a checkpoint if
        there is a folder; a second one ends it at once. SIGTERM does the same. Without a folder and before the end of the first
        epoch there is nothing to keep, and KeyboardInterrupt is raised.
        Raises ``TrainingStopped`` where the loss is no number any more, and where nothing can be saved; ``InUse`` (a
        ValueError) where another process, or another ``Trainer``, works in the folder.
        """
        with self.ranks.failing(), self.held():
            in_shards = hasattr(getattr(self.dataset, "graph", None), "owners")  # whose rows would all travel to each
            if self.ranks.size > 1 and not in_shards:
                self.ranks.check_same(self.identity)
            return finished(self).result

    @plain_modes()
    def predict(
        self, nodes: ArrayLike | None = None, *, dataset: NodeDataset | TypedDataset | None = None,
        out: np.ndarray | None = None,
    ) -> Predictions:  # fmt: skip
        """``Predictions`` for ``nodes`` (default: all, in the graph's order; of a ``TypedDataset`` those of its target):
        classes and probabilities, labels, or numbers in the targets' units.

        They are made as the test is: of a ``GraphSAGE`` and of a stack of layers exact; of another module, and of one that
        learned from neighbours by weight, from the latest or until a time, from sampled ones, always the same.
        dataset: another one, with the same features: the same graph grown, or another graph. Its labels are not read.
        out: a float32 array [M, C], a memory map perhaps, that the outputs are written to.
        """
        kind = TypedDataset if isinstance(self.task, TypedTask) else NodeDataset
        of_kind("the dataset of predict", self.dataset, kind)
        if not self.task.reads_labels:
            raise ValueError("predict gives labels, and this training reads none: TrainResult.outputs are its embeddings")
        asked = self.dataset if dataset is None else of_kind("dataset", dataset, kind)
        raw_outputs = self.task.raw_outputs if dataset is None else self.task.evaluator_on(asked).outputs
        num_nodes = targets_of(asked).num_nodes
        nodes = np.arange(num_nodes) if nodes is None else as_ids("nodes", nodes, num_nodes)
        head = self.objective.head
        return Predictions(
            nodes=nodes,
            outputs=read_outputs(head, raw_outputs(nodes).numpy(), out),
            task=self.dataset.task,
            class_names=self.dataset.class_names,
            thresholds=head.thresholds,
        )

    @plain_modes()
    def embed(
        self, nodes: Any = None, *, dataset: NodeDataset | TypedDataset | None = None, out: np.ndarray | None = None
    ) -> Any:
        """What goes into the last layer for ``nodes`` (default: all): float32 array [M, width], exact, as by ``Trained.embed``.
        dataset: as in ``predict``. out: a float32 array of the result's shape, a memory map perhaps, to write to; only for all
        nodes of a ``NodeDataset``. Of a ``TypedDataset`` nodes and result are {type: such}.

        Of a ``GraphSAGE`` or a stack of two layers at least; ValueError for another model, and for neighbours by weight, the
        latest or those until a time, which are drawn.
        """
        if not isinstance(self.task, LabelTask):
            of_kind("the task of embed", self.task, NodeTask)
        evaluator = self.evaluator if dataset is None else self.task.evaluator_on(of_kind("dataset", dataset, self.task.data))
        widths, why = evaluator.widths, evaluator.why_sampled
        hidden = len(widths or ()) - (getattr(self.model, "output_layer", None) is None)
        if hidden < 1:
            if not widths and self.task.encoder is not None:
                why = "its neighbours are drawn: load_trained of the run's folder embeds by them"
            what = f"has {'one layer' if widths else 'no layers that are computed one by one here'}{why and f' ({why})'}"
            raise ValueError(f"an embedding is what goes into the last layer, and {type(self.model).__name__} {what}")
        num_nodes = evaluator.dataset.num_nodes
        if out is not None and (nodes is not None or isinstance(num_nodes, dict)):
            raise ValueError("out is for all nodes of a graph with one type: leave it out, and take the rows of the result")
        if isinstance(num_nodes, dict):
            found = embeddings(self.model, evaluator.after_layers)
            chosen = rows_by_type(nodes, {kind: len(rows) for kind, rows in found.items()})
            return {kind: found[kind][ids] for kind, ids in chosen.items()}
        if nodes is None:
            return evaluator.after_layers(hidden, out).numpy()
        return evaluator.after_layers(hidden).numpy()[as_ids("nodes", nodes, num_nodes)]

    def score(self, pairs: ArrayLike, times: ArrayLike | None = None) -> np.ndarray:
        """Logits float32 [n] of pairs of nodes [n, 2], (source, target), by a model of links: above 0 means a link.

        times: [n], as of when each is asked about, where the dataset's links have times. They are made as the test is.
        """
        if not isinstance(self.dataset, TypedLinkDataset):
            of_kind("the dataset of score", self.dataset, LinkDataset)
        return self.evaluator.of_pairs(self.task.as_items(pairs, times)).numpy()

    def held(self) -> AbstractContextManager[None]:
        """A context in which the folder is this trainer's alone; ``InUse`` where another works there. ``fit`` is in one."""
        return nullcontext() if self.recorder is None else self.recorder.held()

    def resume(self, path: str | os.PathLike[str] | None = None) -> None:
        """Let ``fit`` go on from the checkpoint ``path`` (default: the folder's latest; from the beginning if there is none).

        It will end with the very weights of a training without a break: on the CPU of the same machine, with the same torch
        and as many threads of it; the log says where one of these differs. ValueError where file, model, dataset or
        settings are not those of the checkpoint.
        """
        with self.ranks.failing():
            path = self.ranks.first(lambda: self._latest() if path is None else path)
            if path is not None:
                restore(self, as_path("path", path))
        self._is_resumed = path is not None
        if self.recorder is not None:
            self.recorder.resumes_from = path and Path(path)

    def _latest(self):
        if self.recorder is None:
            raise ValueError("there is no folder to resume from: name a checkpoint, or make the Trainer with a folder")
        return self.recorder.folder / LATEST if self.recorder.has_checkpoint() else None

    def stop(self) -> None:
        """End the training after the update under way; to be called from a callback's method, such as ``on_step``.

        ``fit`` then ends as at the last epoch: batches since the last epoch are one more, validated; the best epoch is kept,
        tested and saved, and ``TrainResult.interrupted`` is False. At least one update is made. Where there is a folder, a
        later ``resume`` goes on from the very step. Outside of ``fit`` it does nothing.
        """
        super().stop()

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What tells the dataset from another: see ``checkpoint.identity``."""
        return identity(self.task.plain if self.config.label_reuse else self.dataset)
