"""Whole runs from a RunConfig: dataset, model, training, and what the result must be compared with."""

from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from graphsage.base.files import locked
from graphsage.config.run_files import CONFIG, METRICS_FILE, MODEL, REPORT, RESULT
from graphsage.config.toml import write_config
from graphsage.data.catalogue import load_dataset
from graphsage.data.tables.schema import given_tables
from graphsage.nn.model import GraphSAGE
from graphsage.report.report import write_report
from graphsage.runs.checkpoint import CheckpointError, differences
from graphsage.runs.metrics_file import read_metrics
from graphsage.runs.recorder import stopping
from graphsage.runs.run_folder import identity_in, read_result, write_result
from graphsage.runs.tensorboard import TensorBoard
from graphsage.runs.trainer import Trainer
from graphsage.trained.outputs import write_predictions
from graphsage.trained.save import is_saved, versions
from graphsage.training.records import TrainResult
from graphsage.training.setup import refuse_unlabelled
from graphsage.training.tasks import METRICS, constant_outputs

LARGE = 200_000  # nodes from which what a finished run leaves takes longer than two seconds


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A trained model beside its baselines, test scores by ``result.metric``; None where there are no test nodes.

    majority: always what is most frequent in training (regression: the mean). features_only: the same model, trained the
    same way on the graph without its edges; None if it was not asked for, or Ctrl-C came before its end. model: None where
    the run was done before and its result read.
    interrupted: Ctrl-C came in the training of either, perhaps in its last step.
    """

    result: TrainResult
    majority: float | None
    features_only: float | None
    model: GraphSAGE | None
    interrupted: bool = False


def run(config, dataset=None, *, trainer=None, folder=None, resume=False, callbacks=(), progress=(), log=print):
    """Load (unless ``dataset`` is given), train, compare; ``log`` gets each line of progress.

    trainer: of ``make_trainer`` for this config and dataset, if there is one already.
    folder: where checkpoints, metrics, the model and the report go; None: nowhere. resume: go on from the checkpoint there
    (or from the one that ``resume`` names) instead of beginning. callbacks: of the ``Trainer``. progress: callbacks that are
    told of the training without edges, too.
    """
    if dataset is None:
        dataset = load_dataset(config.dataset, split=config.split, **given_tables(config.tables))
        log(dataset.summary())
    trainer = trainer or make_trainer(config, dataset)
    trainer.keep_in(folder)
    trainer.watch_by([*callbacks, *progress, *_tensorboard(config)], log)
    with trainer.held():
        if resume:
            _resume(trainer, resume, log)
        return _held_run(config, trainer, dataset, folder, progress, log)


def _held_run(config, trainer, dataset, folder, progress, log):
    if folder is not None:
        with stopping(folder, "begun"):
            Path(folder, RESULT).unlink(missing_ok=True)  # it says that nothing is left to do
            write_config(config, Path(folder, CONFIG))  # only now: what was refused leaves it as it was
    result = trainer.fit()
    alone, interrupted = None, trainer.interrupted
    if config.baseline and not interrupted:
        log("Training the same model without edges (features only) for comparison ...")
        alone, interrupted = _features_only(config, dataset, trainer.loader.store, progress)
    run_result = RunResult(
        result=result,
        majority=majority_score(dataset, trainer.metric),
        features_only=alone,
        model=trainer.model,
        interrupted=interrupted,
    )
    if folder is not None and not interrupted:
        folder = Path(folder)
        if dataset.num_nodes >= LARGE:
            log("Writing predictions and the report ...")
        with stopping(folder, "saved"):
            _finish(folder, config, dataset, run_result, trainer)
        log(f"Saved in {folder}: open {folder / REPORT}")
    return replace(run_result, result=replace(result, outputs=None)) if folder is not None else run_result


def run_all(config, dataset, *, trainer=None, folder=None, resume=False, callbacks=(), progress=(), log=print):
    """``config.runs`` runs, with seeds seed, seed + 1, ...; the results of those that were done when the last ended or Ctrl-C
    came, each in a folder SEED inside of ``folder`` if there are several. resume: those that were done count as they are.

    A training that Ctrl-C cut short counts only where it is the only one. trainer: as in ``run``, of the first.
    """
    how = {"resume": resume, "callbacks": callbacks, "progress": progress, "log": log}
    if config.runs > 1 and folder is not None:
        with stopping(folder, "begun"):
            Path(folder).mkdir(parents=True, exist_ok=True)
        with locked(folder):
            if resume:  # the settings that may change; a single run writes its own
                trainer = _same_data(config, dataset, trainer, folder)
                write_config(config, Path(folder, CONFIG))
            return _runs(config, dataset, trainer, folder, how)
    if resume is True and folder is not None:
        trainer = _same_data(config, dataset, trainer, folder)
    return _runs(config, dataset, trainer, folder, how)


def _same_data(config, dataset, trainer, folder):
    """The trainer of the first run; ``CheckpointError`` where a run in ``folder`` was trained on another dataset."""
    trainer = trainer or make_trainer(_single(config, 0), dataset)
    for number in range(config.runs):
        place = _folder_of(config, folder, _single(config, number))
        changes = differences(identity_in(place) or {}, trainer.identity)
        if changes:
            advice = "go on with the data of the training, or train into another folder"
            raise CheckpointError(f"{place} is of a training with another dataset: {'; '.join(changes)}: {advice}")
    return trainer


def _single(config, number):
    """The configuration of one of the runs."""
    return replace(config, runs=1, train=replace(config.train, seed=config.train.seed + number))


def _runs(config, dataset, trainer, folder, how):
    results = []
    for number in range(config.runs):
        single = _single(config, number)
        if config.runs > 1:
            how["log"](f"Run {number + 1} of {config.runs}, seed {single.train.seed}")
        try:
            latest = _one_of(single, dataset, None if number else trainer, _folder_of(config, folder, single), **how)
        except KeyboardInterrupt:
            if not results:
                raise
            break
        if not (results and latest.result.interrupted):
            results.append(latest)
        if latest.interrupted:
            break
    return results


def _folder_of(config, folder, single):
    return folder if folder is None or config.runs == 1 else Path(folder, str(single.train.seed))


def _one_of(config, dataset, trainer, folder, *, resume, log, **how):
    """The run: read where it is done and no checkpoint is named, gone on with where it was begun, else made."""
    done = read_result(folder, config) if resume is True and folder is not None and is_saved(folder) else None
    if done is not None:
        log(f"Done already, in {folder}")
        result, majority, features_only = done
        return RunResult(result=result, majority=majority, features_only=features_only, model=None)
    return run(config, dataset, trainer=trainer, folder=folder, resume=resume, log=log, **how)


def _resume(trainer, resume, log):
    folder = trainer.recorder and trainer.recorder.folder
    if resume is True and folder and not trainer.recorder.has_checkpoint() and (folder / MODEL).exists():
        rule = "to go on from, and to begin anew would replace the model"
        raise CheckpointError(f"{folder} holds a trained model and no checkpoint {rule}: train into another folder")
    trainer.resume(None if resume is True else resume)
    state = trainer.state
    where = f"{state.epoch} epochs and {state.step} of {len(trainer.loader)} batches of the next are done"
    log(f"Going on: {where}" if state.updates else "Beginning: there is no checkpoint yet")


def _finish(folder, config, dataset, run_result, trainer):
    """What a finished run leaves, result.json last: where that is, nothing is left to do."""
    table = folder / ("predictions.parquet" if find_spec("pyarrow") else "predictions.csv")
    outputs = _all_outputs(trainer, dataset, run_result.result)
    write_predictions(table, dataset, outputs, thresholds=run_result.result.thresholds)
    write_report(
        folder / REPORT,
        dataset=dataset,
        config=config,
        result=run_result.result,
        log=read_metrics(folder / METRICS_FILE),
        outputs=outputs,
        majority=run_result.majority,
        features_only=run_result.features_only,
    )
    write_result(folder, config, run_result, trainer.identity, versions())


def _all_outputs(trainer, dataset, result):
    """Of all nodes; where they come from drawn neighbours, a judged node's are those that were scored."""
    if result.outputs is not None:
        return result.outputs
    outputs = trainer.predict().outputs
    for nodes in (dataset.val, dataset.test):
        if len(nodes):
            outputs[nodes] = trainer.predict(nodes).outputs
    return outputs


