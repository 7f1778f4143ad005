"""Is a training on several processes that of one? Weights, seconds, bytes; one of them killed; another number of them.

    python -m benchmarks.ranks [--quick] [--readme]

Each training is a torchrun of its own (gloo, one thread of torch a process); accumulate=12 batches make an update, the last
of an epoch is short. Fails where weights differ: of all_reduce by more than 1e-5, of ordered at all. (Sums in another order
differ in their last bits; Adam divides by a gradient's own size, so that where that is next to nothing a weight differs by
more.) About 15 minutes.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import torch

from benchmarks.ranks.killed import changed, environment, kills, launched
from benchmarks.shared.measuring import median, say
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.publish import heading, paste, table
from benchmarks.shared.records import new_result, until_interrupted, write_json, write_text

OPTIONS = {
    "dataset": (str, "what is trained on"),
    "flags": (str, "settings, as flags of graphsage train"),
    "ranks": (numbers, "numbers of processes"),
    "kills": (int, "trainings of which a process is killed"),
}
SIZES = {
    "full": {"dataset": "debian", "flags": "--epochs 3 --accumulate 12", "ranks": (1, 2, 3, 4), "kills": 10},
    "quick": {
        "dataset": "sbm:nodes=370,classes=3,train=0.1",
        "flags": "--epochs 2 --accumulate 3 --batch-size 8 --fanouts 3,3 --hidden-features 6",
        "ranks": (1, 2),
        "kills": 1,
    },
}
MODES, MOST = ("all_reduce", "ordered"), 1e-5
HEADER = ["gradients", "processes", "weights differ by", "s an epoch of steps", "of one process", "bytes sent an update"]


def trained(options, size, gradients, folder):
    """What ``size`` processes come to: facts and weights."""
    folder.mkdir()
    words = [str(folder), options.dataset, *options.flags.split(), "--gradients", gradients]
    subprocess.run(launched(size, "benchmarks.ranks.worker", *words), env=environment(), check=True, stdout=subprocess.DEVNULL)
    return json.loads((folder / "facts.json").read_text()), torch.load(folder / "weights.pt")


def sizes(options, folder):
    """Rows of each number of processes, beside one that adds its batches as ever."""
    wanted = None
    for gradients in MODES:
        for size in options.ranks:
            facts, weights = trained(options, size, gradients, folder / f"{gradients}-{size}")
            wanted = wanted or {}
            of = wanted.setdefault(gradients if gradients == "ordered" else "all_reduce", weights)
            difference = max((weights[name].double() - of[name].double()).abs().max().item() for name in of)
            yield {"part": "sizes", "gradients": gradients, "ranks": size, "difference": difference, **facts}
            say(f"{gradients}, {size} processes: {difference:.1e}, {facts}")


def checked(rows):
    """SystemExit where a training is another."""
    for row in rows:
        most = MOST if row["gradients"] == "all_reduce" else 0
        if row.get("difference", 0) > most or not row.get("same", True):
            raise SystemExit(f"the weights differ: {row}")


def markdown(result):
    rows = [row for row in result["rows"] if row["part"] == "sizes"]
    seconds = {(row["gradients"], row["ranks"]): median(row["steps"][1:]) for row in rows}  # the first loads kernels
    lines = []
    for row in rows:
        took = seconds[row["gradients"], row["ranks"]]
        cells = [row["gradients"], row["ranks"], f"{row['difference']:.1e}" if row["difference"] else "0", f"{took:.2f}"]
        lines.append([*cells, f"{took / seconds[row['gradients'], 1]:.2f}", f"{row['bytes'] / row['updates']:,.0f}"])
    struck = [row for row in result["rows"] if row["part"] == "kill -9"]
    resumed = [row["ranks"] for row in result["rows"] if row["part"] == "resumed"]
    told = [f"{ranks} processes in turn, an epoch each: the same bits as one." for ranks in resumed]
    if struck:
        seconds = median([row["seconds"] for row in struck if row["killed"]] or [0])
        of = f"{sum(row['killed'] for row in struck)} trainings on 2 processes, one of which was ended by kill -9"
        times = f"{seconds:.0f} s at the median, {struck[0]['whole']:.0f} s undisturbed"
        told.append(f"{of}: all ended with the same bits, after {times}.")
    return "\n".join([heading(result), "", table(HEADER, lines), "", *told, ""])


def main(argv=None):
    options = options_of("ranks", __doc__, SIZES, OPTIONS, argv)
    result = new_result(options, argv)
    flags = [options.dataset, *options.flags.split(), "--gradients", "ordered", "--no-baseline", "--checkpoint-every", "12"]
    with until_interrupted(result), tempfile.TemporaryDirectory() as folder:
        for row in sizes(options, Path(folder)):
            result["rows"].append(row)
        result["rows"].append(changed(options, Path(folder), _without_epochs(flags), options.ranks[1:] + options.ranks[:1]))
        for row in kills(options, Path(folder), flags):
            result["rows"].append(row)
    write_json(Path(options.out) / "ranks.json", result)
    write_text(Path(options.out) / "ranks.md", markdown(result))
    print(markdown(result))
    if options.readme:
        paste("ranks", markdown(result))
    checked(result["rows"])


def _without_epochs(flags):
    at = flags.index("--epochs")
    return flags[:at] + flags[at + 2 :]


if __name__ == "__main__":
    main()
