"""Processes of one training, as a launcher starts them, or forks that meet in a file."""

import multiprocessing
import os
import signal
import socket
import tempfile
from datetime import timedelta
from pathlib import Path

import torch

PRELOADED = ["graphsage", "helpers.warm_kernels"]
SECONDS = 240  # until a story that hangs is ended


def in_two_processes(story, folder, *arguments):
    """[what ``story(*arguments)`` returned on rank 0, on rank 1]; the story is a function of an importable module."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_run, args=(story, rank, port, folder, arguments)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
        if process.is_alive():
            process.kill()
    assert [process.exitcode for process in processes] == [0, 0]
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in (0, 1)]


def _run(story, rank, port, folder, arguments):
    ranks = {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": 0, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "test"}
    os.environ.update({name: str(value) for name, value in {**ranks, **address}.items()})
    torch.save(story(*arguments), folder / f"{rank}.pt")
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def in_ranks(story, size, *arguments, codes=None):
    """[what ``story(*arguments)`` returned on rank 0, on rank 1, ...], None of one that has returned nothing.

    The story is a function of an importable module. Each rank is a fork of a process that has loaded everything, and that has
    taken no gradient: torch's would not survive a fork. codes: the exit codes to expect, where they are not all 0.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with tempfile.TemporaryDirectory() as folder:
        given = (story, size, folder, arguments)
        processes = [context.Process(target=_rank, args=(rank, *given)) for rank in range(size)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(SECONDS)
        for process in processes:
            if process.is_alive():
                process.kill()
                process.join()
        assert [process.exitcode for process in processes] == (codes or [0] * size)
        files = [Path(folder, f"{rank}.pt") for rank in range(size)]
        return [torch.load(file, weights_only=False) if file.exists() else None for file in files]


def _rank(rank, story, size, folder, arguments):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    how = {"init_method": f"file://{folder}/store", "rank": rank, "world_size": size}
    torch.distributed.init_process_group("gloo", timeout=timedelta(seconds=SECONDS), **how)
    torch.save(story(*arguments), Path(folder, f"{rank}.pt"))
    torch.distributed.destroy_process_group()
