"""What a training tells of itself: a record a step, a record an epoch, and the result."""

from dataclasses import dataclass, field

import torch


def loss_text(loss):
    """A loss for people: four decimals, or four digits where the unit of the targets makes it large or small."""
    return f"{loss:.4f}" if loss == 0 or 1e-3 <= abs(loss) < 1e6 else f"{loss:.4g}"


class TrainingStopped(RuntimeError):
    """A training that cannot go on, in one sentence that says what to do. What was saved before stays."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One batch of a training. epoch: from 1. step: from 0 within the epoch, of ``num_steps``. edges: sampled ones.

    loss: a tensor without dimensions on the training's device; reading it waits for a GPU.
    """

    epoch: int
    step: int
    num_steps: int
    loss: torch.Tensor
    learning_rate: float
    nodes: int
    edges: int


class _Scores:
    """Validation score as accuracy."""

    @property
    def val_accuracy(self):
        """``val_score`` where the metric is accuracy, else None."""
        return self.val_score if self.metric == "accuracy" else None


@dataclass(frozen=True, kw_only=True)
class Epoch(_Scores):
    """One line of the history. number: from 1. loss: mean over the epoch's batches; of a regression in squared units of the
        targets. learning_rate: of its last step.

    val_score: by ``metric``; accuracy, F1 and ROC AUC are in [0, 1], R^2 is at most 1.
    seconds: wall time, of which so much went by until the first batch of a process was done (its kernels are compiled or
        loaded then), waiting for batches, in steps, in evaluation, and (since the epoch before) in saving.
    nodes: seeds trained on. edges: sampled ones. memory: bytes, the most that was resident so far (0: unknown).
    rows_asked, rows_kept, bytes_read: of features on a disk, what batches asked for since the epoch began (or was resumed):
        rows, how many of them were in the feature cache, and bytes of the pages of the others, which the system may have had.
    """

    number: int
    loss: float
    metric: str
    val_score: float | None
    val_loss: float | None
    seconds: float
    learning_rate: float = float("nan")
    starting: float = 0.0
    waiting: float = 0.0
    training: float = 0.0
    evaluating: float = 0.0
    saving: float = 0.0
    nodes: int = 0
    edges: int = 0
    memory: int = 0
    rows_asked: int = 0
    rows_kept: int = 0
    bytes_read: int = 0

    @property
    def reading(self) -> str:
        """What is told of features on a disk, with a space before it; "" where they are in memory."""
        if not self.rows_asked:
            return ""
        kept = f", {self.rows_kept / self.rows_asked:.0%} of rows kept" if self.rows_kept else ""
        busy = self.waiting + self.training
        waiting = f", waiting {self.waiting / busy:.0%}" if busy else ""
        return f" Read: {self.bytes_read / 1e9:.3g} GB{kept}{waiting}"


@dataclass(frozen=True, kw_only=True)
class TrainResult(_Scores):
    """What ``Trainer.fit`` found: scores by ``metric``, of the model of ``best_epoch``; None where a split is empty.

    normalized_features: the model was trained on rows divided by their sums, and wants them so (``row_normalize``).
    interrupted: Ctrl-C ended the training. Where it can be resumed nothing is tested: test_score and outputs are None, and
        best_epoch is None if no epoch was complete. Elsewhere what had been reached is tested all the same.
    outputs: float32 [N, C] on the CPU, the logits (regression: predictions, in the targets' units) of all nodes; None for a
        module other than ``GraphSAGE``, where neighbours are drawn by weight or the latest, and where nodes are asked at times.
    thresholds: C logits, above which a node has a label where it may have several, chosen on the validation nodes; None: 0.
    later_edges: how many edges came after the last training node's time; None where nodes are not asked at times.
    test_scores: of links, the test's score by each of their metrics, by name.
    """

    metric: str
    test_score: float | None
    val_score: float | None
    best_epoch: int | None
    normalized_features: bool
    history: list[Epoch] = field(repr=False)
    interrupted: bool = False
    outputs: torch.Tensor | None = field(default=None, repr=False, compare=False)
    thresholds: tuple[float, ...] | None = field(default=None, repr=False)
    later_edges: int | None = None
    test_scores: dict[str, float] | None = None

    @property
    def test_accuracy(self) -> float | None:
        """``test_score`` where the metric is accuracy, else None."""
        return self.test_score if self.metric == "accuracy" else None


def is_rising(result: TrainResult) -> bool:
    """Was the last epoch the best, or the only one? Of a score that can rise, and a training that was not cut short."""
    is_last = bool(result.history) and result.best_epoch == result.history[-1].number
    return is_last and not result.interrupted and result.val_score not in (None, 1)


def still_rising(result: TrainResult) -> str:
    """A sentence, with a space before it, where the last epoch scored higher on validation than every one before; else "".

    A score of 1 cannot rise any more, and a training that was cut short says so itself.
    """
    before = [epoch.val_score for epoch in result.history if epoch.val_score is not None and epoch.number != result.best_epoch]
    if not (is_rising(result) and before and max(before) < result.val_score):
        return ""
    return f" The score was still rising then: more epochs may give more (--epochs {2 * result.best_epoch})."
