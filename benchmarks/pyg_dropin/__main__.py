"""Coming from PyG by a changed import: the same accuracy? And how long does an epoch take?

    python -m benchmarks.pyg_dropin [--runs 5] [--scales 17,20] [--readme] ...

Needs torch-geometric; what it is compared with, PyG's own loaders, needs torch-sparse (or pyg-lib) too: one environment has to
hold all three (``benchmarks/throughput/make_envs.sh`` tells how torch-sparse is made). Without them this package's loaders are
measured alone, and PyG's own words are the result.

accuracy  the loops of PyG's GraphSAGE, GAT and link-prediction tutorials on Cora, with the loaders of either; a seed a run
epochs    Cora and R-MAT graphs with 64 features: batches of the loader alone, and with a training step of PyG's GraphSAGE,
          CPU and wall time, one thread, both loaders in turn within each round

About 20 minutes on an idle machine.
"""

import subprocess
import sys
import warnings
from functools import partial
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from torch_geometric import loader as theirs, typing as installed
from torch_geometric.data import Data
from torch_geometric.nn import GraphSAGE

import graphsage as gs
from benchmarks.pyg_dropin.tutorials import TUTORIALS
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, say, timed, versions
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, paste, percent, short, table
from benchmarks.shared.records import new_result, until_interrupted, write_json, write_text
from benchmarks.shared.workloads import rmat_dataset
from graphsage.data.dataset import DatasetError
from graphsage.interop import pyg as ours

OPTIONS = {
    "runs": (int, "seeds of each tutorial; 0: no accuracy"),
    "epochs": (numbers, "epochs of the tutorials GraphSAGE, GAT, links"),
    "citations": (str, "graph of the tutorials"),
    "scales": (numbers, "log2 of the nodes of the R-MAT graphs"),
    "fanouts": (numbers, "neighbours drawn at each hop, for the time"),
    "batches": (int, "batches of 1,024 seeds an epoch of the R-MAT graphs has, for the time"),
    "rounds": (int, "interleaved rounds"),
}
SIZES = {
    "full": {
        "runs": 5, "epochs": (50, 100, 10), "citations": "cora", "scales": (17, 20), "fanouts": (15, 10), "batches": 8,
        "rounds": 5,
    },
    "quick": {
        "runs": 2, "epochs": (1, 1, 1), "citations": "sbm:nodes=60,classes=3,features=4", "scales": (6,), "fanouts": (2, 2),
        "batches": 1, "rounds": 1,
    },
}  # fmt: skip
LOADERS = {"graphsage.interop.pyg": ours, "torch_geometric.loader": theirs}
OURS, THEIRS = LOADERS
ALONE = """
import sys, torch
sys.modules.update(dict.fromkeys(("torch_sparse", "pyg_lib")))  # as if neither were installed
from torch_geometric.data import Data
from torch_geometric.loader import NeighborLoader
next(iter(NeighborLoader(Data(edge_index=torch.tensor([[0], [1]]), num_nodes=2), [1])))
"""


def main(argv=None):
    one_thread()
    options = options_of("pyg_dropin", __doc__, SIZES, OPTIONS, argv)
    warnings.filterwarnings("ignore", message=".*pyg-lib.*")
    result = new_result(options, argv)
    result["versions"] |= versions(("torch-geometric", "torch-sparse", "torch-scatter", "pyg-lib"))
    result["alone"] = _last_line(ALONE)
    loaders = dict(LOADERS)
    if not (installed.WITH_TORCH_SPARSE or installed.WITH_PYG_LIB):
        del loaders[THEIRS]
        result["left_out"][THEIRS] = result["alone"]
    with until_interrupted(result):
        citations = _citations(options.citations, result["left_out"])
        if citations is not None:
            accuracy(result, loaders, citations, options)
            epochs(result, loaders, options.citations.partition(":")[0], citations, 128, None, options)
        for scale in options.scales:
            data = data_of(rmat_dataset(scale, 16))
            epochs(result, loaders, f"R-MAT {scale}", data, 1024, options.batches, options)
    write_json(options.out / "pyg_dropin.json", result)
    write_text(options.out / "pyg_dropin.md", markdown(result))
    print(markdown(result))
    if options.readme:
        paste("pyg_dropin", markdown(result))


def _last_line(program):
    """What is said last by Python on a program that fails."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return (done.stderr.strip().splitlines() or ["it ran"])[-1] if done.returncode else "it ran"


def _citations(name, left_out):
    try:
        return data_of(gs.load_dataset(name, download=False).row_normalized())
    except DatasetError as error:
        left_out[name] = str(error)
        say(f"{name} is left out: {error}")
        return None


def data_of(dataset):
    """PyG's ``Data`` of a dataset."""
    number, features = dataset.graph.num_nodes, dataset.features
    x = features if isinstance(features, np.ndarray) else features.to_scipy().toarray()
    edges = torch.tensor(np.stack(dataset.graph.to_edges())).long()
    data = Data(x=torch.tensor(x).float(), y=torch.tensor(dataset.labels).long(), edge_index=edges)
    for part in ("train", "val", "test"):
        data[f"{part}_mask"] = torch.tensor(np.isin(np.arange(number), getattr(dataset, part)))
    return data


