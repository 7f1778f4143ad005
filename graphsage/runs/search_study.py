"""The memory of a search: Optuna's study in a journal of the folder, which outlives a kill at any moment."""

import json
import warnings
from contextlib import contextmanager
from pathlib import Path

from graphsage.base import rng
from graphsage.base.files import locked
from graphsage.config.settings import FREE
from graphsage.config.toml import read_config, write_config
from graphsage.runs.checkpoint import CheckpointError, differences, differences_of_data
from graphsage.runs.run_folder import plain_config

JOURNAL, START, BEST = "journal.log", "start.toml", "best.toml"  # in the folder of a search
MOVED = {"dataset", "tables"}  # where the data are, which may change: what they are is in their identity
OF_THE_BEST = {"runs", "baseline", "tensorboard"}  # settings that no trial reads
FEW_TRIALS = 5  # before any is pruned: of the first there is no median yet
NAME = "graphsage"
REASON = "reason"  # why a trial failed by itself: what was cut short has none


def optuna_of():
    """The library; ValueError, one sentence, where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise ValueError("tune needs optuna, which is not installed: pip install 'graphsage[tune]'") from None
    return optuna


@contextmanager
def quiet():
    """Inside, Optuna says nothing of its own, about trials or about what is experimental."""
    optuna = optuna_of()
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def opened(folder, about, *, resume, same_space):
    """The study of a search; in ``folder`` it is this process's alone (``InUse``), and one that is there must be resumed.

    folder: None: in memory. about: {"identity" of the data, "settings" (``RunConfig``), "space"}; same_space: a resume must be
    of this space, else it goes on with its own. ``CheckpointError``, one sentence, where the journal is damaged, or of others.
    """
    if folder is None:
        yield _new(about, None)
        return
    with locked(folder):
        yield _kept(folder, about, resume, same_space)


def _kept(folder, about, resume, same_space):
    path, config = folder / JOURNAL, about["settings"]
    if not path.exists():
        write_config(config, folder / START)
        return _new(about, _storage(path))
    if not resume:
        raise ValueError(f"{folder} holds a search already: go on with it by resume, or take another folder")
    study = _read(path, config.train.epochs)
    now = json.loads(json.dumps(about | {"settings": _settings(config)}))
    for name, what in {"identity": "another dataset", "settings": "other settings", "space": "another space"}.items():
        compare = differences_of_data if name == "identity" else differences
        changes = compare(study.user_attrs.get(name, {}), now[name])
        if changes and (name != "space" or same_space):
            raise CheckpointError(f"{folder} is of a search with {what}: {'; '.join(changes)}: take another folder")
    return study


def start_in(folder):
    """The ``RunConfig`` that the search in ``folder`` began with; ValueError where there is no search."""
    path = Path(folder, START)
    if not path.is_file():
        raise ValueError(f"{folder} is no folder of a search, as it has no {START}")
    return read_config(path, whole=True)


def _settings(config):
    """What a trial depends on, as JSON has it."""
    settings = plain_config(config)
    parts = {part: settings.pop(part) for part in ("model", "train", "links", "walks")}
    settings |= {f"{part} {name}": value for part, values in parts.items() for name, value in values.items()}
    idle = {f"train {name}" for name in FREE - {"epochs", "patience"}} | MOVED | OF_THE_BEST
    return {name: value for name, value in settings.items() if name not in idle}


def _new(about, storage):
    study = study_of(about["settings"], storage)
    for name, value in (about | {"settings": _settings(about["settings"])}).items():
        study.set_user_attr(name, value)
    return study


def study_of(config, storage=None):
    """An empty study of trials like ``config``; storage None: in memory."""
    how = {"storage": storage, "direction": "maximize", "pruner": _pruner(config.train.epochs)}
    return optuna_of().create_study(study_name=NAME, **how)


def _pruner(epochs):
    """Ends a trial whose best score so far is below the median of the others' at that epoch."""
    return optuna_of().pruners.MedianPruner(n_startup_trials=FEW_TRIALS, n_warmup_steps=max(1, epochs // 4))


def sampler_of(seed, place, start):
    """What suggests the settings of a trial, a function of (seed, place): the start for the first, else by TPE.

    place: how many trials came before. TPE keeps no state but the trials themselves, so a search that was cut short goes on
    as it would have.
    """
    samplers = optuna_of().samplers
    tpe = samplers.TPESampler(seed=int(rng.stream_key(seed, rng.TUNE, place)) >> 32)  # Optuna takes 32 bits
    return tpe if place else samplers.PartialFixedSampler(start, tpe)


def is_done(trial):
    """Does a trial count? Not where Ctrl-C or a kill cut it short."""
    return trial.state.is_finished() and (trial.state.name != "FAIL" or REASON in trial.user_attrs)


# ---- the journal


def _storage(path):
    storages = optuna_of().storages
    return storages.JournalStorage(storages.journal.JournalFileBackend(str(path)))


def _read(path, epochs):
    optuna = optuna_of()
    _heal(path)
    try:
        study = optuna.load_study(study_name=NAME, storage=_storage(path), pruner=_pruner(epochs))
        trials = study.get_trials(deepcopy=False)
    except (KeyError, ValueError, TypeError, AttributeError, AssertionError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): take another folder") from None
    for trial in trials:
        if not trial.state.is_finished():  # a kill came
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def _heal(path):
    """A line that a kill cut off goes, and so does the lock that it left: the folder is ours alone."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with open(path, "r+b") as file:
            file.truncate(whole)
    Path(f"{path}.lock").unlink(missing_ok=True)
