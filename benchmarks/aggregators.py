"""Test scores of every aggregator, on graphs where unlike nodes are linked, and on graphs that were not trained on.

    python -m benchmarks.aggregators [aggregators heterophilous twitch] [--runs N] [--aggregators mean,pna] [--readme]

aggregators: each on Cora and Debian, 5 seeds. heterophilous: tolokers and minesweeper (ROC AUC), chameleon_filtered
(accuracy), 10 splits, beside the same model without edges. twitch: trained on DE and applied to the six other countries
(ROC AUC of their test nodes), beside features only and beside training on each; 5 splits.

Writes results/aggregators/MODE.json and MODE.md, the table; both grow run by run, and one that was cut short keeps what it
has. Datasets other than Debian are downloaded, or looked for in GRAPHSAGE_DATA.
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch

import graphsage as gs
from benchmarks.shared.measuring import ONE_THREAD, say
from benchmarks.shared.options import parser_of, words
from benchmarks.shared.publish import paste, percent, table
from benchmarks.shared.records import RESULTS, record, write_json, write_text
from benchmarks.shared.workloads import HETEROPHILOUS, PLANETOID
from graphsage.config.groups import AGGREGATORS, ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.runs.run import make_trainer, run
from graphsage.training.tasks import METRICS

GRAPHS = {"cora": PLANETOID, "debian": {"model": {}, "train": {}}}
TWITCH = {"model": {}, "train": {"epochs": 30, "metric": "roc_auc"}}
HOME, ABROAD = "twitch-de", ("twitch-engb", "twitch-es", "twitch-fr", "twitch-ptbr", "twitch-ru", "twitch-zhtw")
RUNS = {"aggregators": 5, "heterophilous": 10, "twitch": 5}


def config_of(dataset, setting, options, *, aggregator, seed, split=None):
    model = ModelConfig(**setting["model"], aggregator=aggregator)
    train = TrainConfig(**{**setting["train"], **({"epochs": options.epochs} if options.epochs else {})}, seed=seed)
    return RunConfig(dataset=dataset, split=split, model=model, train=train)


class Rows:
    """The record of one mode: rows {"graph", "aggregator", "run", scores ...}, on disk after each."""

    def __init__(self, mode, options):
        self.mode, self.folder = mode, options.out
        self.result = record("aggregators", {"mode": mode, **{k: v for k, v in vars(options).items() if k != "out"}})
        self.result["rows"] = []

    def add(self, config, scores, row):
        self.result.setdefault("configs", {})[f"{row['graph']}, {row['aggregator']}"] = asdict(config)
        self.result["rows"].append({**row, **scores})
        self.result["rows"].sort(key=_place)
        write_json(self.folder / f"{self.mode}.json", self.result)
        write_text(self.folder / f"{self.mode}.md", TABLES[self.mode](self.result["rows"]) + "\n")
        say(f"{self.mode}: {row} {scores}")


def _place(row):
    graphs = (*GRAPHS, *HETEROPHILOUS, *ABROAD)
    return graphs.index(row["graph"]), AGGREGATORS.index(row["aggregator"]), row["run"]


# ---- every aggregator: a mode gives functions, each of which measures some rows (config, scores, row)


def aggregators(options):
    for graph, setting in reversed(GRAPHS.items()):  # what takes longest comes first
        for kind in reversed(options.aggregators or AGGREGATORS):
            for seed in range(options.runs or RUNS["aggregators"]):
                yield partial(_aggregator, config_of(graph, setting, options, aggregator=kind, seed=seed))


def _aggregator(config):
    started = time.process_time()
    result = make_trainer(config, gs.load_dataset(config.dataset), log=None).fit()
    scores = {"test": result.test_score, "validation": result.val_score, "best_epoch": result.best_epoch}
    return [(config, scores | {"cpu_seconds": round(time.process_time() - started, 2)}, row_of(config))]


def row_of(config):
    return {"graph": config.dataset, "aggregator": config.model.aggregator, "run": config.train.seed}


def aggregator_table(rows):
    graphs = unique(row["graph"] for row in rows)
    header = ["aggregator", *(cell for graph in graphs for cell in (f"{graph}, test accuracy", "CPU seconds a training"))]
    lines = [[kind, *(cell for graph in graphs for cell in _pair(rows, graph, kind))] for kind in unique_kinds(rows)]
    return table(header, lines)


def _pair(rows, graph, kind):
    found = [row for row in rows if (row["graph"], row["aggregator"]) == (graph, kind)]
    seconds = f"{np.mean([row['cpu_seconds'] for row in found]):.0f}" if found else ""
    return percent([row["test"] for row in found]), seconds


# ---- graphs where unlike nodes are linked


def heterophilous(options):
    for graph, setting in HETEROPHILOUS.items():
        for kind in options.aggregators or ("mean",):
            for split in range(options.runs or RUNS["heterophilous"]):
                yield partial(_heterophilous, config_of(graph, setting, options, aggregator=kind, seed=split, split=split))


def _heterophilous(config):
    found = run(config, gs.load_dataset(config.dataset, split=config.split), log=lambda line: None)
    scores = {"test": found.result.test_score, "validation": found.result.val_score}
    scores |= {"majority": found.majority, "features_only": found.features_only, "metric": found.result.metric}
    return [(config, scores, row_of(config))]


def heterophilous_table(rows):
    lines = []
    for graph, kind in unique((row["graph"], row["aggregator"]) for row in rows):
        found = [row for row in rows if (row["graph"], row["aggregator"]) == (graph, kind)]
        scores = [percent([row[name] for row in found]) for name in ("majority", "features_only", "test")]
        lines.append([graph, METRICS[found[0]["metric"]].label, *scores[:2], kind, scores[2]])
    return table(["graph", "score", "majority", "features only", "aggregator", "GraphSAGE"], lines)


# ---- trained on one country, applied to others


def twitch(options):
    for kind in options.aggregators or ("mean",):
        for split in range(options.runs or RUNS["twitch"]):
            yield partial(_twitch, config_of(HOME, TWITCH, options, aggregator=kind, seed=split, split=split))


def _twitch(config):
    home, rows = gs.load_dataset(HOME, split=config.split), []
    whole, alone = (trained(config, dataset)[0] for dataset in (home, home.without_edges()))
    for graph in ABROAD:
        there, dataset = replace(config, dataset=graph), gs.load_dataset(graph, split=config.split)
        scores = {"applied": applied(whole, dataset), "features_only": applied(alone, dataset.without_edges())}
        scores |= {"trained_there": trained(there, dataset)[1].test_score}
        rows.append((config, scores, row_of(there)))
    return rows


def trained(config, dataset):
    """(model, result)."""
    trainer = make_trainer(config, dataset, log=None)
    return trainer.model, trainer.fit()


def applied(model, dataset):
    """ROC AUC on the test nodes of a dataset that ``model`` was not trained on; its rows normalised as in training."""
    dataset = dataset.row_normalized()
    logits = gs.inference(model, dataset.graph, dataset.features)[torch.tensor(dataset.test)]
    return METRICS["roc_auc"].score(logits, torch.tensor(dataset.labels[dataset.test]))


def twitch_table(rows):
    lines = []
    for graph, kind in unique((row["graph"], row["aggregator"]) for row in rows):
        found = [row for row in rows if (row["graph"], row["aggregator"]) == (graph, kind)]
        scores = [percent([row[name] for row in found]) for name in ("features_only", "applied", "trained_there")]
        lines.append([graph, kind, *scores])
    columns = ["features only, trained on DE", "GraphSAGE, trained on DE", "GraphSAGE, trained there"]
    return table(["graph", "aggregator", *columns], lines)


# ---- tables


def unique(values):
    return list(dict.fromkeys(values))


def unique_kinds(rows):
    return unique(row["aggregator"] for row in rows)


TABLES = {"aggregators": aggregator_table, "heterophilous": heterophilous_table, "twitch": twitch_table}
MODES = {"aggregators": aggregators, "heterophilous": heterophilous, "twitch": twitch}


def done(functions, jobs):
    """Their results: in order from this process, or as they come from ``jobs`` processes, one thread each."""
    if jobs == 1:
        yield from (function() for function in functions)
        return
    os.environ.update(ONE_THREAD)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(function) for function in functions]):
            yield future.result()


def main(argv=None):
    parser = parser_of("aggregators", __doc__)
    parser.add_argument("modes", nargs="*", metavar="MODE", help=f"some of {', '.join(MODES)} (default: all)")
    parser.add_argument("--runs", type=int, help="seeds, or splits (default: 5, 10 and 5)")
    parser.add_argument("--epochs", type=int, help="epochs of each training (default: as each setting has it)")
    parser.add_argument("--aggregators", type=words, help="some of them (default: all, or mean)")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, each in a process on one thread (default: 1)")
    parser.add_argument("--out", type=type(RESULTS), default=RESULTS / "aggregators", help="folder of the results")
    parser.add_argument("--readme", action="store_true", help="put the tables into benchmarks/README.md")
    options = parser.parse_args(argv)
    unknown = [mode for mode in options.modes if mode not in MODES]
    if unknown:
        parser.error(f"{unknown[0]!r} is no mode: there are {', '.join(MODES)}")
    for mode in options.modes or MODES:
        rows = Rows(mode, options)
        for found in done(MODES[mode](options), options.jobs):
            for config, scores, row in found:
                rows.add(config, scores, row)
        text = (options.out / f"{mode}.md").read_text(encoding="utf-8")
        print(text, flush=True)
        if options.readme:
            paste(mode, text)


if __name__ == "__main__":
    main()
