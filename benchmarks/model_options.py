"""Options of the model: what each costs beside the plain one, in training and in exact inference.

    python -m benchmarks.model_options [--rounds N] [--scale N] [--readme]

An R-MAT graph of 2^scale nodes with 128 random features; batches of 1,024 seeds, fanouts 10,10, 128 hidden units, one thread.
train: a batch drawn and read, forward, backward and update; inference: all nodes. Each is interleaved with the plain model,
and what is shown is the median over the rounds of the ratio of CPU times within a round.

Writes results/model_options/model_options.json and model_options.md. Two minutes on an idle machine.
"""

from functools import partial
from pathlib import Path

import torch

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, timed
from benchmarks.shared.options import parser_of
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import paste, table
from benchmarks.shared.records import RESULTS, record, write_json, write_text
from benchmarks.shared.workloads import rmat_dataset

FULL = {"norm": "batch", "residual": True, "input_layer": "linear", "jumping": "cat"}
MODELS = {
    "plain": {},
    "norm: layer": {"norm": "layer"},
    "norm: batch": {"norm": "batch"},
    "residual": {"residual": True},
    "input_layer: linear": {"input_layer": "linear"},
    "input_layer: active": {"input_layer": "active"},
    "jumping: cat": {"jumping": "cat"},
    "jumping: max": {"jumping": "max"},
    "activation: gelu": {"activation": "gelu"},
    "activation: elu": {"activation": "elu"},
    "batch norm, residual, linear input, cat": FULL,
}


class Competitor:
    """A model with its loader; ``train(round)`` and ``inference(round)`` give CPU seconds."""

    def __init__(self, dataset, options, batch_size):
        self.dataset = dataset
        self.model = gs.GraphSAGE(dataset.num_features, 128, dataset.num_classes, 2, **options)
        sampler = gs.NeighborSampler(dataset.graph, [10, 10], num_threads=0)
        self.loader = gs.NeighborLoader(dataset, sampler, batch_size, reduce=self.model.first_layer_reduction)
        self.optimizer = torch.optim.Adam(self.model.parameters(), fused=True)

    def train(self, number):
        self.model.train()
        return timed(partial(self._step, number))[2]

    def _step(self, number):
        batch = self.loader.prepare(0, number % len(self.loader))
        loss = torch.nn.functional.cross_entropy(self.model(batch), batch.y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def inference(self, _):
        return timed(partial(gs.inference, self.model, self.dataset.graph, self.loader.store))[2]


def measured(options):
    """[{"model", "train_ms", "train_ratio", "inference_ms", "inference_ratio"}, ...]."""
    dataset = rmat_dataset(options.scale, num_features=128)
    models = {name: Competitor(dataset, kept, options.batch) for name, kept in MODELS.items()}
    rows = [{"model": name} for name in models]
    for part, rounds in (("train", options.rounds), ("inference", max(1, options.rounds // 3))):
        for model in models.values():  # compiled and warm
            getattr(model, part)(0)
        parts = {name: getattr(model, part) for name, model in models.items()}
        found = interleave(parts, rounds, each_round(part, parts))
        for row in rows:
            row[f"{part}_ms"] = 1000 * median(found[row["model"]])
            row[f"{part}_ratio"] = median_ratio(found[row["model"]], found["plain"])
    return rows


def table_of(rows):
    header = ["model", "training step, CPU ms", "of plain", "exact inference, CPU ms", "of plain"]
    columns = [(f"{part}_{what}", form) for part in ("train", "inference") for what, form in (("ms", ".1f"), ("ratio", ".2f"))]
    return table(header, [[row["model"], *(f"{row[name]:{form}}" for name, form in columns)] for row in rows])


def main(argv=None):
    parser = parser_of("model_options", __doc__)
    parser.add_argument("--rounds", type=int, default=31, help="interleaved rounds (default: 31)")
    parser.add_argument("--scale", type=int, default=15, help="log2 of the nodes (default: 15)")
    parser.add_argument("--batch", type=int, default=1024, help="seeds a batch (default: 1024)")
    parser.add_argument("--out", type=Path, default=RESULTS / "model_options", help="folder of the results")
    parser.add_argument("--readme", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args(argv)
    one_thread()
    kept = {name: value for name, value in vars(options).items() if name not in ("out", "readme")}
    result = record("model_options", kept, argv) | {"rows": measured(options)}
    text = table_of(result["rows"])
    write_json(options.out / "model_options.json", result)
    write_text(options.out / "model_options.md", text + "\n")
    print(text, flush=True)
    if options.readme:
        paste("model_options", text)


if __name__ == "__main__":
    main()
