"""The loop of the original description. It knows no disk: ``runs.trainer`` adds one."""

import time
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial

import torch
from numpy.typing import ArrayLike

from graphsage.base.interrupt import Interrupt, noted_interrupt
from graphsage.base.jit import is_interrupt
from graphsage.config.settings import TrainConfig
from graphsage.loading.stores import reads_of
from graphsage.sampling.items import Items
from graphsage.tensors.ambient import plain_modes
from graphsage.training.average import WeightAverage
from graphsage.training.begin_together import begin_together
from graphsage.training.callbacks import checked_callbacks, checked_log
from graphsage.training.gradients import Gradients
from graphsage.training.link_task import LinkTask
from graphsage.training.node_task import NodeTask
from graphsage.training.optimizers import Schedule, make_optimizer
from graphsage.training.outcome import outcome
from graphsage.training.ranks import ALONE, Ranks
from graphsage.training.records import TrainResult, loss_text
from graphsage.training.running_statistics import RunningStatistics
from graphsage.training.setup import check_config, check_kinds, lay_first_weights
from graphsage.training.state import State
from graphsage.training.steps import Steps
from graphsage.training.task import task_class
from graphsage.training.typed_task import TypedTask
from graphsage.training.updates import own_steps, settled, updates_line
from graphsage.training.walk_task import WalkTask

TASKS = (NodeTask, LinkTask, WalkTask, TypedTask)  # of those of one dataset, the first is the one that no settings name
NOTICE = "Ctrl-C: ending after this step (Ctrl-C again: at once)\n"


