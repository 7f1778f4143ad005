"""The Planetoid reader: the three published datasets to the last bit, a small made one, and files that break a rule."""

import pickle
import random
import warnings

import numpy as np
import pytest
from helpers import data_helpers as made
from helpers.graphs import edges_by_id

from graphsage.data.dataset import DatasetError
from graphsage.data.readers.planetoid import holds_planetoid, read_planetoid

#: nodes, edges, edges with repeats and loops as listed, edges with loops, features, classes, isolated, train / val / test
PUBLISHED = {
    "cora": (2708, 10556, 10858, 10556, 1433, 7, 0, (140, 500, 1000)),
    "citeseer": (3327, 9104, 9464, 9228, 3703, 6, 48, (120, 500, 1000)),
    "pubmed": (19717, 88648, 88676, 88651, 500, 3, 0, (60, 500, 1000)),
}
CITESEER_WITHOUT_ROW = [2407, 2489, 2553, 2682, 2781, 2953, 3042, 3063, 3212, 3214, 3250, 3292, 3305, 3306, 3309]


@pytest.fixture(scope="module")
def published(test_data):
    """name -> dataset, each read once."""
    read = {}

    def get(name):
        if name not in read:
            read[name] = read_planetoid(test_data / "planetoid" / name, name)
        return read[name]

    return get


def pairs_of(graph):
    """The set of undirected links of a graph that stores both edges of each."""
    src, dst = graph.to_edges()
    forward, backward = src < dst, src > dst
    links = set(zip(src[forward].tolist(), dst[forward].tolist()))
    assert links == set(zip(dst[backward].tolist(), src[backward].tolist()))
    return links


# ---- the published datasets


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_counts(published, name):
    nodes, edges, _, _, features, classes, isolated, splits = PUBLISHED[name]
    dataset = published(name)
    found = dataset.statistics()
    assert dataset.name == name
    assert (found["num_nodes"], found["num_edges"], found["num_isolated"]) == (nodes, edges, isolated)
    assert (dataset.num_features, dataset.num_classes) == (features, classes)
    assert tuple(len(ids) for ids in (dataset.train, dataset.val, dataset.test)) == splits


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_counts_with_repeats_and_loops(test_data, name):
    folder = test_data / "planetoid" / name
    _, _, listed, with_loops, *_ = PUBLISHED[name]
    assert read_planetoid(folder, name, duplicates="keep", self_loops="keep").graph.num_edges == listed
    assert read_planetoid(folder, name, self_loops="keep").graph.num_edges == with_loops


@pytest.mark.parametrize("name", PUBLISHED)
def test_equal_to_the_independent_copy(published, test_data, name):
    """Features, labels, links and split agree with the .npz files, which another program made from the same source."""
    dataset = published(name)
    with np.load(test_data / "compact" / f"{name}.npz", allow_pickle=False) as other:
        assert dataset.features.shape == (len(other["labels"]), int(other["num_features"]))
        assert np.array_equal(dataset.features.indptr, other["feat_indptr"])
        assert np.array_equal(dataset.features.indices, other["feat_indices"])
        if "feat_data" in other:
            assert dataset.features.values.tobytes() == other["feat_data"].tobytes()
        else:
            assert dataset.features.values is None
        assert np.array_equal(dataset.labels, other["labels"])
        for split in ("train", "val", "test"):
            assert np.array_equal(getattr(dataset, split), other[split])
        assert pairs_of(dataset.graph) == {(a, b) for a, b in np.sort(other["edges"], axis=0).T.tolist() if a != b}


@pytest.mark.parametrize("name", PUBLISHED)
def test_rows_of_the_graph_are_sorted_and_free_of_repeats(published, name):
    graph = published(name).graph
    src, dst = graph.to_edges()
    place = dst * graph.num_nodes + src
    assert (np.diff(place) > 0).all()
    assert (src != dst).all()
    assert len(graph.edge_ids) == len(graph.edge_reversed) == graph.num_edges


