"""Clocks, memory, rounds and versions.

The standard library alone: the throughput benchmark's peers import this in environments that have nothing of this project.
"""

import platform
import statistics
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def versions(packages):
    """{"python": ..., package: version or None}."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def timed(function):
    """(what ``function()`` returns, wall seconds, CPU seconds of all threads)."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = function()
    return answer, time.perf_counter() - wall, time.process_time() - cpu


def resident(field):
    """MiB of this process's memory: "VmRSS" now, "VmHWM" at most since the start or ``reset_peak``. Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field))) / 1024


def reset_peak():
    """The high-water mark begins anew."""
    Path("/proc/self/clear_refs").write_text("5")


def interleave(competitors, rounds, report=None):
    """{name: [result of each round]} of ``competitors`` {name: function(round)}.

    Each round runs all of them, beginning with another one each time, so that a machine that speeds up or slows down does so
    for all.
    """
    names, results = list(competitors), {name: [] for name in competitors}
    for number in range(rounds):
        for at in range(len(names)):
            name = names[(at + number) % len(names)]
            results[name].append(competitors[name](number))
            if report:
                report(number, name)
    return results


def each_round(name, competitors):
    """A ``report`` for ``interleave``: a line as each round begins to have results."""
    seen = set()

    def report(number, _):
        if number not in seen:
            seen.add(number)
            say(f"{name}: round {number + 1}, {len(competitors)} settings")

    return report


def median(values):
    return float(statistics.median(values))


def median_ratio(numerators, denominators):
    """Median over the rounds of the ratio within a round."""
    return median([a / b for a, b in zip(numerators, denominators)])


def say(text):
    print(text, file=sys.stderr, flush=True)
