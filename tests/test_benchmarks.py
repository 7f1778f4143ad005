"""The benchmark programs run, and say of their claims what was measured. Nothing is timed here."""

import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from math import inf
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import CHECKOUT
from helpers.blocks import blocks

import graphsage
from graphsage.config.named_values import as_memory
from graphsage.data.tables import edges_apart
from graphsage.data.tables.import_tables import import_tables

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the benchmarks fork")
pytest.importorskip("matplotlib")
pytest.importorskip("pyarrow")

PROGRAMS = {
    "sampling_depth": "--graphs cora,rmat --scale 6 --depths 1,2 --fanouts 2,all --batches 8",
    "batch_size": "--batches 1024,all --seconds 0.1 --epochs 1 --trained 1 --draws 2 --scales 6,7",
    "scaling": "--scales 6,7 --degrees 2 --scale 7 --batch 16 --threads 1,2",
    "import_tables": "--kinds parquet --nodes 40 --edges 100",
    "draws": "--scale 6 --fanouts 2,2 --batch 8",
    "link_prediction": "--runs 1",
    "recommendation": "--runs 1",
    "temporal": "--ratings 200",
    "links": "--scale 6 --batch 8",
    "unsupervised": "--runs 1",
    "typed": "--relations 4 --batch 8",
    "typed_training": "--relations 4 --batch 8",
}
RUN = """
import runpy, sys
for program, arguments in zip(sys.argv[1::2], sys.argv[2::2]):
    sys.argv = [program, *arguments.split()]
    runpy.run_module(f"benchmarks.{program}", run_name="__main__", alter_sys=True)  # what python -m does
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """{program: (result, tables, whether there is a figure)} of the smallest runs, all in one process."""
    folder = tmp_path_factory.mktemp("benchmarks")
    arguments = [word for name in PROGRAMS for word in (name, f"--quick {PROGRAMS[name]} --out {folder / name}")]
    environment = os.environ | {"GRAPHSAGE_BENCH_CACHE": str(folder / "cache"), "GRAPHSAGE_DATA": str(folder)}
    environment |= {"PYTHONPATH": str(CHECKOUT), "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: read(folder / name, name) for name in PROGRAMS}


def read(folder, name):
    figure = (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    return json.loads((folder / f"{name}.json").read_text()), (folder / f"{name}.md").read_text(), figure


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_result_says_what_it_is_of(results, name):
    result, tables, figure = results[name]
    assert figure
    assert {"machine", "versions", "commit", "config", "rows"} <= result.keys()
    assert result["config"]["command"].startswith(f"python -m benchmarks.{name} --quick")
    assert f"`{result['config']['command']}`" in tables


def test_depth_counts_and_times_every_setting_and_names_what_is_missing(results):
    result, tables, _ = results["sampling_depth"]
    assert [row["fanouts"] for row in result["rows"]] == [[2], [2, 2], [-1], [-1, -1]]
    assert {"sampling_cpu", "ready_cpu", "training_cpu", "nodes", "edges"} <= result["rows"][0]["rounds"].keys()
    assert "Left out, cora: " in tables
    most, least = result["rows"][-1]["rounds"], result["rows"][0]["rounds"]
    assert most["edges"] > least["edges"] and most["nodes"] > least["nodes"]


def test_full_batches_have_the_exact_gradient(results):
    rows = [row for row in results["batch_size"][0]["rows"] if row["kind"] == "gradient" and row["batch"] == -1]
    cosines = {row["neighbours"]: min(row["cosine"]) for row in rows}
    assert cosines["all"] == pytest.approx(1, abs=1e-6)
    assert 0.5 < cosines["sampled"] < 1 - 1e-6


def test_scaling_covers_its_parts(results):
    rows = results["scaling"][0]["rows"]
    memory = ["memory", "memory"] if sys.platform == "linux" else []
    assert [row["part"] for row in rows] == [*memory, "nodes", "nodes", "degrees", *["threads"] * 6]
    assert {row["threads"] for row in rows if row["part"] == "threads"} == {1, 2}


def test_recommendation_compares_popularity(results):
    rows = results["recommendation"][0]["rows"]
    methods = ["popularity (item degree)", "common neighbours (paths of three)", "features only", "TypedGraphSAGE"]
    assert [row["method"] for row in rows] == methods
    assert all(0 <= row["test"]["hits@10"] <= 1 for row in rows)


def test_links_are_judged_by_all_that_there_is(results):
    rows = results["link_prediction"][0]["rows"]
    known = ["common neighbours", "Adamic-Adar", "preferential attachment", "GraphSAGE", "features only"]
    assert [row["method"] for row in rows][:5] == known
    assert all(0 <= row["test"]["mrr"] <= 1 for row in rows)


@pytest.mark.parametrize("kind", ["array", "columns", "texts", "parquet"])
def test_every_kind_of_tables_can_be_read(kind, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    import_tables = importlib.import_module("benchmarks.import_tables")
    assert kind in import_tables.KINDS
    import_tables.write(tmp_path / kind, kind, 40, 100)
    dataset = graphsage.load_dataset(tmp_path / kind, progress=False)
    width = import_tables.COLUMNS if kind == "columns" else import_tables.WIDTH
    assert (dataset.num_nodes, dataset.num_features) == (40, width)


# ---- the four claims


@pytest.fixture
def rules(monkeypatch):
    monkeypatch.syspath_prepend(CHECKOUT)
    return importlib.import_module("benchmarks.batch_size.claims")


def gradient(batch, cosine, neighbours="sampled"):
    row = {"kind": "gradient", "graph": "g", "at": "start", "batch": batch, "neighbours": neighbours}
    return row | {"cosine": [cosine, cosine]}


def line(batch, val=0.8, cpu=1.0, epochs=1.0):
    return {"batch": batch, "val": val, "cpu": cpu, "epochs": epochs}


def test_truer_gradients(rules):
    rising = {"rows": [gradient(-1, 1.0), gradient(1, 0.1), gradient(16, 0.5)]}
    assert rules.truer(rising, "g")["verdict"] == "supported"
    falling = {"rows": [gradient(1, 0.6), gradient(16, 0.5), gradient(-1, 1.0)]}
    assert rules.truer(falling, "g")["verdict"] == "not supported"


@pytest.mark.parametrize(
    "one, verdict",
    [
        (line(1, val=0.6, cpu=inf), "supported"),
        (line(1), "partly supported: noisy yes, poor no"),
    ],
)
def test_batch_one(rules, one, verdict):
    result = {"config": {"seconds": 20}, "rows": [gradient(1, 0.1), gradient(16, 0.5)]}
    assert rules.one_is_poor(result, "g", "same", [one, line(16)])["verdict"] == verdict


@pytest.mark.parametrize(
    "lines, verdict",
    [
        ([line(1, cpu=9), line(16), line(-1, epochs=5)], "supported"),
        ([line(1, cpu=9), line(16, epochs=5), line(-1)], "partly supported: adds nothing yes, more epochs no"),
        ([line(1), line(16, cpu=0.5), line(-1, cpu=0.2)], "not supported"),
        ([line(1), line(16), line(-1, cpu=inf, epochs=inf)], "partly supported: adds nothing yes, more epochs no"),
    ],
)
def test_more_adds_nothing(rules, lines, verdict):
    assert rules.more_adds_nothing("g", "same", lines)["verdict"] == verdict


def grown(batch, *sizes):
    return [{"kind": "growth", "batch": batch, "mib": mib, "nodes": nodes} for nodes, mib in zip((1000, 10_000), sizes)]


def test_no_batching(rules):
    exact = [gradient(-1, 1.0, "all")]
    result = {"machine": {"memory_gib": 16}, "rows": exact + grown(256, 10, 11) + grown(-1, 10, 100)}
    assert rules.exact_and_small(result, "g")["verdict"] == "supported"
    result["rows"] = exact + grown(256, 10, 11) + grown(-1, 10, 11)
    assert rules.exact_and_small(result, "g")["verdict"] == "partly supported: exact yes, only small no"


def test_the_target_is_a_share_of_the_best_and_cost_is_where_a_curve_meets_it(rules):
    def training(batch, rate, *values):
        costs = [dict.fromkeys(("updates", "epochs", "cpu", "wall"), at) for at in range(1, len(values) + 1)]
        curve = [cost | {"val": val} for cost, val in zip(costs, values)]
        row = {"kind": "training", "graph": "g", "batch": batch, "rate": rate, "curve": curve}
        return row | {"val": max(values), "test": max(values)}

    rows = [training(16, 0.1, 0.2, 0.7, 1.0), training(16, 0.2, 0.2, 0.95, 0.96), training(-1, 0.1, 0.1, 0.5)]
    result = {"config": {"share": 0.9, "rate": 0.1}, "rows": rows}
    assert rules.target(result, "g") == pytest.approx(0.9)
    same = {found["batch"]: found["updates"] for found in rules.summary(result, "g", "same")}
    assert same == {16: 3, -1: inf}
    tuned = rules.summary(result, "g", "tuned")[0]
    assert (tuned["rate"], tuned["updates"]) == (0.2, 2)


# ---- aggregators


def test_aggregators_measures_its_three_modes(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    aggregators = importlib.import_module("benchmarks.aggregators")
    asked = []

    def load(name, split=0):
        asked.append((name, split))
        data = blocks(sparse=True, seed=split, name=name)
        return replace(data, labels=np.where(data.labels < 0, -1, data.labels // 2))

    monkeypatch.setattr(graphsage, "load_dataset", load)
    aggregators.main(["--runs", "2", "--epochs", "1", "--aggregators", "mean,std", "--out", str(tmp_path)])
    counts = {"aggregators": 2 * 2 * 2, "heterophilous": 3 * 2 * 2, "twitch": 2 * 2 * 6}
    for mode, count in counts.items():
        result = json.loads((tmp_path / f"{mode}.json").read_text())
        assert len(result["rows"]) == count and {"machine", "versions", "commit", "config", "configs"} <= result.keys()
        assert result["configs"][f"{result['rows'][-1]['graph']}, std"]["model"]["aggregator"] == "std"
        assert (tmp_path / f"{mode}.md").read_text().count("+-") == {"aggregators": 4, "heterophilous": 18, "twitch": 36}[mode]
    assert {("cora", 0), ("minesweeper", 1), ("twitch-de", 1), ("twitch-zhtw", 0)} <= set(asked)
    with pytest.raises(SystemExit):
        aggregators.main(["agregators"])


# ---- the model and its options


@pytest.fixture
def records(monkeypatch):
    monkeypatch.syspath_prepend(CHECKOUT)
    monkeypatch.setattr(graphsage, "load_dataset", lambda path, split=0: blocks(seed=split, name="amazon"))
    program = importlib.import_module("benchmarks.records.__main__")
    monkeypatch.setattr(program, "one_thread", lambda: None)
    return program


def test_records_measures_the_setting_beside_others(records, tmp_path, capsys):
    names = [f"--parts={','.join(part for part in records.PARTS if part not in ('trees', 'pyg'))}", "--epochs=2"]
    records.main(["cora", "--splits=2", *names, "--data", str(tmp_path), "--out", str(tmp_path)])
    result = json.loads((tmp_path / "records.json").read_text())
    assert [(row["part"], row["split"]) for row in result["rows"]][:4] == [
        ("sampled", 0), ("sampled", 1), ("full batch", 0), ("full batch", 1)
    ]  # fmt: skip
    assert {"without edges", "adamw", "average"} <= {row["part"] for row in result["rows"]}
    assert result["configs"]["cora, full batch"]["train"]["batch_size"] is None
    assert result["configs"]["cora, warm-up"]["train"]["warmup_epochs"] == 1
    assert "81.0 (plain, here)" in capsys.readouterr().out
    assert "Time to accuracy" in (tmp_path / "records.md").read_text()


def test_records_goes_on_and_drops_what_other_settings_gave(records, monkeypatch, tmp_path):
    asked = []
    found = {"test": 0.5, "validation": 0.5, "curve": "1.0 0.5", "cpu_seconds": {"training": 1.0}}
    monkeypatch.setattr(records, "trained", lambda config, dataset: asked.append(config.train.seed) or found)
    where = ["--parts", "sampled", "--data", str(tmp_path), "--out", str(tmp_path)]
    records.main(["cora", "--splits=2", *where])
    records.main(["cora", "--splits=3", *where])
    assert asked == [0, 1, 2]
    records.main(["cora", "--splits=1", "--epochs=3", *where])
    assert asked == [0, 1, 2, 0] and len(json.loads((tmp_path / "records.json").read_text())["rows"]) == 1


def test_records_keeps_no_row_of_half_a_training(records, monkeypatch):
    measuring = importlib.import_module("benchmarks.records.measuring")
    trainer = SimpleNamespace(fit=lambda: SimpleNamespace(interrupted=True))
    monkeypatch.setattr(measuring, "make_trainer", lambda *settings, **how: trainer)
    with pytest.raises(KeyboardInterrupt):
        measuring.trained(None, None)


def test_records_notes_a_try_without_its_test(records, tmp_path):
    where = ["--data", str(tmp_path), "--out", str(tmp_path)]
    records.main(["amazon_photo", "--try", "num_layers=2", "fanouts=2,2", "jumping=cat", "--splits=1", "--epochs=1", *where])
    (row,) = json.loads((tmp_path / "tries.json").read_text())
    changes = {"num_layers": 2, "fanouts": [2, 2], "jumping": "cat", "epochs": 1}
    assert changes.items() <= row["settings"].items() and row["settings"]["norm"] == "batch"
    assert 0 <= row["validation"] <= 1 and "test" not in row
    records.main(["amazon_photo", "--try", "batch_size=null", "--splits=1", "--epochs=1", *where])
    assert json.loads((tmp_path / "tries.json").read_text())[1]["settings"]["batch_size"] is None
    with pytest.raises(SystemExit):
        records.main(["amazon_foto", *where])


def test_records_tells_what_is_reached_and_when(records):
    tables, published = importlib.import_module("benchmarks.records.tables"), records.SETTINGS["amazon_photo"].published
    assert tables.is_reached([0.967, 0.968, 0.966], published) and not tables.is_reached([0.957, 0.958, 0.956], published)
    assert not tables.is_reached([0.811, 0.812, 0.809], (81.0, None, "plain, here"))
    assert tables.is_reached([0.815, 0.816, 0.814], (81.0, None, "plain, here"))
    assert tables.seconds_to("1.0 0.5, 2.5 0.9, 3.0 0.8", 0.85) == 2.5 and tables.seconds_to("1.0 0.5", 0.85) is None
    row = {"graph": "cora", "split": 0, "cpu_seconds": {"training": 2.0}}  # 0.9 is after Correct and Smooth
    pair = [row | {"part": "sampled", "curve": "1.0 0.5, 2.0 0.8", "validation": 0.9}]
    pair += [row | {"part": "full batch", "curve": "1.5 0.795", "validation": 0.8}]
    assert "| cora | 1 | 79.2 | 2.0 | 1.5 | 2 | 2 |" in tables.times_of(pair, ["cora"])
    for name in records.SETTINGS:
        config = records.config_of(name, 0)
        assert config.model.num_layers == len(config.train.fanouts)


def test_records_trains_pygs_model_of_the_same_options(records):
    installed = pytest.importorskip("torch_geometric.typing")
    if not (installed.WITH_TORCH_SPARSE or installed.WITH_PYG_LIB):
        pytest.skip("PyG's loader needs torch-sparse or pyg-lib")
    pyg, data = importlib.import_module("benchmarks.records.pyg_model"), blocks()
    model = graphsage.ModelConfig(
        num_layers=2, norm="layer", residual=True, input_layer="active", jumping="cat", dropout=0.2, hidden_features=16
    )
    train = graphsage.TrainConfig(fanouts=(5, 5), batch_size=20, epochs=30, seed=1, device="cpu")
    found = pyg.trained_by_pyg(graphsage.RunConfig(model=model, train=train), data)
    assert found["validation"] > 0.5 and found["curve"].count(",") == 29


def test_presets_measures_each_setting_once(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(CHECKOUT)
    presets = importlib.import_module("benchmarks.presets")
    monkeypatch.setattr(graphsage, "load_dataset", lambda path, split=0: blocks(seed=split))
    short = {"epochs": 1, "hidden_features": 4}
    settings = {"auto": {"preset": "auto", **short}, "plain": short, "same": {**short, "runs": 1}}
    monkeypatch.setattr(presets, "SETTINGS", settings)
    arguments = ["cora", "--seeds", "1", "--data", str(tmp_path), "--out", str(tmp_path)]
    presets.main(arguments)
    rows = json.loads((tmp_path / "presets.json").read_text())["rows"]
    assert [(row["setting"], row["preset"]) for row in rows] == [("auto", "small"), ("plain", "plain"), ("same", "plain")]
    assert rows[1]["test"] == rows[2]["test"] and rows[0]["config"]["train"]["batch_size"] == 32
    assert "| cora | 1 | small |" in capsys.readouterr().out
    monkeypatch.setattr(presets, "make_trainer", None)  # what is measured is not measured again
    presets.main(arguments)
    assert json.loads((tmp_path / "presets.json").read_text())["rows"] == rows


def test_model_options_measures_each_beside_the_plain_model(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    monkeypatch.setenv("GRAPHSAGE_BENCH_CACHE", str(tmp_path))
    options = importlib.import_module("benchmarks.model_options")
    monkeypatch.setattr(options, "one_thread", lambda: None)
    options.main(["--rounds", "1", "--scale", "6", "--batch", "16", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "model_options.json").read_text())["rows"]
    assert [row["model"] for row in rows] == list(options.MODELS) and rows[0]["train_ratio"] == 1


# ---- beside PyG, and LABOR


def test_pyg_dropin_tells_what_pyg_alone_says(monkeypatch, tmp_path):
    pytest.importorskip("torch_geometric")
    monkeypatch.syspath_prepend(CHECKOUT)
    monkeypatch.setenv("GRAPHSAGE_BENCH_CACHE", str(tmp_path))
    program = importlib.import_module("benchmarks.pyg_dropin.__main__")
    ours = {program.OURS: program.LOADERS[program.OURS]}
    monkeypatch.setattr(program, "LOADERS", ours | {program.THEIRS: program.LOADERS[program.OURS]})
    monkeypatch.setattr(program.installed, "WITH_TORCH_SPARSE", True)
    program.main(["--quick", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "pyg_dropin.json").read_text())
    assert result["alone"].startswith("ImportError: 'NeighborSampler' requires either 'pyg-lib' or 'torch-sparse'")
    assert len(result["rows"]) == 3 * 2 + 2 * 4
    assert all(0 <= score <= 1 for row in result["rows"] if row["part"] == "accuracy" for score in row["test"])
    tables = (tmp_path / "pyg_dropin.md").read_text()
    assert tables.count("): equal") + tables.count("): **unlike**") == 3
    assert program.difference([0.0, 2.0], [1.0, 1.0]) == (0, 1)


def test_typed_accuracy_trains_all_that_it_compares(monkeypatch, tmp_path):
    pytest.importorskip("torch_geometric")
    monkeypatch.syspath_prepend(CHECKOUT)
    program = importlib.import_module("benchmarks.typed_accuracy.__main__")
    program.main(["--quick", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "typed_accuracy.json").read_text())
    methods = [program.OURS, program.ALONE, program.MERGED, *program.PEERS]
    assert [row["method"] for row in result["rows"]] == methods and not result["left_out"]
    assert all(0 <= row[part][kind] <= 1 for row in result["rows"] for part in ("val", "test") for kind in ("macro", "micro"))
    assert all(row["updates"] == 2 and row["best"] in (1, 2) for row in result["rows"])
    assert "TypedGraphSAGE has" in (tmp_path / "typed_accuracy.md").read_text()


def test_labor_is_compared_at_the_fanout_of_nearest_variance(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    labor = importlib.import_module("benchmarks.labor")
    monkeypatch.setattr(labor, "real_datasets", lambda names, left_out: {"debian": blocks(sparse=True, name="debian")})
    monkeypatch.setattr(labor, "batches_of", lambda dataset, draw, k, options: {
        "draw": draw, "k": k, "variance": 1 / k + (draw == "labor") * 0.15, "nodes": k, "cpu": 0.1,
    })  # fmt: skip
    labor.main(["--quick", "--ks", "2,3,4", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "labor.json").read_text())["rows"]
    assert [(row["draw"], row["k"], len(row["test"])) for row in rows] == [("uniform", 2, 2), ("labor", 3, 2)]


def test_mapped_graph_measures_each_stage(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHSAGE_BENCH_CACHE", str(tmp_path))
    words = ["--quick", "--folder", str(tmp_path / "graph"), "--out", str(tmp_path)]
    for _ in range(2):  # the second time it is opened as it is; a process of its own, as it forks
        subprocess.run([sys.executable, "-m", "benchmarks.mapped_graph", *words], check=True, cwd=CHECKOUT, capture_output=True)
    result = json.loads((tmp_path / "mapped_graph.json").read_text())
    assert [row["what"] for row in result["rows"]] == ["written", "opened", "trained", "compared"] and not result["broken"]
    assert result["rows"][1]["nodes"] == 256 and result["rows"][3]["equal"] and str(tmp_path) not in json.dumps(result["rows"])
    text = (tmp_path / "mapped_graph.md").read_text()
    assert "| trained |" in text and "Losses are equal to the bit" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph", "graph.json", "mapped_graph.json", "mapped_graph.md"]
    options = SimpleNamespace(cap=4, scale=24)
    result["rows"][2]["group"], result["rows"][1]["read"], result["rows"][3]["equal"] = 5, 10**12, False
    told = ["trained took more than 4 GiB", "opening read the files through", "batches of a map are others"]
    monkeypatch.syspath_prepend(CHECKOUT)
    assert list(importlib.import_module("benchmarks.mapped_graph").broken(result, options)) == told
def test_beyond_memory_makes_sure_that_batches_are_the_same(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    monkeypatch.setenv("GRAPHSAGE_BENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    program = importlib.import_module("benchmarks.beyond_memory.__main__")
    program.main(["--quick", "--kinds", "memory;cache 20%", "--out", str(tmp_path / "out")])
    result = json.loads((tmp_path / "out" / "beyond_memory.json").read_text())
    assert [row["kind"] for row in result["rows"]] == ["memory", "cache 20%"] and not list(tmp_path.glob("beyond-*"))
    assert "| cache 20% |" in (tmp_path / "out" / "beyond_memory.md").read_text()
    memory, kept = (row["rounds"][0] for row in result["rows"])
    assert 0 < kept["cold"]["hits"] < kept["cold"]["asked"] and kept["cold"]["losses"] == memory["cold"]["losses"]
    result["rows"][0]["rounds"][0]["warm"]["batches"] = "another"
    with pytest.raises(SystemExit, match="batches of the warm passes differ between kinds"):
        program.check_same(result)
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_large_embedding_ends_with_the_same_bytes(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    program = importlib.import_module("benchmarks.large_embedding")
    program.main(["--quick", "--nodes", "400", "--kills", "0.5", "--out", str(tmp_path), "--folder", str(tmp_path)])
    rows = json.loads((tmp_path / "large_embedding.json").read_text())["rows"]
    assert [row["run"] for row in rows] == ["undisturbed", "killed", "gone on with"]
    assert rows[0]["sha256"] == rows[2]["sha256"] and "the same bytes" in (tmp_path / "large_embedding.md").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large_embedding.json", "large_embedding.md"]
    with pytest.raises(RuntimeError, match="the embedding that was killed is another one"):
        program.check({"rows": [{"sha256": sha} for sha in "ab"]}, SimpleNamespace(size="quick"))


def test_kept_memory_measures_both_kinds(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    monkeypatch.setenv("GRAPHSAGE_BENCH_CACHE", str(tmp_path))
    program = importlib.import_module("benchmarks.kept_memory")
    if not program.keep_memory():
        pytest.skip("this C library is not glibc")
    program.main(["--quick", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "kept_memory.json").read_text())["rows"]
    assert [(row["fanouts"], row["features"]) for row in rows][:2] == [("15,10", "float32"), ("15,10", "bfloat16")]
    assert all(set(row["rounds"]) == {"given back", "kept"} for row in rows)
    assert "| 15,10 | float32 |" in (tmp_path / "kept_memory.md").read_text()


def test_an_import_beyond_memory_is_measured_beside_one_in_memory(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    monkeypatch.setenv("GRAPHSAGE_BENCH_CACHE", str(tmp_path / "cache"))
    program = importlib.import_module("benchmarks.external_import")
    ways = []

    def watched(command, group=None, environment=None):
        folder, memory = Path(command[4]), command[6]
        assert (folder / "edges.csv").read_text().count("\n") == 1 + {"fits": 1000, "large": 2000}[folder.name]
        monkeypatch.setattr(edges_apart, "PER_EDGE", 1 if memory == "1000GB" else 10**12)
        _, text = import_tables(folder, memory=as_memory(memory))
        ways.append(memory)
        return {"seconds": 1.0, "cpu": 1.0, "private": 5.0 if memory == "4.0GiB" else 1.0, "group": None}

    monkeypatch.setattr(program, "watched", watched)
    monkeypatch.setattr(program, "sorted_by_hand", lambda folder, memory: None)
    with pytest.raises(SystemExit, match="^the large import took more than 4.0 GiB$"):
        program.main(["--quick", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "external_import.json").read_text())["rows"]
    assert ways == ["4.0GiB", "1000GB", "512MB"] and [row["way"] for row in rows] == ["in files", "in memory", "in files"]
    assert rows[1]["arrays"] == rows[2]["arrays"] and not any((tmp_path / "cache").iterdir())
def test_ranks_fails_where_a_training_is_another(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(CHECKOUT)
    program = importlib.import_module("benchmarks.ranks.__main__")
    facts = {"updates": 2, "bytes": 4000, "steps": [2.0, 1.0, 1.0]}
    weights = {("ordered", 2): {"a": torch.ones(2)}}
    monkeypatch.setattr(program, "trained", lambda options, size, gradients, folder: (
        facts, weights.get((gradients, size), {"a": torch.ones(2)}),
    ))  # fmt: skip
    monkeypatch.setattr(program, "changed", lambda options, folder, flags, sizes: {
        "part": "resumed", "ranks": "2 -> 1", "gradients": "ordered", "same": True,
    })  # fmt: skip
    monkeypatch.setattr(program, "kills", lambda options, folder, flags: [
        {"part": "kill -9", "gradients": "ordered", "killed": True, "seconds": 9.0, "whole": 4.0, "same": True},
    ])  # fmt: skip
    program.main(["--quick", "--out", str(tmp_path)])
    text = (tmp_path / "ranks.md").read_text()
    assert "| ordered | 2 | 0 | 1.00 | 1.00 | 2,000 |" in text and "1 trainings on 2 processes" in text
    weights["ordered", 2] = {"a": torch.ones(2) + 1e-6}
    with pytest.raises(SystemExit, match="^the weights differ: "):
        program.main(["--quick", "--out", str(tmp_path)])


def test_help_with_a_percent_sign(capsys):
    options = importlib.import_module("benchmarks.shared.options")
    with pytest.raises(SystemExit) as found:
        options.options_of("x", "What.", {"full": {"kinds": "cache 5%"}}, {"kinds": (str, "kinds, in %")}, ["--help"])
    assert found.value.code == 0 and "kinds, in % (full: cache 5%)" in capsys.readouterr().out
