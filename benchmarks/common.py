"""What the benchmarks share: the record of machine and versions, results on disk, clocks and rounds, an R-MAT graph."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results"
PACKAGES = ("graphsage", "torch", "numpy", "scipy", "numba", "llvmlite")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def cache_folder():
    """Where graphs are kept between runs: GRAPHSAGE_BENCH_CACHE, else a folder among the temporary files."""
    folder = Path(os.environ.get("GRAPHSAGE_BENCH_CACHE") or Path(tempfile.gettempdir()) / "graphsage-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# ---- the record


def record(name, config):
    """What a result must say of itself: benchmark, date, machine, versions, commit, configuration."""
    return {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(PACKAGES),
        "config": config,
    }


def machine():
    """Processor, cores, caches, memory and system. No names of hosts or folders."""
    lines = _text("/proc/cpuinfo").splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    caches = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")
    memory = next((line.split()[1] for line in _text("/proc/meminfo").splitlines() if line.startswith("MemTotal")), 0)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "caches": sorted(" ".join(_text(cache / what).strip() for what in ("level", "type", "size")) for cache in caches),
        "memory_gib": round(int(memory) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def versions(packages):
    """{"python": ..., package: version or None}."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def commit():
    """The checkout's commit, with "+ changes" where tracked files differ from it; None outside of git."""

    def git(*words):
        done = subprocess.run(["git", "-C", FOLDER, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    return head and head + (" + changes" if git("status", "--porcelain", "--untracked-files=no") else "")


def _text(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


# ---- results on disk


def write_aside(path, write):
    """``write(temporary_path)``, then the rename: a reader, or a run cut short, never sees half a file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{os.getpid()}-{path.name}")  # the suffix stays: numpy and matplotlib go by it
    try:
        write(aside)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def write_text(path, text):
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def write_json(path, result):
    write_text(path, json.dumps(result, indent=1) + "\n")


# ---- clocks and rounds


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


# ---- the graph


def rmat_file(scale, edges_per_node=16, seed=0):
    """Path of an npz with ``indptr`` int64[2^scale + 1] and ``indices`` int32[E]; made once, then kept in the cache."""
    path = cache_folder() / f"rmat-{scale}-{edges_per_node}-{seed}-keyed.npz"
    if not path.is_file():
        from graphsage.data.generators.random_graphs import rmat

        say(f"making the R-MAT graph of scale {scale}")
        graph = rmat(scale, edges_per_node, seed)
        write_aside(path, lambda aside: np.savez(aside, indptr=graph.indptr, indices=graph.indices))
    return path
