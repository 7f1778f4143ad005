"""Test scores of the models that hold the published records of GraphSAGE, trained here by sampling.

    python -m benchmarks.records [minesweeper tolokers ...] [--splits N] [--parts sampled,trees,...] [--data FOLDER] [--readme]
    python -m benchmarks.records minesweeper --try learning_rate=0.03 epochs=100 [--splits N]

Each graph has one setting (``published.py``), chosen on the validation nodes of the first splits. What was tried stands in
results/records/tries.json; --try adds a try to it: the setting with those changes, judged on validation.

sampled         the setting, on all its splits; the model of a run is the best on validation
full batch      the same model, all training nodes and all neighbours at once
without edges   the same model and training on the nodes alone
trees           gradient-boosted trees on features, and on features joined with the mean of the neighbours'
pyg             the same model and setting by PyG's SAGEConv and NeighborLoader (torch-geometric with torch-sparse)
options         AdamW, warm-up, a running mean of the weights, Correct and Smooth: each alone

Writes results/records/records.json run by run and goes on from there: what was measured by the same settings is kept.
The graphs are files in the folder --data (default: GRAPHSAGE_TEST_DATA).
"""

import json
import os
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from benchmarks.records.ledger import Ledger, note_try
from benchmarks.records.measuring import of_baselines, trained
from benchmarks.records.published import OPTIONS, SETTINGS, config_of, dataset_of
from benchmarks.records.tables import tables_of
from benchmarks.shared.measuring import say
from benchmarks.shared.options import parser_of, words
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import paste, version_list
from benchmarks.shared.records import RESULTS, write_text
from graphsage.training.tasks import pick_metric

PARTS = ("sampled", "full batch", "without edges", "trees", "pyg", "options")
WITH_PYG, WITH_OPTIONS = ("amazon_photo", "squirrel_filtered"), ("cora", "debian", "chameleon_filtered")
BESIDE = 3  # splits of what stands beside


def main(argv=None):
    options = options_from(argv)
    one_thread()
    for graph in options.graphs or SETTINGS:
        if options.tries is not None:
            _try(graph, options)
            continue
        for part in options.parts:
            _measure(graph, part, options)
    if options.tries is None:
        _publish(options)


def options_from(argv):
    parser = parser_of("records", __doc__)
    parser.add_argument("graphs", nargs="*", metavar="GRAPH", help=f"some of {', '.join(SETTINGS)} (default: all)")
    parser.add_argument("--splits", type=int, default=10, help="splits or seeds 0, 1, ... (default: 10; beside it 3)")
    parser.add_argument("--epochs", type=int, help="epochs of each training (default: as each setting has it)")
    parts = partial(words, known=PARTS)
    parser.add_argument("--parts", type=parts, default=PARTS, help=f"some of {','.join(PARTS)}; pyg where it is installed")
    parser.add_argument("--try", nargs="+", metavar="NAME=VALUE", dest="tries", help="try a change on validation, note it")
    parser.add_argument("--data", type=Path, default=os.environ.get("GRAPHSAGE_TEST_DATA"), help="folder of the graphs")
    parser.add_argument("--out", type=Path, default=RESULTS / "records", help="folder of the results")
    parser.add_argument("--readme", action="store_true", help="put the tables into benchmarks/README.md")
    options = parser.parse_args(argv)
    unknown = [name for name in options.graphs if name not in SETTINGS]
    if unknown:
        parser.error(f"{unknown[0]!r} is no graph: there are {', '.join(SETTINGS)}")
    if options.data is None:
        parser.error("name the folder of the graphs: --data FOLDER, or GRAPHSAGE_TEST_DATA")
    options.data = Path(options.data)
    return options


def _changes(options):
    return {} if options.epochs is None else {"epochs": options.epochs}


def _try(graph, options):
    changes = dict(word.split("=", 1) for word in options.tries)
    changes = {name: _value(text) for name, text in changes.items()} | _changes(options)
    for split in range(options.splits):
        found = trained(config_of(graph, split, changes=changes), dataset_of(graph, split, options.data))
        settings = SETTINGS[graph].model | SETTINGS[graph].train | changes
        note_try(options.out, {"graph": graph, "part": "sampled", "split": split, "settings": settings, **found})
        say(f"{graph}, split {split}, {changes}: validation {found['validation']:.4f}, {found['cpu_seconds']}")


def _value(text):
    """A number, true or false, a list of fanouts (5,5), or a word."""
    try:
        return tuple(map(int, text.split(","))) if "," in text else json.loads(text)
    except ValueError:
        return text


def _measure(graph, part, options):
    """The rows of a part that are not there yet."""
    ledger = _ledger(options)
    if part == "options":
        for name in OPTIONS if graph in WITH_OPTIONS else ():
            plain = config_of(graph, 0, changes=_changes(options))
            of = partial(config_of, changes=OPTIONS[name](plain.train.epochs) | _changes(options))
            if name != "plain" or of(graph, 0) != plain:  # else the rows of sampled are those
                _rows(ledger, graph, name, of, trained, options)
        return
    if part == "pyg" and graph not in WITH_PYG:
        return
    of = partial(config_of, changes=_changes(options), full=part == "full batch")
    measure = {"without edges": _alone, "trees": _trees, "pyg": _by_pyg}.get(part, trained)
    _rows(ledger, graph, part, of, measure, options)


def _rows(ledger, graph, part, of, measure, options):
    splits = min(options.splits, SETTINGS[graph].splits if part == "sampled" else BESIDE)
    for split in range(splits):
        if ledger.has(graph, part, split, asdict(of(graph, 0))):
            continue
        found = measure(of(graph, split), dataset_of(graph, split, options.data))
        if found is None:
            return
        row = ledger.add(graph, part, split, found)
        say(f"{ {name: value for name, value in row.items() if name != 'curve'} }")


def _alone(config, dataset):
    train = replace(config.train, correct_and_smooth=False)  # there is no edge to spread labels along
    return trained(replace(config, train=train), dataset.without_edges())


def _trees(config, dataset):
    return of_baselines(dataset, pick_metric(config.train.metric, dataset), config.train.seed)


def _by_pyg(config, dataset):
    try:
        from benchmarks.records.pyg_model import trained_by_pyg

        return trained_by_pyg(config, dataset)
    except ImportError as error:
        say(f"PyG left out: {error}")
        return None


def _ledger(options):
    kept = ("splits", "epochs", "parts", "graphs")
    return Ledger(options.out, {name: value for name, value in vars(options).items() if name in kept})


def _publish(options):
    result = _ledger(options).result
    text = tables_of(result["rows"])
    write_text(options.out / "records.md", f"{version_list(result['versions'])}\n\n{text}\n")
    print(text, flush=True)
    if options.readme:
        paste("records", text)


if __name__ == "__main__":
    main()
