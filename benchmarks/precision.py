"""What bfloat16 costs in accuracy: the products (--precision), and dense features kept in half the memory (--feature-dtype).

    python -m benchmarks.precision [--runs 5] [--readme]

Cora and Debian (sparse features, which stay float32) and minesweeper (dense ones; ROC AUC), the same seeds for each setting.
Writes results/precision/precision.json and .md. About 8 minutes on one core; Cora and minesweeper are downloaded, or looked
for in GRAPHSAGE_DATA.
"""

from dataclasses import asdict

import numpy as np

import graphsage as gs
from benchmarks.shared.measuring import say
from benchmarks.shared.options import parser_of
from benchmarks.shared.publish import paste, percent, table
from benchmarks.shared.records import RESULTS, record, write_json, write_text
from benchmarks.shared.workloads import HETEROPHILOUS, SETTINGS
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.runs.run import make_trainer

GRAPHS = {name: SETTINGS[name][1] for name in ("cora", "debian")} | {"minesweeper": HETEROPHILOUS["minesweeper"]}
KINDS = {
    "float32": {},
    "bfloat16 products": {"precision": "bfloat16"},
    "bfloat16 features": {"feature_dtype": "bfloat16"},
    "bfloat16 products and features": {"precision": "bfloat16", "feature_dtype": "bfloat16"},
}


def measure(graph, kind, runs):
    """{"test": [score of each seed], "config": ...}"""
    setting, scores = GRAPHS[graph], []
    for seed in range(runs):
        train = TrainConfig(**setting["train"], **KINDS[kind], seed=seed, device="cpu")
        config = RunConfig(dataset=graph, model=ModelConfig(**setting["model"]), train=train)
        scores.append(make_trainer(config, gs.load_dataset(graph), log=None).fit().test_score)
    say(f"{graph}, {kind}: {percent(scores)}")
    return {"graph": graph, "kind": kind, "test": scores, "config": asdict(config)}


def markdown(rows):
    """Scores, and the difference from float32: its mean over the seeds and its standard error."""
    plain = {row["graph"]: row["test"] for row in rows if row["kind"] == "float32"}
    lines = []
    for row in rows:
        differences = 100 * (np.array(row["test"]) - plain[row["graph"]])
        error = np.std(differences, ddof=1) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")
        change = "" if row["kind"] == "float32" else f"{differences.mean():+.2f} ({error:.2f})"
        lines.append([row["graph"], row["kind"], percent(row["test"]), change])
    return table(["graph", "", "test score, %", "difference from float32 (its standard error)"], lines) + "\n"


def main():
    parser = parser_of("precision", __doc__)
    parser.add_argument("--runs", type=int, default=5, help="seeds of each setting (default: 5)")
    parser.add_argument("--readme", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    result = record("precision", {"runs": options.runs}) | {"rows": []}
    for graph in GRAPHS:
        for kind, settings in KINDS.items():
            if graph == "minesweeper" or "feature_dtype" not in settings:
                result["rows"].append(measure(graph, kind, options.runs))
                write_json(RESULTS / "precision" / "precision.json", result)  # after each: a run cut short keeps what it has
                write_text(RESULTS / "precision" / "precision.md", markdown(result["rows"]))
    print(markdown(result["rows"]))
    if options.readme:
        paste("precision", markdown(result["rows"]))


if __name__ == "__main__":
    main()
