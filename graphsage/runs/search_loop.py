"""A search under way: trial after trial, each a training without test nodes that ends early where it falls behind."""

import math
import time
from contextlib import contextmanager
from dataclasses import replace

import torch

from graphsage.base.jit import is_interrupt
from graphsage.config.toml import write_config
from graphsage.runs.checkpoint import identity
from graphsage.runs.kinds import kind_of
from graphsage.runs.run import make_trainer, run_all
from graphsage.runs.search_lines import trial_line
from graphsage.runs.search_space import space_for, start_of, with_values
from graphsage.runs.search_study import BEST, REASON, is_done, opened, optuna_of, sampler_of
from graphsage.training.callbacks import Callback
from graphsage.training.records import TrainingStopped

LEAST = 10  # whole trials from which it is told what mattered


class Pruning(Callback):
    """Tells a trial of Optuna each validation score, and ends it where the score falls behind."""

    def __init__(self, trial):
        self.trial = trial

    def on_epoch(self, trainer, epoch):
        """The score is told; ``TrialPruned``."""
        if epoch.val_score is None or not math.isfinite(epoch.val_score):
            return
        self.trial.report(epoch.val_score, epoch.number)
        if epoch.number < trainer.config.epochs and self.trial.should_prune():
            raise optuna_of().TrialPruned


class Search:
    """Trials of ``config`` on ``dataset`` with the values of ``space``, ``limit`` of them in all.

    data: what they train on, which is the dataset without its test nodes or links. metric: the ``Metric`` that ranks them.
    callbacks, log: of ``Trainer``; log may be None.
    """

    def __init__(self, config, dataset, space, *, limit, folder, callbacks, log):
        self.config, self.dataset, self.limit, self.folder = config, dataset, limit, folder
        self.callbacks, self.log = callbacks, log
        self.whole = kind_of(config.task, dataset).data_of(config, dataset)
        if not len(self.whole.val):
            raise ValueError(f"tune chooses on validation, and {dataset.name or 'the dataset'} has no part to validate on")
        self.data = replace(self.whole, test=self.whole.test[:0])
        self._plain = replace(config, baseline=False, tensorboard=False)
        self.metric = make_trainer(self._plain, self.data, log=None).metric  # refuses what cannot be, before the first trial
        self.space, self._is_asked = space_for(config, self.data, space), space is not None

    @contextmanager
    def opened(self, resume):
        """Inside, the study is open, and the folder this process's alone."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        about = {"identity": identity(self.whole), "settings": self.config, "space": self.space}
        with opened(self.folder, about, resume=resume, same_space=self._is_asked) as self.study:
            self.space = self.study.user_attrs["space"]
            self.start = start_of(self.config, self.space, getattr(self.data, "task", None))
            yield

    # ---- trials

    def until(self, deadline):
        """Trials until there are ``limit``, or (after one at least) the time is over; returns whether Ctrl-C came before."""
        try:
            while len(done := self.done()) < self.limit and (not done or time.monotonic() < deadline):
                if self._is_cut(len(done) + 1):
                    return True
        except (KeyboardInterrupt, SystemError) as error:
            if not is_interrupt(error):
                raise
            return True
        return False

    def done(self):
        """The trials that count, in their order: all but those that Ctrl-C or a kill cut short, which are made again."""
        return [trial for trial in self.study.get_trials(deepcopy=False) if is_done(trial)]

    def _is_cut(self, number):
        """Trial ``number``, from 1; returns whether Ctrl-C came."""
        optuna = optuna_of()
        self.study.sampler = sampler_of(self.config.train.seed, number - 1, self.start)
        trial, states, interrupted = self.study.ask(), optuna.trial.TrialState, False
        for name, values in self.space.items():
            trial.suggest_categorical(name, values)
        score, state = None, states.FAIL
        try:
            score, interrupted = self._score(trial, number)
            if score is None:
                return True
            state = states.COMPLETE
        except optuna.TrialPruned:
            state = states.PRUNED
        except Exception as error:
            trial.set_user_attr(REASON, _reason(error))
        self.study.tell(trial, score, state=state)
        self._tell(number)
        return interrupted

    def _score(self, trial, number):
        """(validation score, None of a training that was cut short; whether Ctrl-C came)."""
        same = next((other for other in self.done() if other.params == trial.params and other.value is not None), None)
        if same is not None and same.state.name == "COMPLETE":
            trial.set_user_attr("epoch", same.user_attrs["epoch"])
            return same.value, False
        how = {"callbacks": [*self.callbacks, Pruning(trial)], "log": self.log and _drop}
        trainer = make_trainer(with_values(self._plain, trial.params), self.data, **how)
        trainer.title = f"Trial {number}/{self.limit}, "
        result = trainer.fit()
        if result.interrupted:
            return None, True
        if result.val_score is None or not math.isfinite(result.val_score):
            raise TrainingStopped(f"the validation score is {result.val_score}")
        trial.set_user_attr("epoch", result.best_epoch)
        return result.val_score, trainer.interrupted

    def _tell(self, number):
        """A line on the trial; the best one so far is in the folder."""
        records, best = self.records(), self.best()
        if self.folder is not None and best == number:
            write_config(self.best_config(), self.folder / BEST)
        if self.log:
            self.log(trial_line(records[number - 1], self.limit, records[best - 1] if best else None, self.metric))

    # ---- what came of them

    def best(self):
        """The number of the best trial that is whole, of several the first; None where there is none."""
        whole = [(trial.value, -number) for number, trial in enumerate(self.done(), 1) if trial.state.name == "COMPLETE"]
        return -max(whole)[1] if whole else None

    def best_config(self):
        """Its ``RunConfig``."""
        return with_values(self.config, self.done()[self.best() - 1].params)

    def records(self):
        """A dict of plain values for each trial: see ``TuneResult``."""
        return [_record(number, trial, self.space) for number, trial in enumerate(self.done(), 1)]

    def importance(self):
        """{setting: share}, the largest first; {} of few trials, or of trials that score alike."""
        whole = [trial.value for trial in self.done() if trial.state.name == "COMPLETE"]
        if len(whole) < LEAST or len(set(whole)) == 1:
            return {}
        tools = optuna_of().importance
        return tools.get_param_importances(self.study, evaluator=tools.PedAnovaImportanceEvaluator())

    def train_best(self):
        """``RunResult`` of the best trial trained once more, tested, and in the folder as any run is."""
        folder = self.folder and self.folder / f"trial-{self.best()}"
        how = {"folder": folder, "resume": folder is not None and folder.exists(), "progress": self.callbacks}
        (log := self.log or _drop)(f"Training trial {self.best()} once more, to test it ...")
        return run_all(self.best_config(), self.dataset, log=log, **how)[0]


def _record(number, trial, space):
    scores = trial.intermediate_values
    score = trial.value if trial.state.name == "COMPLETE" else max(scores.values(), default=None)
    epoch = trial.user_attrs.get("epoch") or max(scores, key=scores.get, default=None)
    state = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}[trial.state.name]
    facts = {"number": number, "state": state, "score": score, "epoch": epoch, "seconds": trial.duration.total_seconds()}
    return facts | {"reason": trial.user_attrs.get(REASON)} | {name: trial.params[name] for name in space}


def _reason(error):
    """Why a trial failed; what is neither its settings' fault nor the memory's is raised again."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error):
        return "the memory is not enough"
    if isinstance(error, (TrainingStopped, ValueError)):
        return str(error)
    raise error


def _drop(line):
    """What a trial says of its epochs is too much to read."""
