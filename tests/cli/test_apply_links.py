"""``graphsage predict``, ``evaluate`` and ``embed`` of a model of links: what they print, write and refuse."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked, saved

import graphsage as gs
from graphsage.base import progress as cli_progress
from graphsage.config.toml import write_config
from graphsage.runs.run import build_model, run as train
from graphsage.trained.save import save_trained

PAIRS = "source,target\nn199,n3\nn3,n199\nn77,n5\nn199,n3\n"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """No progress, however busy the machine is."""
    monkeypatch.setattr(cli_progress, "PATIENCE", 1e9)


@pytest.fixture
def run(tmp_path):
    """The folder of a run of an untrained model of links on ``mine.npz``."""
    folder = tmp_path / "runs" / "mine-1"
    folder.mkdir(parents=True)
    linked(name="mine").save(tmp_path / "mine.npz")
    saved(folder, gs.load_dataset(tmp_path / "mine.npz"), link_config(links={"decoder": "mlp"}))
    (folder / "config.toml").write_text(f'dataset = {json.dumps(str(tmp_path / "mine.npz"))}\ntask = "links"\n')
    return folder


@pytest.fixture
def data(run):
    return gs.load_dataset(run.parents[1] / "mine.npz")


@pytest.fixture
def pairs(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "pairs.csv").write_text(PAIRS)
    return tmp_path / "pairs.csv"


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_pairs_are_scored_in_their_order(command, run, data, pairs):
    code, out, _ = command("predict", run, "--pairs", pairs)
    found, trained = rows_of(run / "predict.csv"), gs.load_trained(run)
    assert code == 0 and list(found[0]) == ["source", "target", "probability"]
    assert [(row["source"], row["target"]) for row in found] == [tuple(line.split(",")) for line in PAIRS.splitlines()[1:]]
    expected = trained.score(data, [[0, 196], [196, 0], [122, 194], [0, 196]])
    np.testing.assert_array_equal(np.array([row["probability"] for row in found], np.float32), expected)
    lines = out.splitlines()
    assert lines[0] == f"Asked on all {data.graph.num_edges:,} edges of the dataset, the validation and test links too."
    assert lines[1] == f"Saved in {run / 'predict.csv'}: 4 rows" and lines[2].split() == ["source", "target", "probability"]
    assert lines[-1].startswith("Probability: the share of links to expect")


def test_pairs_as_parquet(command, run, pairs, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    parquet.write_table(pa.table({"from": ["n1"], "to": ["n2"]}), tmp_path / "p.parquet")
    assert command("predict", run, "--pairs", tmp_path / "p.parquet", "--out", tmp_path / "o.parquet")[0] == 0
    (row,) = parquet.read_table(tmp_path / "o.parquet").to_pylist()
    assert (row["source"], row["target"]) == ("n1", "n2") and 0 <= row["probability"] <= 1


def test_the_best_partners_of_nodes(command, run, data, tmp_path):
    code, out, err = command("predict", run, "--nodes", "n3, n77,n3", "--top", 4)
    found = rows_of(run / "predict.csv")
    assert (code, err) == (0, "") and list(found[0]) == ["node", "rank", "partner", "probability"]
    expected = gs.load_trained(run).top(data, [196, 122], 4)  # once each
    assert [row["partner"] for row in found] == data.node_ids[expected.partners].tolist()
    assert [(row["node"], row["rank"]) for row in found] == [(node, rank) for node in ("n3", "n77") for rank in "1234"]
    assert "partners that a node is linked with already are left out" in out and out.count("\n") == 2 + 9 + 1
    command("predict", run, "--nodes", "n3")
    assert len(rows_of(run / "predict.csv")) == 10


def test_drawn_neighbours(command, run, pairs):
    command("predict", run, "--pairs", pairs)
    exact = (run / "predict.csv").read_bytes()
    assert command("predict", run, "--pairs", pairs, "--sampled", "--fanouts", "2,2", "--seed", 5)[0] == 0
    assert (run / "predict.csv").read_bytes() != exact


def test_evaluate_tells_of_the_kept_links(command, run, data):
    code, out, err = command("evaluate", run)
    trained = gs.load_trained(run)
    scores = trained.evaluate(trained.split(data))
    assert (code, err) == (0, "") and out.startswith("mine: 200 nodes (3 isolated)")
    assert "Links are split as in the training (seed 0), and each is ranked among 20." in out
    titles, *rows, after = out.splitlines()[-4:]
    assert after == f"Next: graphsage predict {run} --nodes A,B"
    assert titles.split() == ["links", "loss", "MRR", "ROC", "AUC", "average", "precision", "hits@1", "hits@3", "hits@10"]
    for row, (part, of) in zip(rows, scores.items()):
        assert row.split()[0] == {"val": "validation", "test": "test"}[part] and f" {of['mrr']:.3f} " in row
    assert command("evaluate", run, "--sampled", "--fanouts", "1,1")[1] != out


def test_embed_is_what_pairs_are_compared_by(command, run, data):
    code, out, _ = command("embed", run)
    assert code == 0 and "float32 [200, 16]" in out
    np.testing.assert_array_equal(np.load(run / "embed.npy"), gs.load_trained(run).embed(data))


def test_a_grown_graph_is_said_to_be_another(command, run, pairs, data, tmp_path):
    folder = run.parents[1]
    src, dst = data.graph.to_edges()
    kept = np.flatnonzero(src < dst)[9:]
    graph = gs.Graph.from_edges(src[kept], dst[kept], 200, undirected=True)
    train(link_config(epochs=1), data, folder=tmp_path / "trained", log=lambda line: None)
    write_config(replace(link_config(), dataset=str(folder / "mine.npz")), tmp_path / "trained" / "config.toml")
    assert "Not the data" not in command("predict", tmp_path / "trained", "--pairs", pairs)[1]
    replace(data, graph=graph).save(tmp_path / "other.npz")
    out = command("predict", tmp_path / "trained", tmp_path / "other.npz", "--pairs", pairs)[1]
    assert out.startswith("Not the data of the training: edges ")


@pytest.mark.parametrize("text, sentence", [
    ("source\nn1\n", "has no column "),
    ("", "is empty"),
    ("source,target\n", "lists no pair: there is a first line with the columns' names, and nothing below"),
    ("source,target\nn1,n2\nn1,bob\n", "line 3: target is 'bob', which is not a node of mine"),
    ("source,target\nn1,\n", "line 2: target is empty"),
])  # fmt: skip
def test_bad_files_of_pairs(text, sentence, refused, run, pairs):
    pairs.write_text(text)
    assert sentence in refused("predict", run, "--pairs", pairs)
    assert not (run / "predict.csv").exists()


@pytest.mark.parametrize("arguments, sentence", [
    ("predict RUN", "RUN is a model of links: say which by --pairs FILE, or whose best partners by --nodes A,B"),
    ("predict RUN --nodes n1 --top 0", "--top must be an integer >= 1, got 0"),
    ("predict RUN --top 3", "--top says how many partners of each of --nodes: name them, or leave it out"),
    ("predict RUN --pairs PAIRS --top 3", "--top says how many partners of each of --nodes: name them, or leave it out"),
    ("predict RUN --nodes bob", "--nodes: 'bob' is not a node of mine: give a name, or a number below 200"),
    ("predict RUN --pairs nowhere.csv", "nowhere.csv cannot be read: it is no file"),
    ("predict RUN --pairs RUN/config.toml", "RUN/config.toml cannot be read: its name must end in .csv, .tsv, .txt (also .gz, "
     ".bz2, .xz) or .parquet"),
    ("predict RUN --nodes n1 --probabilities", "--probabilities is for models of nodes, and RUN is one of links: leave it out"),
    ("predict RUN --part val", "--part is for models of nodes, and RUN is one of links: leave it out"),
    ("evaluate RUN --split 1", "--split is for models of nodes, and RUN is one of links: leave it out"),
    ("evaluate RUN --sampled --seed 1", "--seed: candidates and draws of links are those of the training: leave it out"),
])  # fmt: skip
def test_what_models_of_links_refuse(arguments, sentence, refused, run, pairs):
    typed = [{"RUN": run, "PAIRS": pairs}.get(word, word.replace("RUN", str(run))) for word in arguments.split()]
    assert refused(*typed) == sentence.replace("RUN", str(run))


def test_what_models_of_nodes_refuse(refused, tmp_path, pairs):
    data, config = blocks(name="mine"), configured()
    save_trained(tmp_path, build_model(config, data), data, config.train)
    for flags, name in ((("--pairs", pairs), "pairs"), (("--nodes", "1", "--top", "3"), "top")):
        found = refused("predict", tmp_path, *flags)
        assert found == f"--{name} is for models of links, and {tmp_path} is one of nodes: leave it out"


def test_pairs_and_nodes_are_two_questions(command, run, pairs):
    code, _, err = command("predict", run, "--pairs", pairs, "--nodes", "n1")
    assert code == 2 and "not allowed with argument" in err
