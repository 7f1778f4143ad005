"""Whole runs from a RunConfig: dataset, model, training, and what the result must be compared with."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from graphsage.base.files import locked
from graphsage.config.run_files import CONFIG, MODEL, REPORT, RESULT
from graphsage.config.toml import write_config
from graphsage.data.catalogue import load_dataset
from graphsage.data.tables.schema import given_tables
from graphsage.runs import node_run
from graphsage.runs.all_seeds import leave_several
from graphsage.runs.checkpoint import CheckpointError, differences
from graphsage.runs.finished import RunResult, finished
from graphsage.runs.kinds import kind_of
from graphsage.runs.recorder import stopping
from graphsage.runs.run_folder import identity_in, read_result
from graphsage.runs.tensorboard import TensorBoard
from graphsage.runs.trainer import Trainer
from graphsage.trained.save import is_saved
from graphsage.training.ranks import Ranks
from graphsage.training.records import still_rising


def run(config, dataset=None, *, trainer=None, folder=None, resume=False, callbacks=(), progress=(), log=print):
    """Load (unless ``dataset`` is given), train, compare; ``log`` gets each line of progress.

    trainer: of ``make_trainer`` for this config and dataset, if there is one already.
    folder: where checkpoints, metrics, the model and the report go; None: nowhere. resume: go on from the checkpoint there
    (or from the one that ``resume`` names) instead of beginning. callbacks: of the ``Trainer``. progress: callbacks that are
    told of the training without edges, too.
    """
    config, log = with_updates(config), _log_of_first(log)
    if dataset is None:
        dataset = load_dataset(config.dataset, split=config.split, **given_tables(config.tables))
        trainer = trainer or make_trainer(config, dataset)
        log(summary(config, trainer))
    trainer = trainer or make_trainer(config, dataset)
    trainer.run_config = config
    trainer.keep_in(folder)
    trainer.watch_by([*callbacks, *progress, *_tensorboard(config)], log)
    with trainer.ranks.failing(), trainer.held():
        if resume:
            _resume(trainer, resume, log)
        found = finished(trainer, partial(_beside, config, trainer, progress, log))
    return replace(found, result=replace(found.result, outputs=None), scores=None) if folder is not None else found


def _beside(config, trainer, progress, log, result):
    """The fields of ``RunResult`` that are known after the training: those of its baselines."""
    kind = kind_of(config.task, trainer.given)
    fields = trainer.ranks.first(lambda: kind.beside(config, trainer, result, log))
    interrupted = fields.pop("interrupted", trainer.interrupted)
    for name, line in kind.OTHERS.items() if config.baseline else ():
        if not interrupted:
            log(f"{line} for comparison ...")
            other, interrupted = _trained_beside(*kind.other(name, config, trainer), progress)
            fields = fields if other is None else kind.with_other(fields, name, other)
    return {**fields, "interrupted": interrupted}


def run_all(config, dataset, *, trainer=None, folder=None, resume=False, callbacks=(), progress=(), log=print):
    """``config.runs`` runs, with seeds seed, seed + 1, ...; the results of those that were done when the last ended or Ctrl-C
    came, each in a folder SEED inside of ``folder`` if there are several. resume: those that were done count as they are.

    A training that Ctrl-C cut short counts only where it is the only one. trainer: as in ``run``, of the first.
    """
    ranks, config, log = Ranks.of_process(), with_updates(config), _log_of_first(log)
    how = {"resume": resume, "callbacks": callbacks, "progress": progress, "log": log}
    with ranks.failing():
        if config.runs > 1 and folder is not None:
            with _held_by_first(folder, ranks):
                trainer = _same_data(config, dataset, trainer, folder, ranks) if resume else trainer
                ranks.first(partial(_begin_several, config, folder))
                results = _runs(config, dataset, trainer, folder, how)
                if len(results) == config.runs and not results[-1].interrupted:
                    ranks.first(partial(_leave_several, config, folder))
                    log(f"Saved in {folder}: open {Path(folder, REPORT)} for the mean of all")
                return results
        if resume is True and folder is not None:
            trainer = _same_data(config, dataset, trainer, folder, ranks)
        return _runs(config, dataset, trainer, folder, how)


def with_updates(config):
    """``config`` with the batches of an update, so that a run can be gone on with by another number of processes."""
    each = 1 if config.train.batch_size is None else Ranks.of_process().size
    return replace(config, train=replace(config.train, accumulate=config.train.accumulate or each))


def _log_of_first(log):
    return log if Ranks.of_process().rank == 0 else lambda line: None


@contextmanager
def _held_by_first(folder, ranks):
    """Inside, ``folder`` belongs to the first rank of this training alone."""
    if ranks.rank:
        yield
        return
    with stopping(folder, "begun"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    with locked(folder):
        yield


def _begin_several(config, folder):
    with stopping(folder, "begun"):
        Path(folder, RESULT).unlink(missing_ok=True)
        write_config(config, Path(folder, CONFIG))  # of settings that may change; a single run writes its own


def _leave_several(config, folder):
    with stopping(folder, "saved"):
        leave_several(folder, config, range(config.train.seed, config.train.seed + config.runs))


def _same_data(config, dataset, trainer, folder, ranks):
    """The trainer of the first run; ``CheckpointError`` where a run in ``folder`` was trained on another dataset."""
    trainer = trainer or make_trainer(_single(config, 0), dataset)
    ranks.first(lambda: _check_data(config, dataset, trainer, folder))
    return trainer


def _check_data(config, dataset, trainer, folder):
    for number in range(config.runs):
        single = _single(config, number)
        place, then = _folder_of(config, folder, single), identity_in(_folder_of(config, folder, single)) or {}
        same = not (then and number and kind_of(config.task, trainer.given).SPLIT_BY_SEED)
        changes = differences(then, (trainer if same else make_trainer(single, dataset, log=None)).identity)
        if changes:
            advice = "go on with the data of the training, or train into another folder"
            raise CheckpointError(f"{place} is of a training with another dataset: {'; '.join(changes)}: {advice}")


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
    is_asked = resume is True and folder is not None
    done = Ranks.of_process().first(lambda: read_result(folder, config) if is_asked and is_saved(folder) else None)
    if done is not None:
        log(f"Done already, in {folder}")
        return RunResult(**done)
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


def make_trainer(config, dataset, *, folder=None, store=None, callbacks=(), log=print):
    """The ``Trainer`` of an untrained model; ValueError where ``config`` cannot be had on this dataset or machine.

    dataset: ``NodeDataset``; where links are learned, it is split by the seed, and a ``LinkDataset`` is split already.
    """
    config, kind = with_updates(config), kind_of(config.task, dataset)
    data = kind.data_of(config, dataset)
    how = {"folder": folder, "store": store, "callbacks": [*callbacks, *_tensorboard(config)], "log": log}
    trainer = Trainer(kind.build_model(config, data), data, config.train, task=kind.settings_of(config), **how)
    trainer.run_config = config
    return trainer


def _tensorboard(config):
    return [TensorBoard()] if config.tensorboard else []


def build_model(config, dataset):
    """The untrained model that ``config`` describes, for ``dataset``."""
    return kind_of(config.task, dataset).build_model(config, dataset)


def summary(config, trainer):
    """What there is to train on, for people."""
    return kind_of(config.task, trainer.given).summary(config, trainer.dataset)


def compare(results, task="nodes", dataset=None):
    """The table at the end of one or more runs: test scores, mean and standard deviation where there are several.

    dataset: of nodes what they were tested on, for a line on which model is the best beyond the noise of its test nodes.
    """
    verdict = node_run.verdict(results, dataset) if task == "nodes" and dataset is not None else []
    return "\n".join([*kind_of(task, dataset).table(results), *verdict, *_which_model(results, task)])


def _which_model(results, task):
    """The sentence about a single run's model: of which epoch it is, and why."""
    if len(results) != 1:
        return []
    result = results[0].result
    of = "links" if task == "links" else "nodes"
    why = f"the last (there are no validation {of})" if result.val_score is None else "the best on validation"
    cut = f"Interrupted after epoch {len(result.history)}. " if result.interrupted else ""
    return [f"{cut}The model is that of epoch {result.best_epoch}, {why}.{still_rising(result)}"]


def _trained_beside(config, dataset, store, progress):
    """(``TrainResult``, whether Ctrl-C came) of another training to compare with; None of a training cut short."""
    try:
        trainer = make_trainer(replace(config, tensorboard=False), dataset, store=store, callbacks=progress, log=None)
        result = trainer.fit()
    except KeyboardInterrupt:
        return None, True
    return (None if result.interrupted else result), trainer.interrupted
