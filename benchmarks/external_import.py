"""A table of edges that does not fit the memory: its import under a cap, and beside the import in memory where both can be.

    python -m benchmarks.external_import [--quick] [--readme] [--lines 300000000] [--cap 4]

edges.csv has random edges, half of them to an eighth of the nodes, and there is no table of nodes: which nodes there are is
known when the last line is read. Each import is the command, in a process of its own:

beside   FITS lines: in memory, and sorted in files with SMALL MB of memory; and GNU sort of the same lines by target and
         source, with the memory that our sort is given. By hand one would do that: half of the edges, and no graph yet.
large    LINES lines with --memory CAP, in a control group that may take so much, page cache and all. Where no such group can be
         had, the largest private memory is compared with CAP.

The check: both ways write the same files, to the bit, and the large one stays below the cap. Takes 5 GB of disk for the table
and three times as much while it is sorted, all of it given back. 15 to 60 minutes.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.mapped_graph import GIB, group_of
from benchmarks.shared.measuring import ONE_THREAD, say, versions
from benchmarks.shared.options import options_of
from benchmarks.shared.publish import heading, paste, short, table
from benchmarks.shared.records import cache_folder, new_result, until_interrupted, write_json, write_text

OPTIONS = {
    "scale": (int, "ids are below 2^SCALE"),
    "fits": (int, "lines of the table that is imported both ways"),
    "small": (int, "MB of memory for the one of them that is sorted in files"),
    "lines": (int, "lines of the large one"),
    "cap": (float, "GiB of memory for it"),
}
SIZES = {
    "full": {"scale": 24, "fits": 10_000_000, "small": 512, "lines": 300_000_000, "cap": 4.0},
    "quick": {"scale": 8, "fits": 1000, "small": 512, "lines": 2000, "cap": 4.0},
}
PART, SKEW, ODD = 1 << 20, 3, 0x9E3779B1  # lines made at a time; a half cubed is an eighth; spreads hubs over all ids


# ---- tables


def make_table(path, scale, lines):
    """Lines of edges.csv: integers source,target; few targets have most of the edges."""
    import pyarrow as pa
    from pyarrow import csv

    schema, rng = pa.schema([("source", pa.int64()), ("target", pa.int64())]), np.random.default_rng(1)
    with csv.CSVWriter(path, schema, write_options=csv.WriteOptions(quoting_style="none")) as out:
        for start in range(0, lines, PART):
            count = min(PART, lines - start)
            hubs = (rng.random(count) ** SKEW * 2**scale).astype(np.int64) * ODD % 2**scale  # anywhere among the ids
            out.write(pa.table([rng.integers(0, 2**scale, count), hubs], schema=schema))


# ---- a command that is watched


def watched(command, group=None, environment=None):
    """{"seconds", "cpu", "private": GiB, "group": GiB or None} of a command; RuntimeError where it fails."""
    begun, most = time.perf_counter(), 0

    def enter():
        if group is not None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    process = subprocess.Popen(command, preexec_fn=enter, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        most = max(most, _private(process.pid))
        time.sleep(0.1)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)[:200]} ended with code {process.returncode}: {process.stdout.read()[-2000:]}")
    peak = None if group is None else int((group / "memory.max_usage_in_bytes").read_text()) / GIB
    cpu = ended[2].ru_utime + ended[2].ru_stime
    return {"seconds": time.perf_counter() - begun, "cpu": cpu, "private": most, "group": peak}


def _private(pid):
    """GiB of memory that is the process's own, without files that it has mapped."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 2**20 for line in lines if line.startswith("RssAnon")), 0)


def imported(folder, memory, group=None):
    """What ``watched`` says of the import, and {array: its form and sum}."""
    shutil.rmtree(folder / ".graphsage", ignore_errors=True)
    command = [sys.executable, "-m", "graphsage", "import", str(folder), "--memory", memory]
    row = watched(command, group, os.environ | ONE_THREAD)
    (about,) = folder.glob(".graphsage/*/about.json")
    return row | {"arrays": json.loads(about.read_text())["arrays"]}


def sorted_by_hand(folder, memory):
    """GNU sort of the lines, by target and source; None where there is none."""
    if shutil.which("sort") is None:
        return None
    how = ["-t,", "-k2,2n", "-k1,1n", f"-S{memory}M", f"-T{folder}", "--parallel=1", f"-o{folder / 'sorted'}"]
    row = watched(["sort", *how, str(folder / "edges.csv")], environment=os.environ | {"LC_ALL": "C"})
    (folder / "sorted").unlink()
    return row


# ---- the record


def measure(result, place, options):
    """Add a row for each import to the result."""
    for name, lines in (("large", options.lines), ("fits", options.fits)):
        folder = place / name
        folder.mkdir(parents=True)
        say(f"{name}: making {lines:,} lines")
        make_table(folder / "edges.csv", options.scale, lines)
        facts = {"lines": lines, "bytes": (folder / "edges.csv").stat().st_size}
        for way, row in (_beside if name == "fits" else _large)(folder, options):
            if row is not None:
                say(f"{name}: {way}: {row['seconds']:.0f} s")
                result["rows"].append({"table": name, "way": way, **facts, **row})
        shutil.rmtree(folder)


def _beside(folder, options):
    yield "in memory", imported(folder, "1000GB")
    yield "in files", imported(folder, f"{options.small}MB")
    yield "GNU sort", sorted_by_hand(folder, options.small // 4)


def _large(folder, options):
    with group_of(options.cap) as group:
        yield "in files", imported(folder, f"{options.cap}GiB", group)


def broken(result, options):
    """Claims that do not hold, a text each."""
    of = {(row["table"], row["way"]): row for row in result["rows"]}
    beside = [of[key]["arrays"] for key in (("fits", "in memory"), ("fits", "in files")) if key in of]
    if any(arrays != beside[0] for arrays in beside):
        yield "the two ways write different files"
    large = of.get(("large", "in files"))  # not there if Ctrl-C came before
    if large and (large["group"] or large["private"]) > options.cap:
        yield f"the large import took more than {options.cap} GiB"


def markdown(result):
    lines = []
    for row in result["rows"]:
        group = "" if row["group"] is None else f"{row['group']:.2f}"
        rate = f"{row['bytes'] / 1e6 / row['seconds']:.1f}"
        taken = [short(row["seconds"]), short(row["cpu"]), rate, f"{row['private']:.2f}", group]
        lines.append([f"{row['lines']:,}", row["way"], *taken])
    head = ["lines", "way", "seconds", "CPU seconds", "MB/s", "private GiB at most", "with page cache"]
    largest = max(result["rows"], key=lambda row: row["lines"])
    edges, nodes = (largest["arrays"][name]["shape"][0] for name in ("indices", "labels"))
    told = f"The large table has {largest['bytes'] / 1e9:.1f} GB; its graph has {nodes:,} nodes and {edges:,} edges."
    return f"{heading(result)}\n\n{told}\n\n{table(head, lines)}\n"


def main(argv=None):
    options = options_of("external_import", __doc__, SIZES, OPTIONS, argv)
    result, place = new_result(options, argv), cache_folder() / f"external-import-{os.getpid()}"
    result["versions"] |= versions(["pyarrow"])
    try:
        with until_interrupted(result):
            measure(result, place, options)
            result["broken"] = list(broken(result, options))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    write_json(Path(options.out) / "external_import.json", result)
    write_text(Path(options.out) / "external_import.md", markdown(result))
    print(markdown(result))
    if options.readme:
        paste("external_import", markdown(result))
    if result["broken"]:
        raise SystemExit("; ".join(result["broken"]))


if __name__ == "__main__":
    main()
