"""How deep, how wide, at what cost: depth 1 to 4, fanouts and batch sizes, on real graphs and on an R-MAT graph.

    python -m benchmarks.sampling_depth [--size small] [--graphs debian,cora,pubmed,rmat] [--fanouts 2,5,10,25,all] ...

For each setting: distinct nodes and sampled edges of a batch, CPU and wall milliseconds for sampling, for reading features
and for training, peak memory, and on real graphs the test accuracy over some seeds. "5,5,5" draws 5 neighbours at each of
three hops. GRAPHSAGE_DATA names the folder of Cora's and PubMed's files; without them they are left out, by name.
benchmarks/README.md tells what the numbers mean. One thread; give it an idle core.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.sampling_depth.report import draw, markdown
from benchmarks.shared.measuring import each_round, interleave, median, say, timed
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import one_thread, peak_memory
from benchmarks.shared.publish import publish
from benchmarks.shared.records import new_result, until_interrupted, write_json
from benchmarks.shared.workloads import graph_names, real_datasets, rmat_dataset, setting
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.runs.run import make_trainer

OPTIONS = {
    "graphs": (graph_names, "which graphs"),
    "scale": (int, "log2 of the R-MAT graph's nodes"),
    "depths": (numbers, "hops, and layers of the model"),
    "fanouts": (numbers, "neighbours drawn at each hop; all takes all, at most 2 hops deep"),
    "most": (int, "settings with a larger product of fanouts are left out"),
    "batches": (numbers, "seeds a batch"),
    "rounds": (int, "interleaved rounds of timing"),
    "seeds": (int, "trainings of each setting, for the accuracy"),
    "epochs": (int, "epochs of those; 0: as accuracy.py trains, but 50 for debian"),
}
SIZES = {
    "full": {
        "graphs": ("cora", "pubmed", "debian", "rmat"),
        "scale": 17,
        "depths": (1, 2, 3, 4),
        "fanouts": (2, 5, 10, 25, -1),
        "most": 10_000,
        "batches": (32, 256, 1024),
        "rounds": 5,
        "seeds": 3,
        "epochs": 0,
    },
    "small": {
        "graphs": ("cora", "debian", "rmat"),
        "scale": 15,
        "depths": (1, 2, 3),
        "fanouts": (2, 5, 10, -1),
        "most": 1_000,
        "batches": (32, 512),
        "rounds": 2,
        "seeds": 1,
        "epochs": 0,
    },
    "quick": {
        "graphs": ("debian", "rmat"),
        "scale": 10,
        "depths": (1, 2),
        "fanouts": (2, 5),
        "most": 1_000,
        "batches": (32,),
        "rounds": 1,
        "seeds": 1,
        "epochs": 1,
    },
}
ROUND_SECONDS, MOST_BATCHES = 0.5, 20  # timed batches a round: as many as take so long, at least 2
EPOCHS = {"debian": 50}  # after accuracy.py's 20 a model of one layer is far from its end
FULL_HOPS = 2  # "all" stops here: on most graphs a third hop is the whole graph


def main(argv=None):
    options = options_of("sampling_depth", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    result = new_result(options, argv)
    result["config"]["settings"] = {name: setting(name) for name in options.graphs if name != "rmat"}
    with until_interrupted(result):
        for name, dataset in graphs(options, result["left_out"]).items():
            costs(name, dataset, options, result)
            if name != "rmat":
                accuracies(name, dataset, options, result)
    publish(result, options, markdown(result), draw, brief=markdown(result, largest_only=True))


def graphs(options, left_out):
    found = real_datasets(options.graphs, left_out)
    return {
        name: rmat_dataset(options.scale, 16) if name == "rmat" else found[name]
        for name in options.graphs
        if name not in left_out
    }


def grid(options):
    """Fanouts of every setting: the same number at each hop."""
    chains = [(k,) * depth for k in options.fanouts for depth in options.depths]
    return [f for f in chains if (len(f) <= FULL_HOPS if f[0] == -1 else f[0] ** len(f) <= options.most)]


# ---- costs


def costs(name, dataset, options, result):
    """Adds a row for each setting; every round adds to its lists."""
    # what a seed costs is no matter of the split, so that all nodes are seeds; one without a label gets the first
    labels, every_node = np.maximum(dataset.labels, 0), np.arange(dataset.num_nodes)
    everyone, competitors = replace(dataset, labels=labels, train=every_node, val=[], test=[]), {}
    for fanouts in grid(options):
        for batch in options.batches:
            batch = min(batch, dataset.num_nodes)
            trainer = partial(make_trainer, run_config(name, fanouts, batch_size=batch), everyone, log=None)
            cost = Cost(trainer())
            row = {"graph": name, "kind": "cost", "fanouts": fanouts, "batch": batch, "timed": cost.count, "rounds": {}}
            row["memory"] = peak_memory(lambda make=trainer: Cost(make()))
            competitors[fanouts, batch] = partial(cost.round, row=row)
            result["rows"].append(row)
    say(f"{name}: {len(competitors)} settings are ready")
    interleave(competitors, options.rounds, each_round(name, competitors))


def run_config(name, fanouts, **train):
    """As accuracy.py trains ``name``, but for depth and fanouts; an R-MAT graph as Debian."""
    given = setting("debian" if name == "rmat" else name)
    model = ModelConfig(**given["model"] | {"num_layers": len(fanouts)})
    return RunConfig(model=model, train=TrainConfig(**given["train"] | {"fanouts": fanouts} | train))


class Cost:
    """One setting, compiled and warm: it has seen two batches."""

    def __init__(self, trainer):
        self.trainer, self.loader = trainer, trainer.loader
        self.steps = max(1, len(trainer.loader.plan.items) // trainer.loader.plan.batch_size)  # no short batch
        self.used = 0
        self._batch({})
        _, seconds, _ = timed(lambda: self._batch({}))
        self.count = int(np.clip(ROUND_SECONDS / seconds, 2, MOST_BATCHES))

    def round(self, number, row):
        """Times batches; adds their medians to the lists of ``row``."""
        found = {}
        for _ in range(self.count):
            self._batch(found)
        for key, values in found.items():
            row["rounds"].setdefault(key, []).append(median(values))

    def _batch(self, found):
        """Sampling is timed by itself on other seeds than the whole preparation, whose memory reads it would warm."""
        loader, (epoch, step), other = self.loader, self._next(), self._next()
        minibatch, *sampling = timed(lambda: loader.sampler.sample(loader.plan.seeds(epoch, step), epoch=epoch, step=step))
        batch, *ready = timed(lambda: loader.prepare(*other))
        _, *training = timed(lambda: self.trainer.step(batch))
        for name, (wall, cpu) in (("sampling", sampling), ("ready", ready), ("training", training)):
            found.setdefault(f"{name}_wall", []).append(wall)
            found.setdefault(f"{name}_cpu", []).append(cpu)
        found.setdefault("nodes", []).append(len(minibatch.nodes))
        found.setdefault("edges", []).append(minibatch.num_sampled_edges)

    def _next(self):
        """(epoch, step) that was not used yet."""
        self.used += 1
        return divmod(self.used, self.steps)


# ---- accuracy


def accuracies(name, dataset, options, result):
    """Adds a row for each setting, and writes what there is after each seed."""
    epochs = options.epochs or EPOCHS.get(name) or run_config(name, (1,)).train.epochs
    kept = {"graph": name, "kind": "accuracy", "epochs": epochs}
    rows = {f: kept | {"fanouts": f, "test": [], "val": [], "best_epoch": [], "seconds": []} for f in grid(options)}
    result["rows"] += rows.values()

    def train(seed, fanouts):
        config = run_config(name, fanouts, seed=seed, epochs=epochs)
        found, wall, _ = timed(make_trainer(config, dataset, log=None).fit)
        values = {"test": found.test_accuracy, "val": found.val_accuracy, "best_epoch": found.best_epoch, "seconds": wall}
        if found.interrupted:
            raise KeyboardInterrupt
        for key, value in values.items():
            rows[fanouts][key].append(value)
        say(f"{name}: {fanouts}, seed {seed}: {100 * found.test_accuracy:.1f} % in {wall:.0f} s")
        write_json(options.out / "sampling_depth.json", result)

    interleave({fanouts: partial(train, fanouts=fanouts) for fanouts in rows}, options.seeds)


if __name__ == "__main__":
    main()
