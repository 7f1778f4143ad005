"""The processes of the throughput benchmark: a worker program in each environment."""

import json
import os
import subprocess
import sys
from contextlib import closing

from benchmarks.shared.measuring import ONE_THREAD, say
from benchmarks.shared.records import FOLDER

PEERS = {  # name: (worker program, where its Python is named)
    "pyg": ("pyg", "GRAPHSAGE_BENCH_PYG"),
    "dgl": ("dgl_graphbolt", "GRAPHSAGE_BENCH_DGL"),
    "graphbolt": ("dgl_graphbolt", "GRAPHSAGE_BENCH_DGL"),
    "book": ("book", "GRAPHSAGE_BENCH_BOOK"),
}
# the checkout: no other environment has this package; DGL's first start says on the stream of answers which backend it takes
SETTINGS = ONE_THREAD | {"PYTHONPATH": str(FOLDER.parent), "DGLBACKEND": "pytorch"}


class WorkerError(Exception):
    """What a worker could not do, in its own words."""


class Worker:
    """A worker process: answers ``ask`` as ``peers/protocol.py`` tells. Raises WorkerError if it does not start."""

    def __init__(self, program, folder, python):
        self.program, self.python = program, python
        self.log = open(folder / f"{program}.log", "w+")  # open as long as the process
        command, pipe = [python, "-m", f"benchmarks.throughput.peers.{program}", folder], subprocess.PIPE
        try:
            self.process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=self.log, text=True, env=os.environ | SETTINGS
            )
            answer = self.ask(op="list")
        except OSError as error:
            raise WorkerError(f"{type(error).__name__}: {error.strerror}") from error
        self.versions, self.variants = answer["versions"], answer["variants"]

    def names(self, task, peers):
        """{variant of ``task``: slow}, those of this project and of ``peers``: their first word says whose they are."""
        names = {name: slow for of, name, slow in self.variants if of == task}
        return {name: names[name] for name in names if self.program == "ours" or name.split()[0].rstrip(",") in peers}

    def ask(self, **message):
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer = json.loads(line) if line else {"error": f"it ended with code {self.process.wait()}: {self._last_words()}"}
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:  # it has ended already
            pass
        self.process.wait()
        self.log.close()

    def _last_words(self):
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def start_workers(stack, folder, peers):
    """({program: Worker}, {peer: why it is left out}); ``stack`` closes them."""
    workers = {"ours": stack.enter_context(closing(Worker("ours", folder, sys.executable)))}
    left_out = {}
    for peer in peers:
        program, variable = PEERS[peer]
        if program in workers:
            continue
        try:
            worker = Worker(program, folder, os.environ.get(variable) or sys.executable)
            workers[program] = stack.enter_context(closing(worker))
        except WorkerError as error:
            left_out[peer] = str(error)
            say(f"{peer} is left out ({variable} names its Python): {error}")
    return workers, left_out
