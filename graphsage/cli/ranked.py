"""Several processes that a launcher such as torchrun started: for ``graphsage train`` they are one training."""

import os
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from tempfile import TemporaryDirectory

from graphsage.cli.arguments import Refused
from graphsage.cli.console import Console


class One:
    """As ``Ranks`` of one process, before torch is loaded."""

    rank = 0

    def first(self, function):
        """``function()``."""
        return function()

    def local_first(self):
        """Nobody waits."""
        return nullcontext()


def num_processes():
    """Those that the launcher started."""
    text = os.environ.get("WORLD_SIZE", "")
    return int(text) if text.isdecimal() else 1


def said_once():
    """A context in which the first of several processes alone is heard: what is wrong with a command line is so for all."""
    return nullcontext() if _is_first() else redirect_stderr(Console(None))


def _is_first():
    return num_processes() == 1 or os.environ.get("RANK", "0") == "0"


def refuse_several():
    """``Refused`` where each of several processes would do all of the work of a command."""
    if not _is_first():
        raise Refused("")
    if num_processes() > 1:
        rule = f"WORLD_SIZE = {num_processes()} speaks of several processes, and this command is of one"
        raise Refused(f"{rule}: start it without torchrun, which is for graphsage train, and for datasets in shards")


@contextmanager
def one_training():
    """Inside, the processes that a launcher started are the ``Ranks`` of one training; the first alone prints.

    Where one fails, all do: the first says why, or the one that failed where that is another.
    """
    if num_processes() == 1:
        yield One()
        return
    with _met() as ranks, redirect_stdout(Console(None)) if ranks.rank else nullcontext():
        try:
            with ranks.failing():
                yield ranks
        except Exception as error:
            raise _as_told(error, ranks) from error


def on_all(command, options):
    """``command`` on all processes, of a dataset in shards: each answers for its shard, and the first alone writes."""
    with one_training() as ranks, TemporaryDirectory() if ranks.rank else nullcontext() as aside:
        options.aside = aside
        code = command(options)
        if num_processes() > 1:  # until now the first may have asked the others
            ranks.exchange()
        return code


@contextmanager
def _met():
    """The ``Ranks``; ``Refused`` where the processes cannot find each other."""
    import torch.distributed as dist

    from graphsage.training.meeting import meet
    from graphsage.training.ranks import Ranks

    if dist.is_initialized():  # by a program that calls the command
        yield Ranks.of_process()
        return
    try:
        meet()
    except (ValueError, RuntimeError, TimeoutError) as error:
        rule = f"WORLD_SIZE = {num_processes()} speaks of several processes, which cannot meet ({str(error).splitlines()[0]})"
        raise Refused(f"{rule}: start them by torchrun --nproc-per-node N -m graphsage train ...") from error
    try:
        ranks = Ranks.of_process()
        _share_cores(ranks)
        yield ranks
    finally:
        dist.destroy_process_group()


def _share_cores(ranks):
    """Each has its part of the machine's cores, unless OMP_NUM_THREADS says otherwise. (torchrun sets it to 1 for all.)"""
    import torch

    from graphsage.training.updates import cores

    if os.environ.get("OMP_NUM_THREADS") is None:
        torch.set_num_threads(max(1, cores() // ranks.local_size))


def _as_told(error, ranks):
    """``error``, or silence where the first process has said it."""
    from graphsage.training.ranks import RankFailed

    if ranks.rank and (ranks.is_told or isinstance(error, RankFailed)):
        return Refused("")
    return Refused(str(error)) if isinstance(error, RankFailed) else error
