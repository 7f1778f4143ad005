"""A trained model on graphs: the model's own numbers, for the nodes asked for, in their order, under their names."""

import csv
from dataclasses import replace

import naive_nn
import numpy as np
import pytest
import torch
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, UNLABELLED, blocks, configured
from helpers.typed_data import papers

import graphsage as gs
from graphsage.graph.graph import Graph
from graphsage.runs.run import build_model
from graphsage.trained.outputs import write_embedding, write_predictions
from graphsage.trained.tables_out import check_path, write_table
from graphsage.training.tasks import accuracy, macro_f1

NAMES = ("north", "south", "east", "west")


def trained_on(dataset, model=None, **changes):
    """A ``Trained`` with weights that nobody trained: numbers are all the tests need."""
    config = configured(model, fanouts=(5,) * (model or {}).get("num_layers", 2))
    given = {
        "model": build_model(config, dataset).eval(),
        "task": dataset.task,
        "metric": "accuracy",
        "class_names": dataset.class_names,
        "normalized_features": False,
        "isolated": "empty",
        "fanouts": config.train.fanouts,
        "schema": None,
        "name": dataset.name,
    }
    return gs.Trained(**{**given, **changes})


def rows_of(dataset):
    return naive_nn.rows_of(dataset.graph.indptr, dataset.graph.indices)


