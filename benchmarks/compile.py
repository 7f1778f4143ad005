"""What ``torch.compile`` of the model's step costs and gains: the option --compile beside none.

    python -m benchmarks.compile [--quick] [--readme]

Training steps (forward, backward, Adam) on batches that are drawn beforehand, compiled and not in turn within each round, on
one thread of the CPU. Also: how long compiling takes, whether both compute the same, and whether a resumed training ends with
the weights of one without a break. Writes results/compile/compile.json and .md. About 10 minutes; needs a C++ compiler.
"""

import os
import tempfile
from contextlib import nullcontext
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import torch

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, timed
from benchmarks.shared.options import options_of, words
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, paste, short, table
from benchmarks.shared.records import new_result, until_interrupted, write_json, write_text
from benchmarks.shared.workloads import rmat_dataset
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.runs.run import make_trainer
from graphsage.tensors.keyed_rng import keyed_rng

MODELS = {  # by name: graph, model, sampling
    "debian": ("debian", {}, {}),
    "debian, attention": ("debian", {"aggregator": "attention"}, {}),
    "sbm, 64 dense features": ("sbm:nodes=20000,classes=10,features=64", {}, {"batch_size": 128}),
    "R-MAT, 64 dense features, hidden 256": ("rmat", {"hidden_features": 256}, {"fanouts": (15, 10), "batch_size": 1024}),
    "the same, no dropout": ("rmat", {"hidden_features": 256, "dropout": 0.0}, {"fanouts": (15, 10), "batch_size": 1024}),
}
OPTIONS = {
    "rounds": (int, "measured rounds"),
    "batches": (int, "batches a round"),
    "scale": (int, "the R-MAT graph has 2^SCALE nodes"),
    "models": (words, "which, by their number from 0"),
}
SIZES = {
    "full": {"rounds": 7, "batches": 8, "scale": 15, "models": tuple(map(str, range(len(MODELS))))},
    "quick": {"rounds": 1, "batches": 2, "scale": 8, "models": ("3",)},
}
CLOCKS = ("wall", "cpu")
HEADER = [
    "model", "plain, CPU / wall ms a step", "compiled", "ratio, CPU / wall", "first round, s",
    "difference of outputs, evaluation", "training", "resumed: the same bits",
]  # fmt: skip


def configured(name, **train):
    """The run ``name``; threads would draw batches while steps are timed."""
    graph, model, sampling = MODELS[name]
    train = TrainConfig(**sampling, **train, device="cpu", num_threads=0, epochs=2)
    return RunConfig(dataset=graph, model=ModelConfig(**model), train=train)


def measure(name, options):
    """What is measured of one model; each begins with nothing compiled."""
    torch._dynamo.reset()
    graph = MODELS[name][0]
    dataset = rmat_dataset(options.scale) if graph == "rmat" else gs.load_dataset(graph)
    kinds = {"plain": False, "compiled": True}
    trainers = {kind: make_trainer(configured(name, compile=on), dataset, log=None) for kind, on in kinds.items()}
    loader = trainers["plain"].loader
    batches = list(islice((batch for epoch in range(options.batches) for batch in loader.epoch(epoch)), options.batches))
    steps(trainers["plain"], batches)
    first = timed(lambda: steps(trainers["compiled"], batches))[1]
    runs = {kind: lambda _, trainer=trainer: timed(lambda: steps(trainer, batches))[1:] for kind, trainer in trainers.items()}
    rounds = interleave(runs, options.rounds, each_round(name, runs))
    return {
        "name": name,
        "config": asdict(configured(name)),
        "first_seconds": first,
        "rounds": {f"{kind}_{clock}": times(rounds[kind], at, batches) for kind in kinds for at, clock in enumerate(CLOCKS)},
        "difference": {mode: difference(trainers, batches[0], mode) for mode in ("evaluation", "training")},
        "resumed": resumes(name, dataset),
    }


def steps(trainer, batches):
    for batch in batches:
        trainer.step(batch)


def times(rounds, at, batches):
    """Seconds a step of each round."""
    return [found[at] / len(batches) for found in rounds]


def difference(trainers, batch, mode):
    """Largest difference of the two models' outputs, with the same weights and key, as a share of the largest output."""
    trainers["compiled"].model.load_state_dict(trainers["plain"].model.state_dict())
    outputs = []
    for trainer in trainers.values():
        trainer.model.train(mode == "training")
        with torch.no_grad() if mode == "evaluation" else nullcontext(), keyed_rng(1):
            outputs.append(trainer._forward(batch).detach())
    plain, compiled = outputs
    return ((plain - compiled).abs().max() / plain.abs().max()).item()


def resumes(name, dataset):
    """Does a compiled training that ends after one epoch and goes on for another have the weights of one without a break?"""
    config, dataset = configured(name, compile=True, batches_per_epoch=3), replace(dataset, val=[])
    whole = make_trainer(config, dataset, log=None)
    whole.fit()
    with tempfile.TemporaryDirectory() as folder:
        half = replace(config, train=replace(config.train, epochs=1))
        make_trainer(half, dataset, folder=folder, log=None).fit()
        rest = make_trainer(config, dataset, folder=folder, log=None)
        rest.resume()
        rest.fit()
    return all(torch.equal(*pair) for pair in zip(whole.model.parameters(), rest.model.parameters()))


def markdown(result):
    lines = []
    for row in result["rows"]:
        rounds, ms = row["rounds"], {name: 1000 * median(values) for name, values in row["rounds"].items()}
        cells = [f"{short(ms[f'{kind}_cpu'])} / {short(ms[f'{kind}_wall'])}" for kind in ("plain", "compiled")]
        ratios = [f"{median_ratio(rounds[f'compiled_{clock}'], rounds[f'plain_{clock}']):.2f}" for clock in ("cpu", "wall")]
        same = [f"{row['difference'][mode]:.1g}" for mode in ("evaluation", "training")]
        end = [short(row["first_seconds"]), *same, "yes" if row["resumed"] else "no"]
        lines.append([row["name"], *cells, " / ".join(ratios), *end])
    return f"{heading(result)}\n\n{table(HEADER, lines)}\n"


def main(argv=None):
    one_thread()
    cache = tempfile.TemporaryDirectory()  # a fresh one: nothing may be compiled already
    os.environ |= {"TORCHINDUCTOR_CACHE_DIR": cache.name, "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    options = options_of("compile", __doc__, SIZES, OPTIONS, argv)
    result = new_result(options, argv)
    with until_interrupted(result):
        for number in options.models:
            result["rows"].append(measure(list(MODELS)[int(number)], options))
    write_json(Path(options.out) / "compile.json", result)
    write_text(Path(options.out) / "compile.md", markdown(result))
    print(markdown(result))
    if options.readme:
        paste("compile", markdown(result))


if __name__ == "__main__":
    main()