def make_trainer(config, dataset, *, folder=None, store=None, callbacks=(), log=print):
    """The ``Trainer`` of an untrained model; ValueError where ``config`` cannot be had on this dataset or machine."""
    how = {"folder": folder, "store": store, "callbacks": [*callbacks, *_tensorboard(config)], "log": log}
    return Trainer(build_model(config, dataset), dataset, config.train, **how)


def _tensorboard(config):
    return [TensorBoard()] if config.tensorboard else []


def build_model(config, dataset):
    """The untrained ``GraphSAGE`` that ``config`` describes, for ``dataset``."""
    refuse_unlabelled(dataset)
    options = {**asdict(config.model), "dropout": config.dropout, "seed": config.train.seed}
    return GraphSAGE(dataset.num_features, out_features=dataset.num_outputs, **options)


def majority_score(dataset, metric):
    """Test score by ``metric`` (``Metric``) of ``constant_outputs``; None without test nodes."""
    if not len(dataset.test):
        return None
    return metric.score(constant_outputs(dataset, len(dataset.test)), torch.tensor(dataset.labels[dataset.test], device="cpu"))


def compare(results):
    """The table at the end of one or more runs: test scores, mean and standard deviation where there are several."""
    metric = METRICS[results[0].result.metric]
    rows = [
        ("mean" if metric.name == "r2" else "majority class", [r.majority for r in results]),
        ("features only", [r.features_only for r in results]),
        ("GraphSAGE", [r.result.test_score for r in results]),
    ]
    rows = [(name, [value for value in values if value is not None]) for name, values in rows]
    if not rows[0][1]:
        return "\n".join([f"Test {metric.label}: none, as the dataset has no test nodes.", *_which_model(results)])
    spread = f" (mean +- standard deviation of {len(results)} runs)" if len(results) > 1 else ""
    table = [f"  {name:14} {_shown(metric, values)}" for name, values in rows if values]
    return "\n".join([f"Test {metric.label}{spread}:", *table, *_which_model(results)])


def _which_model(results):
    """The sentence about a single run's model: of which epoch it is, and why."""
    if len(results) != 1:
        return []
    result = results[0].result
    why = "the last (there are no validation nodes)" if result.val_score is None else "the best on validation"
    cut = f"Interrupted after epoch {len(result.history)}. " if result.interrupted else ""
    return [f"{cut}The model is that of epoch {result.best_epoch}, {why}."]


def _features_only(config, dataset, store, progress):
    """(test score, whether Ctrl-C came) of the same training without edges; a training cut short has no score."""
    try:
        train = replace(config.train, draw="uniform", strictly_before=False)  # there is no weight or time to draw by
        alone = replace(config, tensorboard=False, train=train)
        trainer = make_trainer(alone, dataset.without_edges(), store=store, callbacks=progress, log=None)
        result = trainer.fit()
    except KeyboardInterrupt:
        return None, True
    return (None if result.interrupted else result.test_score), trainer.interrupted


def _shown(metric, values):
    return metric.shown(np.mean(values), np.std(values, ddof=1) if len(values) > 1 else None)