# ---- the numbers


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("aggregator", ["mean", "gcn", "max_pool"])
@pytest.mark.parametrize("sparse", [False, True])
def test_outputs_are_the_twins(sparse, aggregator, isolated):
    dataset = blocks(sparse=sparse)
    trained = trained_on(dataset, {"aggregator": aggregator}, isolated=isolated, normalized_features=sparse)
    x = dataset.features.to_scipy().toarray() if sparse else dataset.features
    x = x / np.maximum(np.abs(x).sum(1, keepdims=True), 1e-30) if sparse else x
    rows = [row or [v] * (isolated == "self") for v, row in enumerate(rows_of(dataset))]
    found = trained.outputs(dataset)
    assert found.dtype == np.float32 and found.shape == (200, NUM_CLASSES)
    np.testing.assert_allclose(found, naive_nn.forward(trained.model, rows, x, range(200)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("aggregator", ["mean", "attention"])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_drawn_from_all_neighbours_is_exact(num_layers, aggregator, isolated):
    dataset = blocks()
    trained = trained_on(dataset, {"num_layers": num_layers, "aggregator": aggregator}, isolated=isolated)
    everyone = (-1,) * num_layers
    for apply in (trained.outputs, trained.embed)[: min(num_layers, 2)]:
        np.testing.assert_allclose(apply(dataset, fanouts=everyone), apply(dataset), rtol=1e-5, atol=1e-5)


def test_drawn_outputs_are_a_function_of_the_seed():
    dataset = blocks()
    trained = trained_on(dataset)
    first, again, other = (trained.outputs(dataset, fanouts=(2, 2), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and (first != trained.outputs(dataset)).any()


def test_the_last_layer_makes_the_outputs_of_the_embedding():
    dataset = blocks()
    trained = trained_on(dataset, {"num_layers": 3, "normalize": True, "combine": "concat"})
    h, last = trained.embed(dataset), naive_nn._numbers(trained.model.layers[-1])
    assert h.shape == (200, 32) == (200, trained.embedding_width) and h.min() == 0
    made = h @ last["weight_self"].T + naive_nn.reduce("mean", rows_of(dataset), h) @ last["weight_neigh"].T + last["bias"]
    np.testing.assert_allclose(made, trained.outputs(dataset), rtol=1e-5, atol=1e-5)
    # of layers that are not computed the fanouts play no role
    some = trained.embed(dataset, fanouts=(-1, -1, 1))
    np.testing.assert_allclose(some, h, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("fanouts", [None, (-1, -1)])
def test_nodes_come_in_the_order_asked_for(fanouts, monkeypatch):
    monkeypatch.setattr("graphsage.trained.outputs.BATCH_SIZE", 7)  # several batches, drawn in another order
    dataset = blocks()
    trained, nodes = trained_on(dataset), [199, 3, 5, 3, 0]
    for apply in (trained.outputs, trained.embed):
        everything = apply(dataset, fanouts=fanouts)
        np.testing.assert_allclose(everything, apply(dataset), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(apply(dataset, nodes, fanouts=fanouts), everything[nodes], rtol=1e-5, atol=1e-5)
        assert apply(dataset, [], fanouts=fanouts).shape == (0, everything.shape[1])
    assert trained.predict(dataset, nodes, fanouts=fanouts).nodes.tolist() == nodes


def test_edge_weights_are_not_read():
    dataset, plain = blocks(), blocks().graph
    weights = np.linspace(1, 2, plain.num_edges)
    weighted = replace(dataset, graph=Graph.from_csr(plain.indptr, plain.indices, weights=weights))
    trained = trained_on(dataset)
    for fanouts in (None, (-1, -1)):
        outputs = trained.outputs(weighted, fanouts=fanouts)
        np.testing.assert_allclose(outputs, trained.outputs(dataset), rtol=1e-5, atol=1e-5)


# ---- nodes that did not exist


def part_of(dataset, count):
    """The dataset of the first ``count`` nodes and the edges among them."""
    matrix = dataset.graph.to_scipy()[:count, :count]
    splits = {split: getattr(dataset, split) for split in ("train", "val", "test")}
    return replace(
        dataset,
        graph=Graph.from_scipy(matrix),
        features=dataset.features[:count],
        labels=dataset.labels[:count],
        **{split: nodes[nodes < count] for split, nodes in splits.items()},
    )


def test_a_grown_graph():
    """Trained on 400 nodes, asked about 600: new nodes get predictions, and nothing changes where nothing is new nearby."""
    grown = gs.load_dataset("sbm:nodes=600,classes=4,degree=3,train=0.4")
    small, config = part_of(grown, 400), configured()
    model = build_model(config, small)
    gs.Trainer(model, small, config.train, log=None).fit()
    trained = replace(trained_on(small), model=model)
    before, after = trained.outputs(small), trained.outputs(grown)
    rows = [set(row) for row in rows_of(grown)]
    same = [v for v in range(400) if max({v, *rows[v], *(u for w in rows[v] for u in rows[w])}) < 400]
    changed = [v for v in range(400) if max(rows[v], default=0) >= 400]
    assert len(same) > 30 and len(changed) > 30
    np.testing.assert_array_equal(after[same], before[same])
    assert (after[changed] != before[changed]).any(1).all()
    right = accuracy(torch.from_numpy(after[400:]), torch.from_numpy(grown.labels[400:]))
    assert right > 0.6  # by chance 0.25


def test_another_graph_with_the_same_features():
    dataset, other = blocks(), blocks(seed=1)
    trained = trained_on(dataset)
    x, rows = other.features, rows_of(other)
    np.testing.assert_allclose(
        trained.outputs(other), naive_nn.forward(trained.model, rows, x, range(200)), rtol=1e-5, atol=1e-5
    )


def test_other_features_are_refused():
    trained, other = trained_on(blocks()), blocks(features=np.ones((200, 7), np.float32))
    for apply in (trained.outputs, trained.embed, trained.predict, trained.evaluate):
        with pytest.raises(ValueError, match=f"the model takes {NUM_FEATURES} features a node, but blocks has 7"):
            apply(other)


# ---- scores


def test_scores_of_each_part():
    dataset = blocks(val=[])
    trained = trained_on(dataset)
    logits, labels = torch.from_numpy(trained.outputs(dataset)), torch.from_numpy(dataset.labels.copy())
    scores = trained.evaluate(dataset)
    assert list(scores) == ["train", "test", "all"]
    parts = {"train": dataset.train, "test": dataset.test, "all": np.delete(np.arange(200), UNLABELLED)}
    for part, nodes in parts.items():
        rows, own = logits[nodes.copy()], labels[nodes.copy()]
        assert scores[part] == {
            "nodes": len(nodes), "loss": pytest.approx(torch.nn.functional.cross_entropy(rows, own).item()),
            "accuracy": accuracy(rows, own), "macro_f1": pytest.approx(macro_f1(rows, own)),
        }  # fmt: skip


@pytest.mark.parametrize("labels, names", [
    (np.arange(200) % 2, ["nodes", "loss", "accuracy", "macro_f1", "roc_auc"]),
    (np.eye(200, 3, dtype=bool), ["nodes", "loss", "micro_f1", "macro_f1"]),
    (np.linspace(0, 1, 200), ["nodes", "loss", "r2"]),
])  # fmt: skip
def test_scores_are_those_of_the_task(labels, names):
    dataset = blocks(labels=labels)
    scores = trained_on(dataset).evaluate(dataset)
    assert [list(of) for of in scores.values()] == [names] * 4


def test_roc_auc_of_one_class_is_none():
    labels = np.zeros(200, int)
    labels[blocks().test] = np.arange(99) % 2
    dataset = blocks(labels=labels)
    scores = trained_on(dataset).evaluate(dataset)
    assert scores["train"]["roc_auc"] is None and 0 < scores["test"]["roc_auc"] < 1


def test_classes_are_matched_by_name():
    dataset = blocks(class_names=NAMES)
    trained, order = trained_on(dataset), [2, 0, 3, 1]  # class c is called NAMES[c]
    labels = np.where(dataset.labels < 0, -1, np.argsort(order)[dataset.labels])
    other = replace(dataset, labels=labels, class_names=[NAMES[c] for c in order])
    assert trained.evaluate(other) == trained.evaluate(dataset)
    assert trained.evaluate(replace(other, class_names=None)) != trained.evaluate(dataset)
    fewer = replace(dataset, labels=np.minimum(dataset.labels, 0), class_names=["north", "nobody has this"])
    assert trained.evaluate(fewer)["all"]["nodes"] == 199


def test_columns_are_matched_by_name():
    labels = np.random.default_rng(0).random((200, 3)) < 0.4
    dataset = blocks(labels=labels, class_names=["red", "green", "blue"])
    trained = trained_on(dataset, metric="micro_f1")
    other = replace(dataset, labels=labels[:, [1, 2, 0]], class_names=["green", "blue", "red"])
    assert trained.evaluate(other) == trained.evaluate(dataset)
    with pytest.raises(ValueError, match="the model tells red, green, blue apart, but the labels of blocks are red, "):
        trained.evaluate(replace(dataset, class_names=["red", "green", "grey"]))


@pytest.mark.parametrize("changes, sentence", [
    ({"labels": np.full(200, -1), "train": [], "val": [], "test": []}, "blocks has no labelled node"),
    ({"labels": np.linspace(0, 1, 200)}, "the model was trained for a multiclass task, but blocks is a regression one"),
    ({"labels": np.arange(200) % 5}, "the model gives 4 classes, but blocks has 5"),
    ({"class_names": ["north", "south", "east", "up"]}, "the model does not know the class 'up' of blocks: it knows north, "),
])  # fmt: skip
def test_labels_that_do_not_fit_are_refused(changes, sentence):
    trained = trained_on(blocks(class_names=NAMES))
    with pytest.raises(ValueError, match=sentence):
        trained.evaluate(blocks(**changes))
    assert len(trained.predict(blocks(**changes))) == 200  # predictions need no labels


def test_other_numbers_of_outputs_are_refused():
    for labels, kind in ((np.ones((200, 3)), "numbers a node"), (np.ones((200, 3), bool), "classes")):
        trained = trained_on(blocks(labels=labels))
        with pytest.raises(ValueError, match=f"the model gives 3 {kind}, but blocks has 2"):
            trained.evaluate(blocks(labels=labels[:, :2]))


# ---- tables


def table_of(path):
    """{column: cells} of a file of either kind; a CSV has texts."""
    if path.suffix == ".parquet":
        return pytest.importorskip("pyarrow.parquet").read_table(path).to_pydict()
    with open(path, encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    return dict(zip(names, map(list, zip(*rows))))


def test_columns_of_predictions():
    ids = np.array([f'node "{v}", ü' for v in range(200)], object)
    dataset = blocks(class_names=NAMES, node_ids=ids)
    found = trained_on(dataset).predict(dataset, [7, 0])
    assert found.labels.tolist() == found.outputs.argmax(1).tolist()
    np.testing.assert_allclose(found.probabilities, torch.from_numpy(found.outputs).softmax(1), rtol=1e-6)
    columns = found.columns(dataset, probabilities=True)
    assert list(columns) == ["node", "predicted", "probability", *(f"probability_{name}" for name in NAMES)]
    assert columns["node"] == [ids[7], ids[0]]
    assert columns["predicted"] == [NAMES[c] for c in found.labels]
    np.testing.assert_array_equal(columns["probability"], found.probabilities.max(1))
    np.testing.assert_array_equal(columns["probability_east"], found.probabilities[:, 2])
    assert list(found.columns(dataset)) == ["node", "predicted", "probability"]


def test_columns_name_the_nodes_of_the_target():
    typed = papers(node_ids={"paper": [f"p{v}" for v in range(120)], "venue": list("abcde")})
    outputs = np.eye(3, dtype=np.float32)[:2]
    found = gs.Predictions(nodes=np.array([7, 0]), outputs=outputs, task="multiclass", class_names=None)
    assert found.columns(typed)["node"] == ["p7", "p0"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_known_and_predicted_of_all_nodes(suffix, tmp_path, monkeypatch):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    monkeypatch.setattr("graphsage.trained.tables_out.CHUNK", 1)  # the last chunk has neither label nor split
    dataset = blocks(node_ids=np.arange(200) * -(10**12))
    outputs, path = trained_on(dataset).outputs(dataset), tmp_path / f"all{suffix}"
    write_predictions(path, dataset, torch.from_numpy(outputs), class_names=NAMES)
    table = table_of(path)
    assert list(table) == ["node", "split", "label", "predicted", "probability"]
    texts = {name: ["" if cell is None else str(cell) for cell in cells] for name, cells in table.items()}
    assert texts["node"] == list(map(str, np.arange(200) * -(10**12)))
    assert [texts["split"][v] for v in (dataset.train[0], dataset.val[0], dataset.test[0])] == ["train", "val", "test"]
    assert texts["split"][UNLABELLED] == texts["label"][UNLABELLED] == ""
    assert texts["label"][:199] == list(map(str, dataset.labels[:199]))
    assert texts["predicted"] == [NAMES[c] for c in outputs.argmax(1)]
    shares = torch.from_numpy(outputs).softmax(1).amax(1).numpy()
    np.testing.assert_array_equal(np.array(table["probability"], np.float32), shares)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_tables_of_several_labels_and_of_numbers(tmp_path):
    labels = np.array([[1, 0, 1], [0, 0, 0], [-1, -1, -1]])[np.arange(200) % 3]
    dataset = blocks(labels=labels, class_names=["a", "b", "c"], train=[0, 1], val=[], test=[])
    outputs = np.array([[1.5, -2, 0.25], [-1, -1, -1]], np.float32)[np.arange(200) % 2]
    write_predictions(tmp_path / "t.csv", dataset, outputs)
    table = table_of(tmp_path / "t.csv")
    assert list(table) == ["node", "split", "label", "predicted", "probability_a", "probability_b", "probability_c"]
    assert table["label"][:3] == ["a; c", "", ""] and table["predicted"][:2] == ["a; c", ""]
    assert float(table["probability_c"][0]) == pytest.approx(1 / (1 + np.exp(-0.25)), rel=1e-6)
    targets = np.stack([np.arange(200.0), np.full(200, 0.5)], 1)
    targets[5] = np.nan
    two = ["label_0", "label_1", "predicted_0", "predicted_1"]
    for columns, names in ((targets, two), (targets[:, 0], ["label", "predicted"])):
        dataset = blocks(labels=columns, train=[0, 1], val=[], test=[])
        write_predictions(tmp_path / "t.csv", dataset, np.full((200, dataset.num_outputs), 0.1, np.float32))
        table = table_of(tmp_path / "t.csv")
        assert list(table) == ["node", "split", *names]
        assert table[names[0]][4:6] == ["4.0", ""] and table[names[-1]][5] == "0.1"


@pytest.mark.parametrize("suffix", [".npy", ".parquet"])
def test_embeddings_as_files(suffix, tmp_path):
    dataset = blocks(node_ids=np.array([f"n{v}" for v in range(200)], object))
    trained, path = trained_on(dataset), tmp_path / f"e{suffix}"
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    expected = trained.embed(dataset)
    np.testing.assert_array_equal(write_embedding(path, trained, dataset, fanouts=None), expected)
    if suffix == ".npy":
        found = np.load(path)
        assert found.dtype == np.float32
    else:
        table = table_of(path)
        assert table["node"] == dataset.node_ids.tolist()
        found = np.array(table["embedding"], np.float32)
    np.testing.assert_array_equal(found, expected)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_rows_go_straight_to_the_file(tmp_path):
    """No array of the whole embedding is made beside the memory map."""
    dataset = blocks()
    trained, out = trained_on(dataset), np.memmap(tmp_path / "m", np.float32, "w+", shape=(200, 16))
    for fanouts in (None, (-1, -1)):
        out[:] = -1
        assert np.shares_memory(trained.embed(dataset, out=out, fanouts=fanouts), out)
        np.testing.assert_allclose(out, trained.embed(dataset), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="out is for all nodes: leave out nodes"):
        trained.embed(dataset, [1], out=out)
    for fanouts in (None, (-1, -1)):
        with pytest.raises(ValueError, match=r"out must be a float32 array of shape \(200, 16\), got float64 \(200, 16\)"):
            trained.embed(dataset, out=out.astype(float), fanouts=fanouts)


def interrupted(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["old.csv", "old.parquet", "old.npy"])
def test_what_is_cut_short_leaves_the_old_file(name, tmp_path):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    path, dataset = tmp_path / name, blocks()
    path.write_text("old")

    def chunks():
        yield {"node": np.arange(3)}
        interrupted()

    with pytest.raises(KeyboardInterrupt):
        if name.endswith(".npy"):
            write_embedding(path, trained_on(dataset), dataset, progress=interrupted)
        else:
            write_table(path, chunks())
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_an_error_and_no_crash(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        write_embedding(tmp_path / "e.npy", trained_on(blocks()), blocks())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name, sentence", [
    ("x.txt", r"x\.txt must end in \.csv or \.parquet, which says what is written"),
    ("x", r"x must end in \.csv or \.parquet"),
    ("no/x.csv", r"no/x\.csv cannot be written: there is no folder .*no$"),
    ("folder.csv", r"folder\.csv cannot be written: it is a folder"),
])  # fmt: skip
def test_paths_that_cannot_be_written_are_refused(name, sentence, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ValueError, match=sentence):
        check_path(tmp_path / name, (".csv", ".parquet"))


def test_parquet_needs_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setattr("graphsage.trained.tables_out.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"x\.parquet needs pyarrow, .*: pip install 'graphsage\[tabular\]'"):
        check_path(tmp_path / "x.parquet", (".csv", ".parquet"))


# ---- progress, and what does not fit


def test_progress_rises_to_the_end():
    dataset = blocks()
    trained = trained_on(dataset, {"num_layers": 3})
    for apply, layers in ((trained.outputs, 3), (trained.embed, 2)):
        for fanouts, total in ((None, 200 * layers), ((2, 2, 2), 200)):
            seen = []
            apply(dataset, fanouts=fanouts, progress=lambda *state, seen=seen: seen.append(state))
            assert seen[-1] == (total, total) and seen == sorted(set(seen))
            assert {of for _, of in seen} == {total}


def test_an_empty_table_has_its_columns(tmp_path):
    dataset = blocks()
    found = trained_on(dataset).predict(dataset, [])
    write_table(tmp_path / "t.csv", [found.columns(dataset)])
    assert (tmp_path / "t.csv").read_text() == "node,predicted,probability\n"


def test_settings_that_do_not_fit_are_refused():
    dataset = blocks()
    trained = trained_on(dataset)
    with pytest.raises(ValueError, match="fanouts 5 sample 1 hops, but the model has 2 layers"):
        trained.outputs(dataset, fanouts=(5,))
    with pytest.raises(ValueError, match=r"nodes\[1\] = 200 is not a node: the graph has 200"):
        trained.outputs(dataset, [0, 200])
    with pytest.raises(ValueError, match="device must be auto, cpu"):
        trained.outputs(dataset, device="gpu")
    with pytest.raises(ValueError, match="for a model of one layer that is the features"):
        trained_on(dataset, {"num_layers": 1}).embed(dataset)
