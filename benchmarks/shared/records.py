"""The record of a run: machine, versions, commit and command, and its files."""

import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.shared.measuring import say, versions
from graphsage.base.files import written_aside
from graphsage.base.jit import is_interrupt

FOLDER = Path(__file__).resolve().parent.parent
RESULTS = FOLDER / "results"
PACKAGES = ("graphsage", "torch", "numpy", "scipy", "numba", "llvmlite")


def cache_folder():
    """Where graphs are kept between runs: GRAPHSAGE_BENCH_CACHE, else a folder among the temporary files."""
    folder = Path(os.environ.get("GRAPHSAGE_BENCH_CACHE") or Path(tempfile.gettempdir()) / "graphsage-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def record(name, config, argv=None):
    """What a result must say of itself: benchmark, date, machine, versions, commit, configuration and command."""
    return {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(PACKAGES),
        "config": config | {"command": command(name, argv)},
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


def command(name, argv=None):
    """How it was started, but for --out: a folder of one machine."""
    given = sys.argv[1:] if argv is None else argv
    kept = [word for at, word in enumerate(given) if "--out" not in (word, *given[at - 1 : at])]
    return shlex.join(["python", "-m", f"benchmarks.{name}", *(word for word in kept if not word.startswith("--out="))])


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


# ---- runs


def new_result(options, argv=None):
    """The record of a run that begins, with an empty list of ``rows``."""
    config = {name: value for name, value in vars(options).items() if name not in ("out", "readme", "name")}
    return record(options.name, config, argv) | {"left_out": {}, "rows": []}


@contextmanager
def until_interrupted(result):
    """Ctrl-C ends the measuring, not the program, once there is something to publish. Rows that nothing was measured for go."""
    interrupted = False
    try:
        yield
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise
        interrupted = result["interrupted"] = True
    result["rows"] = [row for row in result["rows"] if row.get("rounds", True) and row.get("test", True)]
    result["load_average_at_end"] = [round(load, 2) for load in os.getloadavg()]
    if not result["rows"]:
        raise SystemExit(
            "interrupted before anything was measured" if interrupted else "nothing to measure: see what was left out"
        )
    if interrupted:
        say("interrupted: what was measured by now is published")


# ---- files


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as file:
        file.write(text.encode())


def write_json(path, result):
    write_text(path, json.dumps(result, indent=1) + "\n")
