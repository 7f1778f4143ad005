"""``graphsage train`` under torchrun, one of whose processes is killed at a random moment: is the end the same?"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from benchmarks.shared.measuring import say
from graphsage.runs.checkpoint import load_checkpoint

LAUNCHER = (sys.executable, "-m", "torch.distributed.run")


def launched(size, *words):
    """The command that starts ``size`` processes by c10d, or one without a launcher."""
    if size == 1:
        return [sys.executable, "-m", *words]
    return [*LAUNCHER, "--standalone", "--nproc-per-node", str(size), "--max-restarts", "3", "-m", *words]


def environment():
    """One thread of torch a process: what is compared must not depend on their number."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "ignore"}


def trained(size, folder, flags, kill_at=None):
    """{"seconds", "killed"} of a run in ``folder``; kill_at: seconds after which one process is ended by kill -9."""
    began, killed = time.monotonic(), False
    command = launched(size, "graphsage", "train", *flags, "--out", str(folder), "--resume", "auto")
    with open(f"{folder}.log", "w") as log:
        process = subprocess.Popen(command, env=environment(), stdout=log, stderr=log)
        while process.poll() is None:
            time.sleep(0.05)
            if kill_at is not None and time.monotonic() - began >= kill_at:
                killed, kill_at = _kill_one(process.pid), None
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {Path(f'{folder}.log').read_text()[-2000:]}")
    return {"seconds": time.monotonic() - began, "killed": killed}


def _kill_one(launcher):
    """Whether a child of the launcher was ended by kill -9."""
    children = _children(launcher)
    if not children:
        return False
    os.kill(random.choice(children), signal.SIGKILL)
    return True


def _children(parent):
    found = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(child) for child in found.read_text().split() if "graphsage" in _command(child)]


def _command(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def weights_in(folder):
    """{name: tensor} of the training's end."""
    return load_checkpoint(Path(folder) / "checkpoint.pt")["model"]


def kills(options, folder, flags):
    """Rows of trainings on 2 processes, one of which was killed, beside one that was left alone."""
    whole = trained(2, folder / "whole", flags)
    wanted, chance = weights_in(folder / "whole"), random.Random(0)
    for number in range(options.kills):
        found = {"killed": False}
        while not found["killed"]:  # it may have ended before that moment
            moment = chance.uniform(0.15, 0.95) * whole["seconds"]
            shutil.rmtree(folder / f"kill-{number}", ignore_errors=True)
            found = trained(2, folder / f"kill-{number}", flags, kill_at=moment)
        weights = weights_in(folder / f"kill-{number}")
        same = all(torch.equal(weights[name], value) for name, value in wanted.items())
        where = {"part": "kill -9", "ranks": 2, "gradients": "ordered", "at": moment, "whole": whole["seconds"]}
        yield {**where, **found, "same": same}
        say(f"kill -9 after {moment:.1f} s of {whole['seconds']:.1f}: {found}, same end: {same}")


def changed(options, folder, flags, sizes):
    """A row: ``sizes`` processes, one epoch more each, beside one process that did them all."""
    name = "to".join(map(str, sizes))
    for done, size in enumerate(sizes, 1):
        trained(size, folder / name, [*flags, "--epochs", str(done)])
    trained(1, folder / f"{name}-one", [*flags, "--epochs", str(len(sizes))])
    weights, wanted = weights_in(folder / name), weights_in(folder / f"{name}-one")
    same = all(torch.equal(weights[name], value) for name, value in wanted.items())
    return {"part": "resumed", "ranks": " -> ".join(map(str, sizes)), "gradients": "ordered", "same": same}
