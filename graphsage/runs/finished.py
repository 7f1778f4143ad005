"""From the first step to the folder that a run leaves, for the command and for ``Trainer.fit`` alike."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphsage.config.run_files import REPORT
from graphsage.runs.kinds import kind_of
from graphsage.runs.python_run import settings_of
from graphsage.runs.recorder import stopping
from graphsage.runs.run_folder import write_result
from graphsage.trained.save import versions
from graphsage.training.loop import Loop
from graphsage.training.records import TrainResult

LARGE = 200_000  # nodes from which what a finished run leaves takes longer than two seconds


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A trained model beside its baselines, test scores by ``result.metric``; None where there are no test nodes.

    majority: always what is most frequent in training (regression: the mean). features_only: the same model, trained the
    same way on the graph without its edges; None if it was not asked for, or Ctrl-C came before its end. model: None where
    the run was done before and its result read.
    rows: {baseline: {metric: test score}} of the further ones (``baseline_scores``); of links {model: {metric: test score}}
    of GraphSAGE and all its baselines; without labels, {"features" or "embeddings": {"accuracy": of the probe}}.
    scores: of links, float32[n, 1 + C], the logits of each test link and its candidates; None once they are in the report.
    interrupted: Ctrl-C came in the training of either, perhaps in its last step.
    """

    result: TrainResult
    majority: float | None = None
    features_only: float | None = None
    model: Any = None
    interrupted: bool = False
    rows: dict[str, dict[str, float]] = field(default_factory=dict)
    scores: np.ndarray | None = field(default=None, repr=False, compare=False)


def finished(trainer, beside=None):
    """Train, and leave in the trainer's folder what is to be left there, unless Ctrl-C came; the ``RunResult``.

    beside: function(result) -> the fields of ``RunResult`` that are known after the training, which may have "interrupted"
    among them (default: those that cost nothing).
    """
    result = Loop.fit(trainer)
    if not trainer.is_kept and beside is None:
        return RunResult(result=result, model=trainer.model)
    fields = trainer.ranks.first(lambda: _own_fields(trainer, result)) if beside is None else beside(result)
    interrupted = fields.pop("interrupted", trainer.interrupted)
    run_result = RunResult(result=result, **fields, model=trainer.model, interrupted=interrupted)
    if trainer.recorder is not None and not interrupted:
        _leave(trainer, run_result)
    return run_result


def _own_fields(trainer, result):
    config, _ = settings_of(trainer)
    return kind_of(config.task, trainer.given).own_fields(trainer, result)


def _leave(trainer, run_result):
    """Predictions and report, and then result.json: where it is, the run is done."""
    config, made = settings_of(trainer)
    folder = trainer.recorder.folder
    counts = trainer.dataset.num_nodes  # of a typed graph a count a type
    if (sum(counts.values()) if isinstance(counts, dict) else counts) >= LARGE:
        trainer.log("Writing predictions and the report ...")
    with stopping(folder, "saved"):
        kind_of(config.task, trainer.given).leave(Path(folder), config, trainer.given, run_result, trainer, made)
        write_result(folder, config, run_result, trainer.identity, versions(), made and made.module)
    trainer.log(f"Saved in {folder}: open {folder / REPORT}")
