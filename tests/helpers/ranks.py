"""Several processes of one training, as a launcher starts them."""

import multiprocessing
import os
import socket

import torch


def in_two_processes(story, folder, *arguments):
    """[what ``story(*arguments)`` returned on rank 0, on rank 1]; the story is a function of an importable module."""
    return in_processes(2, story, folder, *arguments)


def in_processes(size, story, folder, *arguments):
    """The same of ``size`` processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_run, args=(story, rank, size, port, folder, arguments)) for rank in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
        if process.is_alive():
            process.kill()
    assert [process.exitcode for process in processes] == [0] * size
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(size)]


def _run(story, rank, size, port, folder, arguments):
    ranks = {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": 0, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "test"}
    os.environ.update({name: str(value) for name, value in {**ranks, **address}.items()})
    torch.save(story(*arguments), folder / f"{rank}.pt")
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