class Loop(Steps):
    """A ``Trainer`` without a folder: what is kept of it is what its callbacks keep.

    recorder: a callback that is told first, and keeps the state at each ``on_save``, so that a training that Ctrl-C cut short
        can be gone on with; None: there is none.
    is_kept: is there a recorder, here or on the rank that writes?
    title: what is shown before "Epoch 3/20" while it runs.
    """

    recorder, is_kept, title = None, False, ""

    @plain_modes()
    def __init__(self, model, dataset, config=None, *, task=None, loss=None, store=None, callbacks=(), log=print):
        config = TrainConfig() if config is None else config
        check_kinds(model, loss)
        check_config(config)
        self.ranks = Ranks.of_process()
        config = settled(config, self.ranks)
        self.watch_by(callbacks, log)
        how = {"loss": loss, "store": store, "progress": partial(self._tell, "on_evaluate")}
        self.task = task = task_class(TASKS, dataset, task)(model, dataset, config, task, **how)
        self.config = config = task.config
        self.device, self.model, self.dataset, self.metric = task.device, task.model, task.dataset, task.metric
        self.objective, self.loader, self.evaluator = task.objective, task.loader, task.evaluator
        self.loader.last_epoch = config.epochs
        lay_first_weights(task.encoder, self.loader.store)
        self.optimizer = make_optimizer(model, config, self.device)
        self.schedule = Schedule(self.optimizer, config, config.epochs * -(-len(self.loader) // config.accumulate))
        self.average = WeightAverage(model, config.average)
        self.gradients = Gradients(model, self.ranks, config.gradients)
        self.statistics = RunningStatistics(model, self.ranks, config.gradients)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=config.precision == "float16")
        self.state, self._is_resumed, self._interrupt, self._was_interrupted = State(), False, Interrupt(), False
        self._forward = torch.compile(model, dynamic=True) if config.compile else model

    def watch_by(self, callbacks, log):
        """Tell these callbacks, and ``log`` each line of progress, in place of those given before."""
        is_first, callbacks, log = self.ranks.rank == 0, checked_callbacks(callbacks), checked_log(log) or _nothing
        self.callbacks = [callback for callback in callbacks if is_first or getattr(callback, "every_rank", False)]
        self.log = log if is_first else _nothing

    # ---- from beginning to end

    @plain_modes()
    def fit(self) -> TrainResult:
        """From beginning to end: see ``Trainer.fit``."""
        if not self._is_resumed:
            self.schedule.check_fresh()
            self.average.reset()
        self.state = self.state if self._is_resumed else State()
        self._is_resumed = self._has_started = self._owes_save = self._is_cut = False
        self._wants_stop = self._is_stopped = self._was_interrupted = False
        self._saved_at = time.monotonic()
        if self.task.encoder is not None:
            self.task.encoder.prepare(self.task.degrees())
        self.objective.read_by(replace(self.objective.head, correct_and_smooth=None))
        try:
            begin_together(self)
            self._tell("on_fit_begin")
            for line in filter(None, [updates_line(self.config, self.ranks), *self.task.lines()]):
                self.log(line)
            result = outcome(self, interrupted=self._train())
            self._tell("on_fit_end", result)
        except BaseException as error:
            self._tell("on_exception", error)
            if isinstance(error, Exception):
                self.ranks.fail(error)
            raise
        return result

    def stop(self) -> None:
        """End the training after the step under way, from a callback's method: see ``Trainer.stop``."""
        self._wants_stop = True

    @property
    def interrupted(self) -> bool:
        """Did Ctrl-C come in the last ``fit``? Perhaps in its last step: then the training is whole all the same."""
        return self._was_interrupted

    def _train(self):
        """Epochs until the end; returns whether Ctrl-C came before."""
        try:
            with noted_interrupt("" if self.log is _nothing else NOTICE) as self._interrupt:
                while not (self._is_done() or self._was_interrupted):
                    self._epoch()
                    self._agree()
                done = self._is_done()
                self._save()
                self._agree()
                return not done
        except (KeyboardInterrupt, SystemError) as error:
            if not is_interrupt(error) or self.ranks.size > 1:
                raise
            self._was_interrupted = True
        return True

    def _agree(self):
        """Between updates: Ctrl-C or ``stop`` on one rank is so on all, and they end at the same one. Returns whether."""
        found = self.ranks.exchange(self._interrupt.came, self._wants_stop)
        self._was_interrupted, self._is_stopped = map(any, zip(*found))
        return self._was_interrupted or self._is_stopped

    def _is_done(self):
        state, patience = self.state, self.config.patience
        has_waited = patience is not None and state.epochs_since_best >= patience
        return state.epoch >= self.config.epochs or has_waited or (self._is_stopped and self._has_started)

    # ---- an epoch

    def _epoch(self):
        """The batches that are left of it, the validation, and a checkpoint where one is due."""
        state, size, every = self.state, len(self.loader), self.config.accumulate
        before = reads_of(self.loader.store)
        own = own_steps(range(state.step, size), every, self.ranks)
        with closing(self.loader.epoch(state.epoch, steps=own)) as batches:
            while True:
                learning_rate = self.schedule.learning_rate
                self._count(self._group(batches, range(state.step, min(state.step + every, size)), learning_rate))
                if self._agree() or state.step == size:
                    break
        if state.step < len(self.loader):
            if not self._is_stopped:
                return
            self._save()
            self._is_cut = True  # a resume goes on from here: the validation below is of this fit alone
        self.state.check_finite()
        reads = {name: now - before[name] for name, now in reads_of(self.loader.store).items()}
        with self.average.in_the_model():
            with self._clock("evaluating"):
                scores = self._validate()
            self.state.check_finite(scores[1])
            self._end_epoch(learning_rate, reads, *scores)
        if self._owes_save or time.monotonic() - self._saved_at >= self.config.checkpoint_seconds:
            self._save()

    def _validate(self):
        """(score, loss) as planned; (None, None) after an epoch that is not validated. The last one always is."""
        done, plan = self.state.epoch + 1, self.evaluator.plan
        if done % plan.every and done < self.config.epochs and not self._is_stopped:
            return None, None
        with self.shared_out():
            scores = self.evaluate(self.task.validated, **self.task.how_to_validate)
        scores, self.objective.head = self.ranks.first(lambda: (scores, self.objective.head))
        return scores

    @contextmanager
    def shared_out(self):
        """Inside, ranks compute outputs together; each must then ask for the same ones."""
        self.evaluator.ranks = self.ranks
        try:
            yield
        finally:
            self.evaluator.ranks = ALONE

    @plain_modes()
    def evaluate(self, what: ArrayLike | Items, **how: bool) -> tuple[float | None, float | None]:
        """(score by the metric, mean loss) on nodes or links; (None, None) if there are none.

        what: of a ``NodeDataset`` nodes that have labels; the loss is in the labels' units. Of a ``LinkDataset`` true links as
            ``Items`` or [n, 2], each ranked among its candidates.
        sampled=True: on sampled neighbours, also for a ``GraphSAGE``. choose_thresholds=True: where nodes have several labels,
            choose on these nodes what a label's logit must be above, as validation does; else they are those chosen last.
        """
        return self.task.evaluate(what, **how)

    # ---- what is kept and told

    def _count(self, group):
        """The batches of an update are done."""
        state, every = self.state, self.config.checkpoint_every
        done = state.epoch * len(self.loader) + state.step  # of all batches
        for step in group:
            state.add(step)
            self._tell("on_step", step)
            if self.config.log_every and state.step % self.config.log_every == 0:
                self.log(f"Epoch {step.epoch:03d} Batch {state.step:03d} Loss: {loss_text(step.loss.item())}")
        self._owes_save = every > 0 and (done + len(group)) // every > done // every
        if self._owes_save and state.step < len(self.loader):  # at its end after the validation
            self._save()

    def _end_epoch(self, learning_rate, reads, val_score, val_loss):
        scores = (self.metric.name, val_score, val_loss)
        epoch = self.state.end_epoch(*scores, learning_rate, self.model, self.objective.head.thresholds, reads)
        self.schedule.after_epoch(val_score)
        self._tell("on_epoch", epoch)
        score = "" if val_score is None else f" Validation {self.metric.label}: {self.metric.shown(val_score).strip()}"
        self.log(f"Epoch {epoch.number:03d} Loss: {loss_text(epoch.loss)}{score} ({epoch.seconds:.1f} s){epoch.reading}")

    def _save(self):
        if self._is_cut:
            return
        self.state.check_finite()
        with self._clock("saving"):
            self._tell("on_save")
        self._owes_save, self._saved_at = False, time.monotonic()

    def _tell(self, event, *what):
        for callback in filter(None, (self.recorder, *self.callbacks)):
            getattr(callback, event, _nothing)(self, *what)


def _nothing(*what):
    """What a callback without a method does."""