class Labels(pickle.Unpickler):
    """Python's own unpickler for an array of labels whose checksum is known."""

    def find_class(self, module, name):
        return {"_reconstruct": np._core.multiarray._reconstruct, "ndarray": np.ndarray, "dtype": np.dtype}[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_test_rows_follow_test_index(published, test_data, name):
    """Row k of ty belongs to the node on line k of test.index, not to node A + k."""
    folder, dataset = test_data / "planetoid" / name, published(name)
    with open(folder / f"ind.{name}.ty", "rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy: align=0 should be a bool
        one_hot = Labels(file, encoding="latin1").load()
    lines = (folder / f"ind.{name}.test.index").read_text().split()
    wanted = {int(node): row.tolist().index(1) for node, row in zip(lines, one_hot)}
    assert {node: int(dataset.labels[node]) for node in wanted} == wanted
    assert dataset.test.tolist() == [int(node) for node in lines]
    in_file_order = [row.tolist().index(1) for row in one_hot]
    assert dataset.labels[np.sort(dataset.test)].tolist() != in_file_order  # so the shuffle matters


def test_the_15_nodes_of_citeseer_without_a_row(published):
    dataset = published("citeseer")
    assert np.flatnonzero(dataset.labels < 0).tolist() == CITESEER_WITHOUT_ROW
    widths = np.diff(dataset.features.indptr)
    assert widths[CITESEER_WITHOUT_ROW].tolist() == [0] * 15
    for split in ("train", "val", "test"):
        assert not np.isin(CITESEER_WITHOUT_ROW, getattr(dataset, split)).any()
    assert 2352 in dataset.graph.neighbors(2407)
    assert dataset.num_classes == 6


def test_pubmed_keeps_its_values(published):
    values = published("pubmed").features.values
    assert values.dtype == np.float32
    assert (round(float(values.min()), 5), round(float(values.max()), 3)) == (0.00125, 1.263)


# ---- the made dataset


@pytest.fixture
def folder(tmp_path):
    return made.write_files(tmp_path / "tiny", made.planetoid_files())


def test_the_made_dataset(folder):
    dataset = read_planetoid(folder, "tiny", class_names=["a", "b", "c"])
    assert dataset.num_nodes == made.NUM_NODES
    assert dataset.class_names == ("a", "b", "c")
    assert dataset.train.tolist() == [0, 1, 2]
    assert dataset.val.tolist() == list(range(3, 503))
    assert dataset.test.tolist() == made.TEST_INDEX
    labels = dict(zip(made.TEST_INDEX, made.TEST_LABELS)) | {made.WITHOUT_ROW: -1} | dict(enumerate(made.ALL_LABELS))
    assert dataset.labels.tolist() == [labels[node] for node in range(made.NUM_NODES)]
    rows = dict(zip(made.TEST_INDEX, made.TEST_ROWS)) | {made.WITHOUT_ROW: []} | dict(enumerate(made.ALL_ROWS))
    found = np.split(dataset.features.indices, dataset.features.indptr[1:-1])
    assert [row.tolist() for row in found] == [rows[node] for node in range(made.NUM_NODES)]
    assert dataset.features.values is None


def test_the_made_graph(folder):
    dataset = read_planetoid(folder, "tiny")
    links = {(min(a, b), max(a, b)) for a, listed in made.neighbour_lists().items() for b in listed if a != b}
    assert pairs_of(dataset.graph) == links
    assert dataset.graph.degrees[5] == 0
    listed = [(b, a) for a in range(made.NUM_NODES) for b in made.neighbour_lists()[a]]
    assert {edge: listed[edge] for edge in edges_by_id(dataset.graph)} == edges_by_id(dataset.graph)
    assert all(listed.index(pair) == edge for edge, pair in edges_by_id(dataset.graph).items())  # of repeats the first
    listed = sum(map(len, made.neighbour_lists().values()))
    kept = read_planetoid(folder, "tiny", duplicates="keep", self_loops="keep").graph
    assert kept.num_edges == listed
    assert kept.neighbors(9).tolist() == sorted(made.neighbour_lists()[9])
    assert read_planetoid(folder, "tiny", duplicates="keep").graph.num_edges == listed - 1
    assert read_planetoid(folder, "tiny", self_loops="keep").graph.num_edges == dataset.graph.num_edges + 1


def test_an_arc_listed_one_way_only_is_walked_both_ways(folder):
    lists = made.neighbour_lists()
    lists[5].append(6)
    made.write_files(folder, {"ind.tiny.graph": made.program(made.adjacency(lists))})
    graph = read_planetoid(folder, "tiny").graph
    assert 5 in graph.neighbors(6) and 6 in graph.neighbors(5)


def test_values_other_than_one_are_kept(folder):
    values = np.linspace(0.5, 2, 10).astype(np.float32)
    made.write_files(folder, {"ind.tiny.tx": made.program(made.csr(made.TEST_ROWS, made.NUM_COLUMNS, values))})
    features = read_planetoid(folder, "tiny").features
    start = features.indptr[made.TEST_INDEX[0]]
    assert features.values[start : start + 2].tolist() == values[:2].tolist()
    assert features.values[0] == 1


def test_options_are_checked(folder):
    with pytest.raises(ValueError, match="duplicates must be one of 'keep', 'drop'; got 'merge'"):
        read_planetoid(folder, "tiny", duplicates="merge")
    with pytest.raises(ValueError, match="self_loops must be one of"):
        read_planetoid(folder, "tiny", self_loops=None)
    with pytest.raises(DatasetError, match=r"ind\.tiny\.ally has 3 classes, class_names has 2"):
        read_planetoid(folder, "tiny", class_names=["a", "b"])


def test_the_name_is_found_in_the_folder(folder):
    assert holds_planetoid(folder) == "tiny"
    assert holds_planetoid(folder.parent) is None
    made.write_files(folder, {"ind.other.v2.graph": b""})
    with pytest.raises(DatasetError, match=r"several datasets \(other\.v2, tiny\): give each a folder"):
        holds_planetoid(folder)


# ---- files that break a rule


def csr_with(**changes):
    """tx with some of its arrays replaced."""
    parts = {
        "indptr": made.array(np.arange(0, 11, 2, dtype=np.int32)),
        "indices": made.array(np.array(made.TEST_ROWS, np.int32).ravel()),
        "values": made.array(np.ones(10, np.float32)),
        "shape": (5, made.NUM_COLUMNS),
        **changes,
    }
    return made.program(made.csr_state(parts["indptr"], parts["indices"], parts["values"], parts["shape"]))


def ints(*values):
    return made.array(np.array(values, np.int32))


def floats(*values):
    return made.array(np.array(values, np.float32))


def labels_with(row, changed):
    """ty with one row replaced."""
    table = made.one_hot(made.TEST_LABELS, made.NUM_CLASSES).astype(np.float32)
    table[row] = changed
    return made.program(made.array(table))


def lists_with(**changes):
    """graph with the lists of some nodes replaced: ``n4=[1]``."""
    lists = {**made.neighbour_lists(), **{int(name[1:]): listed for name, listed in changes.items()}}
    return made.program(made.adjacency(lists))


def graph_with(key, value):
    """graph with one more key and value, given as instructions."""
    body = made.adjacency(made.neighbour_lists())
    return made.program(body + key + value + b"s")


def index_with(line, changed):
    lines = [str(node).encode() for node in made.TEST_INDEX]
    lines[line] = changed
    return b"\n".join(lines)


HUGE_AND_EMPTY = made.empty_array() + made.array_state((2**31 - 1, 0), b"i4", b"") + b"b"
ONES_9 = np.ones(9, np.float32)
BROKEN = [
    # sparse matrices
    ("tx", csr_with(indptr=ints(1, 2, 4, 6, 8, 10)), r"ind\.tiny\.tx: indptr must start with 0"),
    ("tx", csr_with(indptr=ints(0, 4, 2, 6, 8, 10)), r"tx: indptr must not fall, got indptr\[1\] = 4"),
    ("tx", csr_with(indptr=ints(0, 2, 4, 6, 8, 9)), r"tx: indices must have shape \(9,\), as indptr ends there"),
    ("tx", csr_with(indptr=ints(0, 2, 4, 6, 10)), "tx: the sparse matrix states 5 rows, its indptr has 4"),
    ("tx", csr_with(indptr=floats(0, 2, 4, 6, 8, 10)), "tx: indptr must be integers"),
    ("tx", csr_with(indptr=ints()), "tx: indptr must start with 0"),
    ("tx", csr_with(indices=ints(*range(2, 12))), r"tx: feature indices\[9\] = 11 is not a column"),
    ("tx", csr_with(indices=ints(-1, *range(9))), r"tx: feature indices\[0\] = -1 is not a column"),
    ("tx", csr_with(indices=floats(*range(10))), "tx: feature indices must be integers"),
    ("tx", csr_with(indices=made.array(np.zeros((2, 5), np.int32))), "tx: the sparse matrix has no one-dim.* indices"),
    ("tx", csr_with(values=made.array(ONES_9)), "tx: feature values must be "),
    ("tx", csr_with(values=floats(*ONES_9, np.nan)), r"tx: feature values must be finite .*got values\[9\] = nan"),
    ("tx", csr_with(values=floats(-np.inf, *ONES_9)), r"tx: feature values must be finite .* values\[0\] = -inf"),
    ("tx", csr_with(values=made.array(np.full(10, 1e300))), "tx: feature values must be finite in float32"),
    ("tx", csr_with(values=made.text(b"data")), "tx: the sparse matrix has no one-dimensional array data"),
    ("tx", csr_with(values=made.empty_array()), "tx: the sparse matrix has no one-dimensional array data"),
    ("tx", csr_with(shape=(6, 11)), "tx: the sparse matrix states 6 rows, its indptr has 5"),
    ("tx", csr_with(shape=(5, -1)), "tx: the sparse matrix states no shape of two numbers"),
    ("tx", csr_with(shape=(5, 0)), "tx: num_columns must be an integer from 1"),
    ("tx", csr_with(shape=(5, 12)), "tx has 12 features and 3 classes, allx and ally have 11 and 3"),
    ("tx", csr_with(shape=(5, 2**31 - 1)), "tx has 2147483647 features and 3 classes, allx and ally have 11 and 3"),
    ("tx", made.program(made.CSR + b")\x81"), "tx: the sparse matrix has no one-dimensional array indptr"),
    ("tx", made.program(made.array(np.eye(5))), "tx must hold a sparse matrix, not an array"),
    ("tx", made.program(b"K\1"), "tx must hold a sparse matrix, not a number"),
    ("x", made.program(made.csr([[1], [2], [3]], 11)), "x must repeat the first 3 rows of allx"),
    # labels
    ("ty", labels_with(3, 0), r"ty: labels must be one-hot, got row 3 = \[0\.0, 0\.0, 0\.0\]"),
    ("ty", labels_with(0, 1), r"ty: labels must be one-hot, got row 0 = \[1\.0, 1\.0, 1\.0\]"),
    ("ty", labels_with(4, [0, 2, 0]), "ty: labels must be one-hot, got row 4"),
    ("ty", labels_with(4, [0, 0.5, 0.5]), "ty: labels must be one-hot, got row 4"),
    ("ty", labels_with(4, [0, -1, 0]), "ty: labels must be one-hot, got row 4"),
    ("ty", labels_with(1, [0, np.nan, 0]), "ty: labels must be one-hot, got row 1"),
    ("ty", labels_with(1, [1, 0, np.nan]), "ty: labels must be one-hot, got row 1"),
    ("ty", made.program(made.array(np.eye(3, dtype=int))), r"ty: labels must have shape \(5, classes\).*got \(3, 3\)"),
    ("ty", made.program(made.array(np.zeros((5, 0), int))), r"ty: labels must have shape \(5, classes\).*got \(5, 0\)"),
    ("ty", made.program(HUGE_AND_EMPTY), r"ty: labels must have .*; got \(2147483647, 0\)"),
    ("ty", made.program(made.array(np.arange(5))), "ty must hold a two-dimensional array of one-hot labels"),
    ("ty", made.program(made.empty_array()), "ty must hold a two-dimensional array of one-hot labels"),
    ("ty", made.program(made.csr(made.TEST_ROWS, 3 + 8)), "ty must hold a two-dimensional array"),
    ("ty", made.program(made.array(made.one_hot(made.TEST_LABELS, 4))), "tx has 11 features and 4 classes, allx"),
    ("y", made.program(made.array(made.one_hot([0, 2, 1], 3))), "y must repeat the first 3 rows of ally"),
    # ids
    ("test.index", index_with(1, b"five"), r"test\.index: line 2 must be a node id, got 'five'"),
    ("test.index", index_with(1, b""), r"test\.index: line 2 must be a node id, got ''"),
    ("test.index", index_with(1, b"-507"), "line 2 must be a node id, got '-507'"),
    ("test.index", index_with(1, b"507.0"), "line 2 must be a node id, got '507.0'"),
    ("test.index", index_with(1, "٥٠٧".encode()), "line 2 must be a node id"),
    ("test.index", index_with(1, b"9" * 5000), "line 2 must be a node id, got '9{40}'"),
    ("test.index", index_with(4, b"506"), r"line 5 must be a node from 507 \(rows of allx\) to 512 .*, got 506"),
    ("test.index", index_with(0, b"513"), r"line 1 must be a node from 507 .* to 512 \(last node.*, got 513"),
    ("test.index", index_with(0, b"9999999999"), "line 1 must be a node from 507 .*, got 9999999999"),
    ("test.index", index_with(0, b"507"), r"test\.index lists a node twice"),
    ("test.index", b"507\n508\n", r"test\.index lists 2 nodes, tx has 5 rows"),
    ("test.index", b"", r"test\.index lists 0 nodes, tx has 5 rows"),
    # graphs
    ("graph", lists_with(n4=[513]), "graph: node 4 lists 513, which is not a node: the graph has 513"),
    ("graph", lists_with(n4=[1, -1]), "graph: node 4 lists -1, which is not a node: the graph has 513"),
    ("graph", lists_with(n514=[]), r"graph: the keys must be the nodes 0\.\.513, got 514"),
    ("graph", graph_with(made.number(-1), b"]"), r"graph: the keys must be the nodes 0\.\.513, got -1"),
    ("graph", graph_with(made.text(b"513"), b"]"), r"graph: the keys must be the nodes 0\.\.513, got b'513'"),
    ("graph", graph_with(made.number(513), b")"), "graph: node 513 must have a list of integers"),
    ("graph", graph_with(made.number(513), b"N"), "graph: node 513 must have a list of integers"),
    ("graph", graph_with(made.number(513), b"]\x88a"), "graph: node 513 must have a list of integers"),
    ("graph", graph_with(made.number(513), b"]Na"), "graph: node 513 must have a list of integers"),
    ("graph", graph_with(made.number(513), b"]]a"), "graph: node 513 must have a list of integers"),
    ("graph", made.program(b"]"), "graph must hold a dict of neighbour lists, not a list"),
    ("graph", made.program(made.adjacency({0: [1], 1: [0]})), "graph has 2 nodes, allx has 507 rows"),
    ("graph", made.program(b"}"), "graph has 0 nodes, allx has 507 rows"),
]


@pytest.mark.parametrize("part, data, sentence", BROKEN)
def test_broken_files_are_refused(folder, part, data, sentence):
    (folder / f"ind.tiny.{part}").write_bytes(data)
    with pytest.raises(DatasetError, match=sentence):
        read_planetoid(folder, "tiny")


def test_too_few_rows_for_the_split(folder):
    labels = made.one_hot(made.ALL_LABELS[:502], made.NUM_CLASSES)
    rows = made.ALL_ROWS[:502]
    made.write_files(
        folder,
        {
            "ind.tiny.allx": made.program(made.csr(rows, made.NUM_COLUMNS)),
            "ind.tiny.ally": made.program(made.array(labels)),
        },
    )
    with pytest.raises(DatasetError, match=r"allx has 502 rows: 3 for training and 500 for validation are needed"):
        read_planetoid(folder, "tiny")


def test_missing_files_are_named(folder):
    (folder / "ind.tiny.ty").unlink()
    (folder / "ind.tiny.graph").unlink()
    with pytest.raises(DatasetError, match=r"tiny lacks ind\.tiny\.ty, ind\.tiny\.graph: a Planetoid"):
        read_planetoid(folder, "tiny")
    with pytest.raises(DatasetError, match=r"lacks ind\.Cora\.x, .*ind\.Cora\.test\.index"):
        read_planetoid(folder, "Cora")


def test_damaged_files_give_a_dataset_or_a_sentence(folder):
    """300 datasets with one wrong byte each, 64 with a truncated file: whatever is not DatasetError fails the test."""
    rng, refused = random.Random(3), 0
    files = made.planetoid_files()
    for trial in range(364):
        name = sorted(files)[trial % 8]
        damaged = bytearray(files[name])
        if trial < 300:
            damaged[rng.randrange(min(len(damaged), 2000))] ^= rng.randrange(1, 256)
        else:
            del damaged[rng.randrange(len(damaged) - 2) :]
        (folder / name).write_bytes(damaged)
        try:
            read_planetoid(folder, "tiny")
        except DatasetError:
            refused += 1
        (folder / name).write_bytes(files[name])
    assert 200 < refused < 364
