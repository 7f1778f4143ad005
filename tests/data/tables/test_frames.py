"""Data frames, pyarrow tables and dicts as a dataset: what the same tables in files are."""

import numpy as np
import pytest

import graphsage as gs
from graphsage.data import DatasetError

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")

FIELDS = ("labels", "train", "val", "test", "node_ids")
OF_GRAPH = ("indptr", "indices", "edge_ids", "weights", "times")


def read(nodes=None, edges=None, **options):
    return gs.from_tables(nodes, edges, progress=False, **options)


def nodes_frame():
    """Of 40 nodes; each column is of a kind that frames have."""
    order, rng = np.arange(40), np.random.default_rng(0)
    return pd.DataFrame(
        {
            "label": pd.Categorical(np.where(order % 7 == 0, None, np.where(order % 2, "red", "blue"))),
            "split": np.where(order % 7 == 0, None, np.array(["train", "val", "test"], object)[order % 3]),
            "age": pd.array(np.where(order % 5 == 0, None, order % 11), "Int64"),
            "height": np.where(order % 4 == 0, np.nan, rng.normal(size=40)),
            "joined": pd.date_range("2024-01-01 10:00", periods=40, freq="7h", tz="Europe/Berlin"),
            "born": pd.date_range("1970-01-01", periods=40, freq="D").where(order % 6 != 0),
            "place": pd.Categorical(np.where(order % 9 == 0, None, np.array(["x, y", "z"], object)[order % 2])),
            "level": pd.Categorical(order % 3),
            "is_new": order % 3 == 0,
            "was": pd.array(np.where(order % 8 == 0, None, order % 2 == 0), "boolean"),
            "vector": [None if at % 10 == 0 else [float(at), at / 8] for at in order],
            "array": [np.array([float(at), at / 4, 1]) for at in order],
            "mixed": [at if at % 2 else f"no {at % 4}" for at in order % 8],
            "bio": [f"word{at % 5} word{at % 6} and {at}" for at in order],
            "bin": pd.cut(order, 3),
        },
        index=pd.Index([f"n{at:02}" for at in order], name="id"),
    )


def edges_frame():
    order, rng = np.arange(90), np.random.default_rng(1)
    ends = rng.integers(0, 40, (2, 90))
    return pd.DataFrame({
        "From": [f"n{at:02}" for at in ends[0]], "To": [f"n{at:02}" for at in ends[1]],
        "weight": rng.random(90).astype(np.float32), "time": pd.date_range("2020-01-01", periods=90, freq="h"),
        "note": order,
    })  # fmt: skip


def assert_same(one, other):
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in OF_GRAPH:
        np.testing.assert_array_equal(getattr(one.graph, name), getattr(other.graph, name), err_msg=name)
    features = [data.features.to_scipy().toarray() for data in (one, other)]
    np.testing.assert_array_equal(*features)
    assert one.class_names == other.class_names
    kinds = [[(spec["name"], spec["kind"]) for spec in data.schema["columns"]] for data in (one, other)]
    assert kinds[0] == kinds[1]


def in_files(folder, kind, nodes, edges):
    folder.mkdir()
    if kind == "parquet":
        text = nodes.assign(mixed=nodes.mixed.astype(str), bin=nodes.bin.astype(str))  # parquet holds no mixed cells
        text.to_parquet(folder / "nodes.parquet")
        edges.to_parquet(folder / "edges.parquet")
    else:
        nodes.assign(array=nodes.array.map(list)).to_csv(folder / "nodes.csv")
        edges.to_csv(folder / "edges.csv", index=False)
    return gs.load_dataset(folder, progress=False)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_frame_is_what_its_file_is(tmp_path, kind):
    dataset = read(nodes_frame(), edges_frame())
    assert_same(dataset, in_files(tmp_path / "files", kind, nodes_frame(), edges_frame()))
    columns = [spec["name"] for spec in dataset.schema["columns"]]
    assert columns == [name for name in nodes_frame() if name not in ("label", "split")]


def as_polars(frame):
    """Of columns that polars has; categories as its own kind."""
    pl = pytest.importorskip("polars")
    made = pl.from_pandas(frame)
    return made.with_columns(pl.col(pl.Categorical).cast(pl.String).cast(pl.Categorical))


def as_dict(frame):
    return {name: frame[name].tolist() if frame[name].dtype == object else frame[name] for name in frame}


