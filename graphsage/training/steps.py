"""An update of the weights: the batches of a group, their gradients, and what is told of each."""

import time
from contextlib import contextmanager

import torch

from graphsage.base import rng
from graphsage.loading.batch import Batch
from graphsage.tensors.keyed_rng import keyed_rng
from graphsage.training.records import Step


class Steps:
    """The part of a ``Loop`` that makes updates. An update is a group of ``accumulate`` batches; of R ranks, rank r has those
    at the places r, r + R, ... of the group, and all join in each round of R batches, also one without a batch left.
    """

    def _group(self, batches, steps, learning_rate):
        """An update by the batches of ``steps``, those of this rank being the next of ``batches``; the ``Step`` of each."""
        self.gradients.begin()
        told, size = [], self.ranks.size
        for place in range(0, len(steps), size):
            told += self._round(batches, steps[place : place + size], len(steps))
        with self._clock("training"):
            self._update()
        return [self._told_step(*one, learning_rate) for one in told]

    def _round(self, batches, steps, size):
        """The gradients of the batches of ``steps``, one a rank, added to those of the update of ``size`` batches.

        [(step, loss, nodes, edges), ...] of all ranks.
        """
        rank, loss, counts = self.ranks.rank, None, (0, 0)
        batch = self._next(batches) if rank < len(steps) else None
        with self._clock("training" if self._has_started else "starting"):
            if batch is not None:
                loss, counts = self._backward(batch, size), (len(batch.seeds), batch.minibatch.num_sampled_edges)
                self.gradients.look()
            counts, losses = self.ranks.exchange(*counts), self.ranks.losses(loss)
            self.gradients.add()
        self._has_started = True
        return [(step, loss, *of) for step, loss, of in zip(steps, losses, counts)]

    def _next(self, batches):
        with self._clock("waiting" if self._has_started else "starting"):
            return next(batches)

    def step(self, batch: Batch) -> torch.Tensor:
        """The batch's gradient, and, in one process, the update where it ends one of ``accumulate``; its loss, detached."""
        size, place = self.config.accumulate, batch.step % self.config.accumulate
        if place == 0:
            self.gradients.begin()
        loss = self._backward(batch, min(size, len(self.loader) - batch.step + place))
        if place + 1 == size or batch.step + 1 == len(self.loader):
            self._update()
        return loss

    def _backward(self, batch, group):
        """Add the batch's share of the mean gradient of ``group`` batches; returns its loss, detached."""
        self.model.train()
        key = rng.stream_key(self.config.seed, rng.DROPOUT, batch.epoch, batch.step, rng.REPLICA)
        with keyed_rng(key, self.device), self._autocast(), self.statistics.recorded():
            outputs = self._forward(batch)
        outputs = self.evaluator.checked(outputs, batch)
        if not (self.state.updates or batch.step):
            self.objective.look_first(outputs, batch.y, self.log)
        loss = self.objective.minimised(outputs, batch.y)
        self.scaler.scale(loss / group if group > 1 else loss).backward()
        return self.objective.told(outputs, batch.y, loss)

    def _update(self):
        self.gradients.finish()
        self.statistics.finish()
        if self.config.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.average.update()
        self.schedule.after_update()
        self.state.updates += 1

    @contextmanager
    def _autocast(self):
        if self.config.precision == "float32":
            yield
            return
        with torch.autocast(self.device.type, getattr(torch, self.config.precision)):
            yield
        torch.clear_autocast_cache()  # inside another autocast it would stay: later steps would see the first one's weights

    def _told_step(self, step, loss, nodes, edges, learning_rate):
        """What is told of a batch once its update is done."""
        where = {"epoch": self.state.epoch + 1, "step": step, "num_steps": len(self.loader)}
        return Step(**where, loss=loss, learning_rate=learning_rate, nodes=nodes, edges=edges)

    @contextmanager
    def _clock(self, name):
        started = time.perf_counter()
        try:
            yield
        finally:
            self.state.clocks[name] += time.perf_counter() - started
