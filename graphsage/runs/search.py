"""Search over the settings of a run, on validation: what ``graphsage.tune`` takes and gives."""

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

from graphsage.base.checks import as_count, as_path
from graphsage.base.told import of_kind, shown
from graphsage.config.settings import RunConfig
from graphsage.data.dataset import NodeDataset
from graphsage.data.link_parts import LinkParts
from graphsage.data.links import LinkDataset
from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.runs.run import RunResult
from graphsage.runs.search_lines import importance_line, table
from graphsage.runs.search_loop import Search
from graphsage.runs.search_space import TRIALS
from graphsage.runs.search_study import optuna_of, quiet, start_in
from graphsage.runs.suggested import suggested
from graphsage.training.callbacks import checked_callbacks, checked_log


@dataclass(frozen=True, kw_only=True)
class TuneResult:
    """What ``tune`` found. Scores are of validation, by ``metric``; higher is better.

    best_config: ``RunConfig`` of the best trial. best_score: its validation score.
    trials: a dict each, as pandas takes them: number (from 1), state ("complete", "pruned" or "failed"), score, epoch (the best
        one), seconds, reason (of a failed one), and each setting of the space.
    importance: {setting: share of what the scores differ by}, the largest first (Optuna's PED-ANOVA); {} of too few trials.
    run: ``RunResult`` of the best, trained once more and tested; None where Ctrl-C came before.
    interrupted: Ctrl-C ended the search, or the training at its end.
    """

    best_config: RunConfig
    best_score: float
    metric: str
    trials: list[dict[str, Any]] = field(repr=False)
    importance: dict[str, float] = field(repr=False)
    run: RunResult | None = field(default=None, repr=False)
    interrupted: bool = False


def tune(
    dataset: NodeDataset | TypedDataset | LinkDataset | TypedLinkDataset,
    config: RunConfig | None = None,
    *,
    trials: int = TRIALS,
    minutes: float | None = None,
    folder: str | os.PathLike[str] | None = None,
    space: Iterable[str] | Mapping[str, Any] | None = None,
    resume: bool = False,
    callbacks: Iterable[Any] = (),
    log: Callable[[str], object] | None = print,
) -> TuneResult:
    """Search for settings that score best on validation, then train the best once more and test it.

    The test nodes (links) are taken away from all trials: they are scored once, at the end. The first trial is ``config``; the
    others are suggested by Optuna's TPE, and those whose validation falls below the median of the others are pruned. All train
    with ``config.train.seed``; what trial n suggests is a function of (seed, n, the trials before it). So a search repeats
    itself on one machine, and one that was interrupted, or killed, ends as if it had not been.

    dataset: ``NodeDataset`` or ``TypedDataset``, with validation nodes; where ``config.task`` is links also a ``LinkDataset``
        or ``TypedLinkDataset``.
    config: ``RunConfig``, which names the task, the seed and what is not searched (default: ``suggested(dataset)``).
    trials: in all, those before a resume included; one that fails (its loss is no number, the memory is not enough) counts.
    minutes: no trial begins after so many.
    folder: where the journal of the trials, ``best.toml`` and the run of the best go; None: nowhere.
    space: names of settings to search, as ``graphsage tune --help`` lists them, or {setting: values} of any settings of
        ``ModelConfig`` and ``TrainConfig``; None: all that fit.
    resume: go on with the search in ``folder``. callbacks, log: as in ``Trainer``, told of every training; log gets a line a
        trial.

    Ctrl-C ends the search after the step under way. ValueError, one sentence, where optuna is missing, there is nothing to
    validate on, no trial is whole, or the folder's search is of other data, settings or another space.
    Source: Akiba et al. 2019, "Optuna: a next-generation hyperparameter optimization framework".
    """
    return searched(
        Search, dataset, config, trials=trials, minutes=minutes, folder=folder, space=space, resume=resume, callbacks=callbacks,
        log=log,
    )  # fmt: skip


def searched(
    search_of: Callable[..., Search],
    dataset: Any,
    config: RunConfig | None = None,
    *,
    trials: int = TRIALS,
    minutes: float | None = None,
    folder: str | os.PathLike[str] | None = None,
    space: Iterable[str] | Mapping[str, Any] | None = None,
    resume: bool = False,
    callbacks: Iterable[Any] = (),
    log: Callable[[str], object] | None = print,
) -> TuneResult:
    """``tune`` by ``search_of``, which makes the ``Search``: where its trials are trained is its business."""
    optuna_of()
    folder = None if folder is None else Path(as_path("folder", folder))
    deadline = _deadline(minutes)
    if not isinstance(dataset, (LinkParts, TypedDataset)):
        of_kind("dataset", dataset, NodeDataset)
    config = _config(config, dataset, folder, resume)
    how = {"limit": as_count("trials", trials, least=1), "folder": folder, "log": checked_log(log) or None}
    with quiet():
        search = search_of(config, dataset, space, callbacks=checked_callbacks(callbacks), **how)
        with search.opened(resume):
            interrupted = search.until(deadline)
            return _result(search, interrupted)


def _result(search, interrupted):
    if search.best() is None:
        if interrupted:
            raise KeyboardInterrupt
        raise ValueError(f"no trial is whole, so there is no best; the first failed: {search.records()[0]['reason']}")
    importance, records = search.importance(), search.records()
    for line in filter(None, [*table(records, search.start, search.metric), importance_line(importance)]):
        if search.log:
            search.log(line)
    run = None if interrupted else search.train_best()
    return TuneResult(
        best_config=search.best_config(),
        best_score=records[search.best() - 1]["score"],
        metric=search.metric.name,
        trials=records,
        importance=importance,
        run=run,
        interrupted=interrupted or run.interrupted,
    )


def _config(config, dataset, folder, resume):
    if resume and folder is None:
        raise ValueError("resume goes on with the search in a folder: name it")
    if config is None:
        is_of_links = isinstance(dataset, LinkParts)
        config = start_in(folder) if resume else RunConfig(task="links") if is_of_links else suggested(dataset)
    of_kind("config", config, RunConfig)
    config.refuse_set("runs", "by a search: train its best.toml so many times")
    return config


def _deadline(minutes):
    if minutes is None:
        return math.inf
    if isinstance(minutes, bool) or not isinstance(minutes, Real) or not 0 < minutes < math.inf:
        raise ValueError(f"minutes must be > 0 and finite, got {shown(minutes)}")
    return time.monotonic() + 60 * minutes