def as_batches(frame):
    """Several parts, as large tables have them."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return pa.concat_tables([table.slice(0, 7), table.slice(7)])


@pytest.mark.parametrize("made", [as_polars, as_dict, as_batches])
def test_other_tables_are_the_same(made):
    nodes = nodes_frame().drop(columns=["mixed", "bin", "level"]).reset_index()
    assert_same(read(made(nodes), made(edges_frame())), read(nodes, edges_frame()))


def test_a_model_is_asked_about_another_frame():
    """By its schema, as with folders: another class counts as none, another place as no place."""
    first = read(nodes_frame(), edges_frame(), directed=True)
    nodes = nodes_frame().iloc[::-1].assign(place="elsewhere", label="green")
    again = read(nodes, edges_frame(), schema=first.schema)
    assert again.schema == first.schema and again.num_features == first.num_features and (again.labels == -1).all()
    assert again.graph.num_edges == first.graph.num_edges
    for settings, text in (({"drop": ["age"]}, "schema says how columns are read"), ({"directed": False}, "directed is False")):
        with pytest.raises(DatasetError, match=text):
            read(nodes, edges_frame(), schema=first.schema, **settings)


def test_features_beside_the_columns():
    nodes, rows = {"id": [3, 1, 2], "age": [1.0, 2, 6]}, np.arange(6).reshape(3, 2)
    dataset = read(nodes, {"source": [1], "target": [2]}, features=rows)
    np.testing.assert_array_equal(dataset.features[:, 1:], rows)
    sparse = read(nodes, {"source": [1], "target": [4]}, features=gs.Graph.from_edges([0], [1], 3).to_scipy(), unlisted="keep")
    np.testing.assert_array_equal(sparse.features.to_scipy().toarray()[:, 1:], [[0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert read(None, {"source": [0], "target": [1]}, features=rows).num_nodes == 3


def test_edges_alone_and_edges_to_ids_that_nodes_lack():
    assert read(None, {"u": ["b", "c"], "v": ["a", "a"]}).node_ids.tolist() == ["a", "b", "c"]
    nodes, edges = {"id": [1, 2]}, {"source": [1, 1], "target": [2, 9]}
    assert read(nodes, edges, unlisted="drop").graph.num_edges == 2
    assert read(nodes, edges, unlisted="keep").node_ids.tolist() == [1, 2, 9]
    with pytest.raises(DatasetError, match=r"edges row 1 \(from 0\): target is 9, and nodes has no such id: 1 of 2 edges"):
        read(nodes, edges)


def test_the_report_is_that_of_a_folder(capsys):
    gs.from_tables(nodes_frame(), edges_frame(), name="mine")
    told = capsys.readouterr().err
    assert told.startswith("mine: edges (90 rows), nodes (40 rows)\n  edges: From is taken for source, To is taken for target")
    assert "classes: 2 (column label)" in told and "not used: note" in told


def test_columns_are_named():
    nodes = {"user": [1, 2], "id": [8, 9], "label": ["a", "b"], "kind": ["x", "y"], "part": ["train", "test"], "split": [1, 2]}
    edges = {"source": [7, 7], "a": [1, 2], "b": [2, 1]}
    how = {"source": "a", "target": "b", "id": "user", "label": "kind", "split_column": "part"}
    dataset = read(nodes, edges, directed=True, **how)
    assert dataset.node_ids.tolist() == [1, 2] and dataset.class_names == ("x", "y")
    assert (dataset.train.tolist(), dataset.test.tolist(), dataset.num_features) == ([0], [1], 2)  # no column but who it is


@pytest.mark.parametrize("cells, how", [
    ([[1, 0], [1, 1]], {"label": "tags"}), ([["x"], ["x", "y"]], {"label": "tags", "task": "multilabel"}),
    (["x", "y;x"], {"label": "tags", "task": "multilabel"}),
])
def test_several_labels_in_a_column_of_another_name(cells, how):
    dataset = read({"id": [1, 2], "tags": cells, "x": [1, 3]}, EDGES, **how)
    assert (dataset.task, dataset.labels.tolist()) == ("multilabel", [[1, 0], [1, 1]])
    again = read({"id": [2, 1], "tags": cells[::-1], "x": [1, 3]}, EDGES, schema=dataset.schema)
    assert again.labels.tolist() == [[1, 1], [1, 0]]


def test_the_task_says_that_label_is_several():
    assert read({"id": [1, 2], "label": ["x", "y;x"]}, EDGES, task="multilabel").labels.tolist() == [[1, 0], [1, 1]]


EDGES = {"source": [1], "target": [2]}


@pytest.mark.parametrize("nodes, edges, error, text", [
    (None, None, TypeError, "edges must be a data frame .* with a column source and a column target; got None"),
    ("my_graph", EDGES, TypeError, r"nodes must be a data frame .*; got str: load_dataset reads files"),
    (None, [[0, 1]], TypeError, r"edges must be a data frame .* or a dict of columns; got list"),
    (None, gs.Graph.from_edges([0], [1], 2), TypeError, r"edges must be .*; got Graph"),
    ({"id": [1, 2], "x": [1]}, EDGES, DatasetError, "nodes: columns must have as many rows each, got 1, 2"),
    ({"id": [1, 2], "x": "ab"}, EDGES, DatasetError, "nodes: x must be a list or an array, a value a row; got str"),
    ({"id": 5}, EDGES, DatasetError, "nodes: id must be a list or an array, a value a row; got int"),
    ({"id": [1, 2], "x": [object(), 1]}, EDGES, DatasetError, "nodes: x holds object: numbers, texts, dates"),
    ({"id": [1, 2], "x": [{"a": 1}, None]}, EDGES, DatasetError, "nodes has a column of struct.*, and x is none of them"),
    ({"id": [1, 1]}, EDGES, DatasetError, r"nodes row 1 \(from 0\): id 1 is listed before, in row 0 \(from 0\)"),
    ({"id": [1, None]}, EDGES, DatasetError, r"nodes row 1 \(from 0\): id is empty"),
    ({"id": [1, "a", float("nan")]}, EDGES, DatasetError, r"nodes row 2 \(from 0\): id is empty"),
    ({"id": ["a", 1, pd.NA]}, EDGES, DatasetError, r"nodes row 2 \(from 0\): id is empty"),
    ({"x": [1, 2]}, EDGES, DatasetError, r"nodes has no column 'id', only x; --id COLUMN names it"),
    ({"id": [1, 2], "x": [1.0, np.inf]}, EDGES, DatasetError, r"nodes row 1 \(from 0\): x is infinite"),
    (None, {"source": [1], "aim": [2]}, DatasetError, "edges has no column 'target', only source, aim; --target COLUMN"),
    (None, {"source": [1.5], "target": [2]}, DatasetError, r"edges row 0 \(from 0\): source is 1.5: ids must be integers"),
    (None, {}, DatasetError, "edges has no column 'source', only none at all;"),
    (None, {"source": [], "target": []}, DatasetError, "edges lists no edge: it has no row$"),
    ({"id": []}, EDGES, DatasetError, "nodes lists no node: it has no row$"),
    ({"id": [1, 2], "labels": [[0.5, 1.0], [1.0, 0.0]]}, EDGES, DatasetError, r"nodes row 0 .*: labels is .0.5, 1.0., and"),
    ({"id": [1, 2], "labels": [[0, 1], [None, 0]]}, EDGES, DatasetError, r"nodes row 1 \(from 0\): labels is .*, and a node's"),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_what_is_no_table_is_refused(nodes, edges, error, text):
    with pytest.raises(error, match=text):
        read(nodes, edges)


@pytest.mark.parametrize("settings, text", [
    ({"label": "kind"}, "--label names the column 'kind', and nodes has only id, x"),
    ({"split_column": "kind"}, "--split-column names the column 'kind', and nodes has only id, x"),
    ({"id": "key"}, "--id names the column 'key', and nodes has only id, x"),
    ({"source": "from"}, "--source names the column 'from', and edges has only source, target"),
    ({"label": "x", "drop": ["x"]}, "'x' stands in drop and in label: leave it in one of them"),
    ({"label": "x", "id": "x"}, "'x' stands in id and in label: leave it in one of them"),
    ({"source": "x", "target": "x"}, "'x' stands in source and in target: leave it in one of them"),
    ({"label": ""}, "a column must be named by a text, got ''"),
])
def test_a_column_that_is_not_there(settings, text):
    with pytest.raises(ValueError, match=text):
        read({"id": [1, 2], "x": [1, 2]}, EDGES, **settings)


@pytest.mark.parametrize("setting", ["id", "label", "split_column", "time", "node_time"])
def test_a_column_of_nodes_where_only_edges_are_given(setting):
    flag = f"--{setting.replace('_', '-')}"
    with pytest.raises(DatasetError, match=f"^{flag} names the column 'key', and there is no table of nodes$"):
        read(None, EDGES, **{setting: "key"})


def test_a_lazy_frame_must_be_collected():
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match="edges must be .*; got polars.LazyFrame: collect.. makes a frame of it"):
        read(None, pl.LazyFrame(EDGES))


def test_a_frame_in_place_of_a_dataset_or_a_graph():
    with pytest.raises(TypeError, match="got pandas.DataFrame: from_tables.edges=graph..graph is one"):
        gs.NeighborSampler(edges_frame(), [2])
    with pytest.raises(TypeError, match="must be a NodeDataset, got pandas.DataFrame: from_tables.nodes, edges. makes one"):
        gs.split_by_time(nodes_frame())


def test_hostile_frames():
    twice = pd.DataFrame([[1, 2, 3]], columns=["id", "x", "x"])
    with pytest.raises(DatasetError, match="nodes has two columns 'x': each needs a name of its own"):
        read(twice, EDGES)
    with pytest.raises(DatasetError, match="edges has no column 'source', only 0, 1"):
        read(None, pd.DataFrame([[1, 2]]))
    levels = edges_frame().assign(weight=1.0).set_index(["From", "To"])[["weight"]]
    assert read(None, levels).graph.num_edges == read(None, edges_frame()).graph.num_edges