# ---- accuracy


def accuracy(result, loaders, data, options):
    """A row a tutorial and loader: the score of each seed."""
    for (name, (run, what)), epochs_of in zip(TUTORIALS.items(), options.epochs, strict=True):
        say(f"accuracy: {name}")
        scores = {who: [] for who in loaders}
        for seed in range(options.runs):
            for who, module in loaders.items():
                scores[who].append(run(module, data, seed, epochs_of, {"seed": seed} if who == OURS else {}))
        rows = [{"part": "accuracy", "tutorial": name, "score": what, "loaders": who, "test": scores[who]} for who in loaders]
        result["rows"] += rows


def difference(one, other):
    """(difference of the means, its standard error) of two lists of independent scores."""
    return np.mean(one) - np.mean(other), np.sqrt(np.var(one, ddof=1) / len(one) + np.var(other, ddof=1) / len(other))


# ---- epochs


def epochs(result, loaders, name, data, size, batches, options):
    """A row a loader, alone and with a step: seconds a batch of each round. batches: of an epoch (None: all)."""
    say(f"epochs: {name}")
    nodes = np.random.default_rng(0).permutation(data.num_nodes)[: batches and size * batches]
    competitors = {}
    for who, module in loaders.items():
        make = partial(module.NeighborLoader, data, list(options.fanouts), torch.tensor(nodes), batch_size=size, shuffle=True)
        loader, *set_up = timed(make)
        for what, work in (("loader alone", None), ("with a step", stepper(data))):
            row = {"part": "epochs", "graph": name, "what": what, "loaders": who, "set_up": set_up, "batch": size}
            row["rounds"] = {"wall": [], "cpu": [], "edges": []}
            result["rows"].append(row)
            competitors[what, who] = partial(_epoch, loader, work, row["rounds"])
            competitors[what, who](-1)
    interleave(competitors, options.rounds, each_round(name, competitors))


def stepper(data):
    """A training step of PyG's GraphSAGE, two layers of 128 units, Adam, as a function of a batch."""
    torch.manual_seed(0)
    model = GraphSAGE(data.num_features, 128, 2, out_channels=int(data.y.max()) + 1)
    optimizer = torch.optim.Adam(model.parameters())

    def step(batch):
        loss = F.cross_entropy(model(batch.x, batch.edge_index)[: batch.batch_size], batch.y[: batch.batch_size])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def _epoch(loader, work, rounds, number):
    """Seconds and edges a batch, into ``rounds``; a batch of round -1 warms up."""

    def run():
        edges = []
        for batch in islice(loader, None if number >= 0 else 1):
            edges.append(batch.num_edges)
            if work is not None:
                work(batch)
        return edges

    edges, wall, cpu = timed(run)
    if number >= 0:
        for clock, value in (("wall", wall / len(edges)), ("cpu", cpu / len(edges)), ("edges", float(np.mean(edges)))):
            rounds[clock].append(value)


# ---- report


def markdown(result):
    parts = [heading(result), "", f"PyG's loader with nothing but torch-geometric: `{result['alone']}`."]
    parts += ["", accuracy_table(result["rows"]), "", epoch_table(result["rows"])]
    return "\n".join(parts) + "\n"


def accuracy_table(rows):
    lines = []
    for name, (_, what) in TUTORIALS.items():
        of = {row["loaders"]: row["test"] for row in rows if row["part"] == "accuracy" and row["tutorial"] == name}
        line = [name, what, *(percent(of.get(who, [])) for who in LOADERS)]
        if len(of) == 2 and of[OURS]:
            apart, error = difference(of[OURS], of[THEIRS])
            line.append(f"{100 * apart:+.2f} ({100 * error:.2f}): {'equal' if abs(apart) <= 2 * error else '**unlike**'}")
        if of:
            lines.append(line)
    header = ["tutorial", "score, %", *LOADERS, "difference (its standard error); within two: equal"]
    return table(header, lines)


def epoch_table(rows):
    lines = []
    rows = [row for row in rows if row["part"] == "epochs"]
    for graph, what in dict.fromkeys((row["graph"], row["what"]) for row in rows):
        of = {row["loaders"]: row for row in rows if (row["graph"], row["what"]) == (graph, what)}
        line = [graph, what, *(_clocks(of[who]["rounds"]) if who in of else "" for who in LOADERS)]
        if len(of) == 2:
            pairs = [(of[THEIRS]["rounds"][clock], of[OURS]["rounds"][clock]) for clock in ("cpu", "wall")]
            line.append(" / ".join(f"{median_ratio(*pair):.1f}" for pair in pairs))
        lines.append([*line, *[""] * (5 - len(line)), " / ".join(short(row["set_up"][1]) for row in of.values())])
    header = ["graph", "", *(f"{who}, CPU / wall ms a batch" for who in LOADERS), "ratio", "making the loader, CPU s"]
    return table(header, lines)


def _clocks(rounds):
    return " / ".join(short(1000 * median(rounds[clock])) for clock in ("cpu", "wall"))


if __name__ == "__main__":
    main()
