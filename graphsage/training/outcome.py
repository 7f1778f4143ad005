"""What a training came to: the best model tested once, and the ``TrainResult`` that says so."""

from dataclasses import replace

from graphsage.training.records import TrainResult
from graphsage.training.setup import normalizes


def outcome(trainer, *, interrupted):
    """The ``TrainResult`` of ``trainer`` (a ``Loop``), whose model is the best one from here on.

    One that was interrupted and can be gone on with is not tested. KeyboardInterrupt where there is nothing to keep.
    """
    best = trainer.state.best_epoch
    can_resume = interrupted and trainer.is_kept
    if best is None and not can_resume:
        raise KeyboardInterrupt
    if best is not None:
        trainer.model.load_state_dict(trainer.state.best)
        trainer.objective.read_by(replace(trainer.objective.head, thresholds=trainer.state.thresholds))
    trainer.model.eval()
    with trainer.shared_out():
        test_score, test_scores, raw = (None, None, None) if can_resume else _tested(trainer)
    for line in trainer.objective.lines(raw):
        trainer.log(line)
    head = trainer.objective.head
    return TrainResult(
        metric=trainer.metric.name,
        test_score=test_score,
        test_scores=test_scores,
        val_score=best and best.val_score,
        best_epoch=best and best.number,
        normalized_features=normalizes(trainer.config, trainer.dataset),
        history=list(trainer.state.history),
        interrupted=interrupted,
        outputs=raw if raw is None else head.read(raw).float(),
        thresholds=head.thresholds,
        later_edges=trainer.task.later_edges(),
    )


def _tested(trainer):
    """(score, scores by all metrics or None, raw outputs of all nodes or None)."""
    for line in trainer.task.finish():
        trainer.log(line)
    score, _ = trainer.evaluate(trainer.dataset.test)
    scores = None if score is None else trainer.task.scores()
    return *trainer.ranks.first(lambda: (score, scores)), trainer.task.outputs()
