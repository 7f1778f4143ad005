"""Ranks: the processes of one training, and what they tell each other. Engine: torch.distributed."""

import os
import socket
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import pairwise

import torch
import torch.distributed as dist

from graphsage.training.records import TrainingStopped

LONG = timedelta(days=1)  # that others may wait for rank 0, which alone writes; a process that ends is noticed at once
WIDTH = 4  # numbers of an exchange


class RankFailed(TrainingStopped):
    """Another rank has failed, in one sentence that says which and why."""


class Ranks:
    """Process ``rank`` of ``size`` that train one model; ``local_rank`` of ``local_size`` on this machine.

    Whatever ranks do together begins with an ``exchange``, in which one that has failed tells the others: so all of them end,
    wherever each was. size 1: nothing is told to anybody, and all methods give back what they were given.
    """

    def __init__(self, rank=0, size=1, local_rank=0, local_size=1, group=None):
        self.rank, self.size, self.local_rank, self.local_size = rank, size, local_rank, local_size
        self.group = self.wire = group  # wire: of the gradients
        self.device = self.wire_device = torch.device("cpu")
        self._has_failed = self.is_told = False  # is_told: rank 0 has failed as well, and tells of it

    @staticmethod
    def of_process():
        """Those of torch.distributed, where it is initialised; else one.

        RuntimeError where WORLD_SIZE speaks of several processes that have not found each other: each would train all of it.
        """
        if not (dist.is_available() and dist.is_initialized()):
            _refuse_unmet()
            return Ranks()
        return _met(dist.group.WORLD)

    def share(self, count):
        """(first, end) of ``count`` things that this rank computes."""
        return count * self.rank // self.size, count * (self.rank + 1) // self.size

    def shared_steps(self, count):
        """[range of the steps of rank 0, of rank 1, ...], of ``count`` that ranks share."""
        return [range(rank, count, self.size) for rank in range(self.size)]

    # ---- what they tell each other

    def exchange(self, *numbers):
        """[integers of rank 0, of rank 1, ...], at most 3 each; ``RankFailed`` where a rank has failed."""
        if self.size == 1:
            return [list(numbers)]
        found = self._exchanged(0, *numbers)
        if any(failed for failed, *_ in found):
            self.is_told = True
            raise RankFailed(self._why(None))
        return [row[1 : 1 + len(numbers)] for row in found]

    def first(self, function):
        """What ``function()`` gives on rank 0, where alone it is called, on all ranks."""
        if self.size == 1:
            return function()
        box = [function() if self.rank == 0 else None]
        self.exchange()
        with self.others():
            dist.broadcast_object_list(box, src=0, group=self.group)
        return box[0]

    def of_all(self, value):
        """[value of rank 0, of rank 1, ...]: any objects that can be pickled."""
        if self.size == 1:
            return [value]
        self.exchange()
        return self._of_all(value)

    def gather(self, tensor, starts):
        """Set rows [starts[r], starts[r + 1]) of ``tensor``, contiguous, on each rank to those of rank r."""
        if self.size == 1:
            return
        self.exchange()
        with self.others():
            for rank, (first, end) in enumerate(pairwise(starts)):
                if end > first:
                    dist.broadcast(tensor[first:end].view(torch.uint8), src=rank, group=self.group)

    def joined(self, rows, places):
        """``rows`` [n, ...] on the CPU with those at places[r] from rank r, for each r; None where this rank has none."""
        if self.size == 1:
            return rows
        shape, dtype = self.first(lambda: (tuple(rows.shape), rows.dtype))
        rows = torch.empty(shape, dtype=dtype, device="cpu") if rows is None else rows
        places = [torch.as_tensor(of, device="cpu") for of in places]
        sorted_rows = torch.cat([rows[of] for of in places])
        self.gather(sorted_rows, [0, *torch.tensor([len(of) for of in places]).cumsum(0).tolist()])
        rows[torch.cat(places)] = sorted_rows
        return rows

    def losses(self, loss):
        """[loss of rank 0, of rank 1, ...], tensors without dimensions; what None stands for is no matter. Waits for no GPU."""
        if self.size == 1:
            return [loss]
        own = torch.zeros(1, dtype=torch.float32, device=self.wire_device)
        if loss is not None:
            own.copy_(loss)
        every = own.new_empty(self.size)
        with self.others():
            dist.all_gather_into_tensor(every, own, group=self.wire)
        return list(every.to(self.device).unbind())

    # ---- a training that begins, and one that fails

    def meet(self, device):
        """Gradients on ``device`` travel from GPU to GPU where each rank has its own, else by way of the CPU."""
        if self.size == 1:
            return
        self._has_failed = self.is_told = False
        self.device = device
        name = str(torch.cuda.get_device_properties(device).uuid) if device.type == "cuda" else None
        names = self.of_all(name)
        if None not in names and len(set(names)) == self.size and dist.is_nccl_available():
            if self.wire is self.group:
                self.wire = dist.new_group(backend="nccl", timeout=LONG)
            self.wire_device = device
        else:
            self.wire, self.wire_device = self.group, torch.device("cpu")

    def check_same(self, facts):
        """ValueError where a rank has other ``facts``, {name: plain value}, than rank 0."""
        for rank, other in enumerate(found := self.of_all(facts)):
            for name, value in found[0].items():
                if other.get(name) != value:
                    rule = f"all processes of a training must have the same {name}: process 0 has {value}"
                    raise ValueError(f"{rule}, process {rank} {other.get(name)}; give them the same data and settings")

    def spread(self, tensors):
        """Set ``tensors`` to those of rank 0, in place."""
        if self.size == 1:
            return
        self.exchange()
        with self.others(), torch.no_grad():
            for tensor in tensors:
                sent = tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
                dist.broadcast(sent.reshape(-1).view(torch.uint8), src=0, group=self.group)
                tensor.copy_(sent)

    @contextmanager
    def local_first(self):
        """Inside, the first rank of each machine is through before the others begin: what it makes there, they find."""
        if self.size > 1 and self.local_rank:
            self.exchange()
        yield
        if self.size > 1 and not self.local_rank:
            self.exchange()

    @contextmanager
    def failing(self):
        """Around what ranks do together: an error inside ends the others, too."""
        try:
            yield
        except Exception as error:
            self.fail(error)
            raise

    def fail(self, error):
        """Tell the others of ``error``, if they have not been told of one."""
        if self.size == 1 or self._has_failed:
            return
        with suppress(RankFailed):
            self.is_told = bool(self._exchanged(1)[0][0])
            self._why(f"{type(error).__name__}: {error}")

    def _exchanged(self, *numbers):
        own = torch.zeros(WIDTH, dtype=torch.int64, device="cpu")
        own[: len(numbers)] = torch.tensor(numbers, dtype=torch.int64, device="cpu")
        every = own.new_empty(self.size * WIDTH)
        with self.others():
            dist.all_gather_into_tensor(every, own, group=self.group)
        return every.view(self.size, WIDTH).tolist()

    def _of_all(self, value):
        found = [None] * self.size
        with self.others():
            dist.all_gather_object(found, value, group=self.group)
        return found

    def _why(self, own):
        """A sentence on the ranks that failed; own: why this one did, or None."""
        self._has_failed = True
        whys = self._of_all(own)
        return "; ".join(f"process {rank} of the training failed: {why}" for rank, why in enumerate(whys) if why is not None)

    @contextmanager
    def others(self):
        """Around what needs the others: one that is gone is a sentence."""
        try:
            yield
        except RuntimeError as error:
            self._has_failed = True
            rule = f"process {self.rank} has lost another one of the training ({str(error).splitlines()[0]})"
            raise RankFailed(f"{rule}: start all of them again, and go on from the latest checkpoint") from error


ALONE = Ranks()


# ---- the ranks of this process

_latest = (None, None)  # the group of torch.distributed, and its Ranks: groups of our own are made once


def _met(world):
    global _latest
    if _latest[0] is not world:
        _latest = (world, _ranks_of(world))
    return _latest[1]


def _ranks_of(world):
    size = dist.get_world_size()
    if size == 1:
        return Ranks()
    ranks = Ranks(dist.get_rank(), size, group=dist.new_group(backend="gloo", timeout=LONG))
    hosts = ranks.of_all(socket.gethostname())
    ranks.local_size = _number("LOCAL_WORLD_SIZE") or hosts.count(hosts[ranks.rank])
    local_rank = _number("LOCAL_RANK")
    ranks.local_rank = hosts[: ranks.rank].count(hosts[ranks.rank]) if local_rank is None else local_rank
    return ranks


def _refuse_unmet():
    size = _number("WORLD_SIZE") or 1
    if size > 1:
        rule = f"WORLD_SIZE = {size} speaks of {size} processes, and each would train all of the batches"
        advice = "call torch.distributed.init_process_group() first, and they train together, or take WORLD_SIZE away"
        raise RuntimeError(f"{rule}: {advice}")


def _number(name):
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else None

