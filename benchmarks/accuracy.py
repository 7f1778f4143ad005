"""README's accuracy table: ten seeds of each setting, with machine, versions and commit.

    python -m benchmarks.accuracy [--runs 10] [--only cora,debian]

Writes results/accuracy/accuracy.json and prints the table. About 7 minutes on one core; Cora, Citeseer and PubMed are
downloaded, or looked for in GRAPHSAGE_DATA.
"""

from dataclasses import asdict

from benchmarks.shared.measuring import say
from benchmarks.shared.options import parser_of
from benchmarks.shared.publish import percent
from benchmarks.shared.records import RESULTS, record, write_json
from benchmarks.shared.workloads import SETTINGS
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.data.catalogue import load_dataset
from graphsage.runs.run import run_all

SCORES = ("features_only", "graphsage")


def measure(name, runs):
    """Test accuracies of one setting: {"majority", "features_only", "graphsage"}, a list with one entry a seed each."""
    dataset, setting = SETTINGS[name]
    model, train = ModelConfig(**setting["model"]), TrainConfig(**setting["train"])
    config = RunConfig(dataset=dataset, runs=runs, model=model, train=train)
    say(f"{name}: {runs} runs")
    results = run_all(config, load_dataset(dataset), log=lambda line: None)
    return {
        "config": asdict(config),
        "majority": [result.majority for result in results],
        "features_only": [result.features_only for result in results],
        "graphsage": [result.result.test_accuracy for result in results],
        "validation": [result.result.val_accuracy for result in results],
        "best_epoch": [result.result.best_epoch for result in results],
    }


def row(name, measured):
    cells = [percent(measured[score]) for score in SCORES]
    return f"| {name} | {100 * measured['majority'][0]:.1f} | {cells[0]} | **{cells[1]}** |"


def main():
    parser = parser_of("accuracy", __doc__)
    parser.add_argument("--runs", type=int, default=10, help="seeds of each setting (default: 10)")
    parser.add_argument("--only", default=",".join(SETTINGS), help=f"some of {','.join(SETTINGS)}")
    options = parser.parse_args()
    names = options.only.split(",")
    result = record("accuracy", {"runs": options.runs, "settings": names})
    result["measured"] = {}
    for name in names:
        result["measured"][name] = measure(name, options.runs)
        write_json(RESULTS / "accuracy" / "accuracy.json", result)  # after each: a run cut short keeps what it has
        print(row(name, result["measured"][name]), flush=True)


if __name__ == "__main__":
    main()
