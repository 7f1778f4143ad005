"""Exchange: questions to the processes that own a range of nodes each, and their answers."""

import threading
from collections import deque
from datetime import timedelta
from itertools import count

import numpy as np
import torch
import torch.distributed as dist

from graphsage.shards.message import head_of, packed, unpacked

FIRST = 1 << 16  # bytes of a message that travel at once; what is left follows
QUESTION = 0  # the tag of the first part of a question, which may come from anyone
TIMEOUT = timedelta(minutes=10)  # for an answer
EVER = timedelta(days=3650)  # for a question
LONG = timedelta(days=1)  # for the others, where all wait: a process that ends is noticed at once


class ExchangeError(RuntimeError):
    """Another process does not answer, or could not."""


class Exchange:
    """Asks the owners of nodes, and lets a thread answer what the other processes ask.

    rank, size: of the process group, which all processes have initialised; without one there is one process, which asks
    itself. The exchange has a gloo group of its own, so that its messages pass those of the training by. Any thread may ask,
    at any time: an owner answers beside its own work, so that nobody must ask in an agreed order, or at all.
    timeout: how long an answer may take. sent, received: bytes of messages to others and from them, so far.
    """

    def __init__(self, timeout=TIMEOUT):
        is_alone = not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1
        self.rank, self.size = (0, 1) if is_alone else (dist.get_rank(), dist.get_world_size())
        self.timeout, self.sent, self.received = timeout, 0, 0
        self._answers, self._has_more, self._tags, self._next_tag = {}, threading.Condition(), deque(), count(1)
        self._group = None if is_alone else dist.new_group(backend="gloo", timeout=LONG)
        if not is_alone:
            threading.Thread(target=self._serve, name="graphsage-owner", daemon=True).start()

    # ---- what all ranks do together

    def gather(self, value):
        """[value of each rank]; small ones. Every rank must call it."""
        found = [value] * self.size
        if self._group is not None:
            self._told("another rank", dist.all_gather_object, found, value, group=self._group)
        return found

    # ---- the asking side

    def ask(self, what, questions):
        """{rank: (values, arrays)} of the answers to ``questions``, {rank: (values, arrays)}; values are what JSON can hold.

        ExchangeError, one sentence, where an owner has ended, is not heard of in time, or could not answer.
        """
        tag = self._taken_tag()
        others = {rank: asked for rank, asked in questions.items() if rank != self.rank}
        waiting = {rank: self._expect(rank, tag + 1) for rank in others}
        sending = [
            self._send(rank, packed(tag, [what, values], arrays), QUESTION, tag) for rank, (values, arrays) in others.items()
        ]
        found = {rank: self._answer(what, *asked) for rank, asked in questions.items() if rank == self.rank}
        for rank, (first, work) in waiting.items():
            self._wait(rank, work, self.timeout)
            found[rank] = self._read(rank, self._whole(rank, first, tag + 1))
        for rank, works in zip(others, sending):
            for work in works:
                self._wait(rank, work, self.timeout)
        self._tags.append(tag)  # not after an exception: something may still come under it
        return found

    def _taken_tag(self):
        """An even number that no question under way has; the next one is of its answer."""
        try:
            return self._tags.pop()
        except IndexError:
            return 2 * next(self._next_tag)

    def _expect(self, rank, tag):
        first = torch.empty(FIRST, dtype=torch.uint8)
        return first.numpy(), self._told(rank, dist.irecv, first, rank, group=self._group, tag=tag)

    def _read(self, rank, message):
        self.received += len(message)
        (error, values), arrays = unpacked(message)
        if error is not None:
            raise ExchangeError(f"rank {rank} could not answer: {error}")
        return values, arrays

    # ---- the answering side

    def answer(self, what, function):
        """From now on ``function(values, *arrays)`` answers questions about ``what``, with (values, arrays).

        Questions that came before have waited for it.
        """
        with self._has_more:
            self._answers[what] = function
            self._has_more.notify_all()

    def forget(self, what):
        """There will be no more questions about ``what``, until it is answered anew."""
        with self._has_more:
            self._answers.pop(what, None)

    def _answer(self, what, values, arrays):
        with self._has_more:
            self._has_more.wait_for(lambda: what in self._answers, self.timeout.total_seconds())
            if what not in self._answers:
                raise ExchangeError(f"rank {self.rank} has no {what}: all processes must do the same")
            function = self._answers[what]
        return function(values, *arrays)

    def _serve(self):
        """Answer one question after the other, until the group ends."""
        first = torch.empty(FIRST, dtype=torch.uint8)
        try:
            while True:
                work = dist.irecv(first, None, group=self._group, tag=QUESTION)
                work.wait(EVER)
                self._reply(work._source_rank(), first.numpy())
        except RuntimeError:
            return  # a process has ended, or this one ends: who waits for an answer is told so

    def _reply(self, rank, first):
        tag = head_of(first)[2]
        (what, values), arrays = unpacked(self._whole(rank, first, tag))
        try:
            found, made = self._answer(what, values, arrays)
            message = packed(tag, [None, found], made)
        except Exception as error:  # the asker's to raise
            message = packed(tag, [f"{type(error).__name__}: {str(error)[:500]}", None])
        works = self._send(rank, message, tag + 1, tag + 1)
        if len(message) > FIRST:  # who asked may wait for others first, and they for what is answered next: a circle
            threading.Thread(target=_wait_for_all, args=(works, message), daemon=True).start()
        else:
            _wait_for_all(works, message)

    # ---- both

    def _send(self, rank, message, first_tag, tag):
        """The works that send a message, whose second part has a tag of its own where there is one."""
        self.sent += len(message)
        parts = [(message[:FIRST], first_tag), (message[FIRST:], tag)]
        how = {"group": self._group}
        return [self._told(rank, dist.isend, torch.from_numpy(part), rank, tag=of, **how) for part, of in parts if len(part)]

    def _whole(self, rank, first, tag):
        """The message that begins with ``first``."""
        size = head_of(first)[0]
        if size <= FIRST:
            return first[:size]
        message = np.empty(size, np.uint8)
        message[:FIRST] = first
        rest = torch.from_numpy(message[FIRST:])
        self._wait(rank, self._told(rank, dist.irecv, rest, rank, group=self._group, tag=tag), self.timeout)
        return message

    def _wait(self, rank, work, timeout):
        self._told(rank, work.wait, timeout)

    def _told(self, rank, function, *args, **how):
        """What ``function`` returns; gloo's errors in a sentence."""
        try:
            return function(*args, **how)
        except RuntimeError as error:
            who = rank if isinstance(rank, str) else f"rank {rank}"
            minutes = f"{self.timeout.total_seconds() / 60:g} minutes"
            rule = f"its process has ended, or was not heard of for {minutes}: start the training again, from its checkpoint"
            raise ExchangeError(f"{who} does not answer; {rule} ({str(error)[:200]})") from error


def _wait_for_all(works, message):
    """Until ``message`` has been sent, which must live as long."""
    try:
        for work in works:
            work.wait(EVER)
    except RuntimeError:
        return  # who asked has ended
