"""Do the presets fit? The one that `graphsage train` takes by itself, beside the plain defaults and four sensible settings.

    python -m benchmarks.presets [cora debian ...] [--seeds N] [--data FOLDER] [--readme]

Every graph with every row of SETTINGS, the other settings at their defaults, by validation and test score (accuracy). Splits
are those in the file, the public ones of Cora, Citeseer and PubMed; Amazon photo 60 / 20 / 20 % at random by the seed.
The rules were chosen on validation scores. "behind" is the best of the other rows' test score less that of the preset.

Writes results/presets/presets.json run by run, and presets.md; begun again, it goes on with the runs that are not in there.
The graphs are files in the folder --data (default: GRAPHSAGE_TEST_DATA).
"""

import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

import graphsage as gs
from benchmarks.shared.measuring import say
from benchmarks.shared.options import parser_of
from benchmarks.shared.publish import paste, percent, table
from benchmarks.shared.records import RESULTS, record, write_json, write_text
from graphsage.runs.run import make_trainer

PHOTO = "amazon_photo"
GRAPHS = {
    "cora": "planetoid/cora",
    "citeseer": "planetoid/citeseer",
    "pubmed": "planetoid/pubmed",
    "linqs_cora": "linqs_cora",
    "chameleon_filtered": "heterophilous/chameleon_filtered.npz",
    "squirrel_filtered": "heterophilous/squirrel_filtered.npz",
    "actor": "heterophilous/actor.npz",
    "minesweeper": "heterophilous/minesweeper.npz",
    "tolokers": "heterophilous/tolokers.npz",
    "debian": None,  # which comes with the package
    PHOTO: "shchur/amazon_photo.npz",
}
DEEP = {"norm": "batch", "residual": True, "weight_decay": 5e-5}
SETTINGS = {
    "auto": {"preset": "auto"},
    "plain": {},
    "low decay": {"weight_decay": 5e-5},
    "full batch, 200 epochs": {"batch_size": None, "epochs": 200, "dropout": 0.5, "patience": 50},
    "3 layers, batch norm, residual": {**DEEP, "num_layers": 3, "fanouts": (10, 5, 5)},
    "layer norm, residual, small steps": {**DEEP, "norm": "layer", "batch_size": 128, "learning_rate": 0.003},
}


def dataset_of(name, seed, folder):
    """The graph by the split of that number, where it has several or none."""
    if GRAPHS[name] is None:
        return gs.load_dataset(name)
    if name != PHOTO:
        return gs.load_dataset(folder / GRAPHS[name], **({"split": seed} if "heterophilous" in GRAPHS[name] else {}))
    dataset = gs.load_dataset(folder / GRAPHS[name])
    order = np.random.default_rng(seed).permutation(np.flatnonzero(dataset.labels >= 0))
    train, val, test = np.split(order, [len(order) * 3 // 5, len(order) * 4 // 5])
    return replace(dataset, train=train, val=val, test=test)


def trained(name, setting, seed, dataset, rows):
    """A row: scores in [0, 1], and CPU seconds; of the same settings by another name that row's."""
    given = {"preset": "plain", **SETTINGS[setting], "seed": seed, "device": "cpu", "num_threads": 0}
    config = gs.suggested(dataset, **given)
    own = json.loads(json.dumps(changed(asdict(replace(config, preset=None, dataset=name)), asdict(gs.RunConfig()))))
    found = {"graph": name, "setting": setting, "seed": seed, "preset": config.preset, "config": own}
    for row in rows:
        if row["config"] == own:
            return row | found
    started = time.process_time()
    result = make_trainer(config, dataset, log=None).fit()
    scores = {"validation": result.val_score, "test": result.test_score, "epochs": len(result.history)}
    return found | scores | {"cpu_seconds": round(time.process_time() - started, 1)}


def changed(settings, defaults):
    """The settings, part by part, that are not the defaults."""
    parts = {key: changed(value, defaults[key]) if isinstance(value, dict) else value for key, value in settings.items()}
    return {key: value for key, value in parts.items() if value not in (defaults[key], {})}


def table_of(rows):
    """A line a graph, a column a setting: test scores; the preset taken, and how far it is behind the best of the others."""
    lines = []
    for name in dict.fromkeys(row["graph"] for row in rows):
        found = {s: [row for row in rows if (row["graph"], row["setting"]) == (name, s)] for s in SETTINGS}
        means = {s: 100 * np.mean([row["test"] for row in some]) for s, some in found.items() if some}
        best = max((score for s, score in means.items() if s != "auto"), default=None)
        behind = "" if best is None or "auto" not in means else f"{best - means['auto']:.1f}"
        cells = [percent([row["test"] for row in found[s]]) for s in SETTINGS]
        seconds = f"{np.mean([row['cpu_seconds'] for row in found['auto']]):.0f}" if found["auto"] else ""
        presets = {row["preset"] for row in found["auto"]}
        lines.append([name, str(len(found["plain"])), "/".join(sorted(presets)), *cells, behind, seconds])
    return table(["graph", "seeds", "preset", *SETTINGS, "behind", "CPU s"], lines)


def earlier(path):
    """The rows of a program that was cut short; of the presets as they are now."""
    if not path.exists():
        return []
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def main(argv=None):
    parser = parser_of("presets", __doc__)
    parser.add_argument("graphs", nargs="*", metavar="GRAPH", help=f"some of {', '.join(GRAPHS)} (default: all)")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, ... (default: 3)")
    parser.add_argument("--data", type=Path, default=os.environ.get("GRAPHSAGE_TEST_DATA"), help="folder of the graphs")
    parser.add_argument("--out", type=Path, default=RESULTS / "presets", help="folder of the results")
    parser.add_argument("--readme", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args(argv)
    unknown = [name for name in options.graphs if name not in GRAPHS]
    if unknown:
        parser.error(f"{unknown[0]!r} is no graph: there are {', '.join(GRAPHS)}")
    if options.data is None:
        parser.error("name the folder of the graphs: --data FOLDER, or GRAPHSAGE_TEST_DATA")
    result = record("presets", {name: value for name, value in vars(options).items() if name not in ("data", "out")})
    result["rows"] = earlier(options.out / "presets.json")
    for seed in range(options.seeds):
        for name in options.graphs or GRAPHS:
            dataset = dataset_of(name, seed, Path(options.data))
            for setting in SETTINGS:
                measure(name, setting, seed, dataset, result["rows"])
                write_json(options.out / "presets.json", result)
                write_text(options.out / "presets.md", table_of(result["rows"]) + "\n")
    text = table_of(result["rows"])
    print(text, flush=True)
    if options.readme:
        paste("presets", text)


def measure(name, setting, seed, dataset, rows):
    """Put the run's row in the place of an older one with other settings; nothing where it is there already."""
    row = trained(name, setting, seed, dataset, rows)
    of = (name, setting, seed)
    rows[:] = [other for other in rows if (other["graph"], other["setting"], other["seed"]) != of] + [row]
    say(f"{name}, {setting}, {seed}: {row['validation']:.3f} {row['test']:.3f}, {row['cpu_seconds']} s")


if __name__ == "__main__":
    main()
