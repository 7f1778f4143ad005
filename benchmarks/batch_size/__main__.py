"""Which batch size: epochs, updates and time to an accuracy, memory, and how true the gradient is.

    python -m benchmarks.batch_size [--size small] [--graphs debian,cora] [--batches 1,4,16,64,256,1024,all] ...

Trains one model with each batch size ("all": one batch of all training nodes and all their neighbours) at each learning rate
with each seed, and keeps the curve of the validation accuracy. Tests four claims on what was measured, and says for each
whether it holds: (1) no batching is exact but only fits small data; (2) batch 1 is noisy and converges poorly; (3) larger
batches give truer gradients; (4) past some size more adds nothing, and the same accuracy takes more epochs.

Two learning-rate rules: --rate for all sizes, and for each size the best of --rates. Model, dropout and weight decay are
those of accuracy.py, the same for all sizes, Adam throughout. GRAPHSAGE_DATA names the folder of Cora's files.
benchmarks/README.md tells what the numbers mean. One thread; give it an idle core.
"""

from functools import partial

from benchmarks.batch_size.claims import claims
from benchmarks.batch_size.measures import gradients, growth, memory, train
from benchmarks.batch_size.report import draw, markdown
from benchmarks.shared.measuring import interleave, say
from benchmarks.shared.options import numbers, options_of, rates, words
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import publish
from benchmarks.shared.records import new_result, until_interrupted, write_json
from benchmarks.shared.workloads import REAL, real_datasets, setting

OPTIONS = {
    "graphs": (partial(words, known=REAL), "which graphs"),
    "batches": (numbers, "batch sizes; all: one batch, all neighbours; those as large as the training set are left out"),
    "fanouts": (numbers, "neighbours drawn at each hop"),
    "rate": (float, "the learning rate for all sizes"),
    "rates": (rates, "among which each size's best is chosen"),
    "seeds": (int, "trainings of each setting"),
    "seconds": (float, "CPU seconds after which a training ends"),
    "epochs": (int, "epochs after which it ends"),
    "share": (float, "the target: this share of the best validation accuracy that any setting reached"),
    "trained": (int, "updates, in batches of 256, after which gradients are compared again"),
    "draws": (int, "minibatch gradients that are compared with the full one"),
    "scales": (numbers, "log2 of the nodes of the R-MAT graphs on which memory is measured"),
}
SIZES = {
    "full": {
        "graphs": ("debian", "cora"),
        "batches": (1, 4, 16, 64, 256, 1024, -1),
        "fanouts": (10, 10),
        "rate": 0.01,
        "rates": (0.001, 0.003, 0.01, 0.03),
        "seeds": 2,
        "seconds": 20.0,
        "epochs": 300,
        "share": 0.97,
        "trained": 125,
        "draws": 50,
        "scales": (12, 14, 16, 18),
    },
    "small": {
        "graphs": ("debian",),
        "batches": (1, 16, 256, 1024, -1),
        "fanouts": (10, 10),
        "rate": 0.01,
        "rates": (0.003, 0.01),
        "seeds": 1,
        "seconds": 6.0,
        "epochs": 100,
        "share": 0.97,
        "trained": 125,
        "draws": 20,
        "scales": (12, 14, 16),
    },
    "quick": {
        "graphs": ("debian",),
        "batches": (16, 1024, -1),
        "fanouts": (5, 5),
        "rate": 0.01,
        "rates": (0.01,),
        "seeds": 1,
        "seconds": 0.3,
        "epochs": 2,
        "share": 0.97,
        "trained": 5,
        "draws": 2,
        "scales": (8, 10),
    },
}


def main(argv=None):
    options = options_of("batch_size", __doc__, SIZES, OPTIONS, argv)
    options.rates = tuple(sorted({*options.rates, options.rate}))
    one_thread()
    result = new_result(options, argv)
    result["config"]["settings"] = {name: setting(name) for name in options.graphs}
    with until_interrupted(result):
        datasets = real_datasets(options.graphs, result["left_out"])
        for name, dataset in datasets.items():
            say(f"{name}: gradients and memory")
            sizes = sizes_for(dataset, options)
            result["rows"] += gradients(name, dataset, sizes, options)
            result["rows"] += memory(name, dataset, sizes, options)
        say("memory on R-MAT graphs")
        result["rows"] += growth(options)
        for name, dataset in datasets.items():
            trainings(name, dataset, options, result)
    result["claims"] = claims(result)
    publish(result, options, markdown(result), draw)


def sizes_for(dataset, options):
    """Batch sizes that are not already all training nodes; -1 is the full batch."""
    return [size for size in options.batches if size < len(dataset.train)]


def trainings(name, dataset, options, result):
    """A row for each size, learning rate and seed, written as soon as it is there."""

    def one(seed, size, rate):
        row = {"kind": "training", "graph": name, "batch": size, "rate": rate, "seed": seed}
        row |= train(name, dataset, size, rate, seed, options)
        result["rows"].append(row)
        write_json(options.out / "batch_size.json", result)
        last, what = row["curve"][-1], "full" if size == -1 else size
        scores = f"validation {100 * row['val']:.1f} %, test {100 * row['test']:.1f} %"
        say(f"{name}: batch {what}, rate {rate:g}, seed {seed}: {scores}, {last['updates']} updates in {last['cpu']:.1f} s")

    settings = [(size, rate) for rate in options.rates for size in sizes_for(dataset, options)]
    interleave({setting: partial(one, size=setting[0], rate=setting[1]) for setting in settings}, options.seeds)


if __name__ == "__main__":
    main()
