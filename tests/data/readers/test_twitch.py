"""The Twitch reader: the seven published countries, a small made one, and files that break a rule."""

import csv
import json

import numpy as np
import pytest
from helpers.graphs import edges_by_id
from helpers.mutations import generator, mutated, peak_of

from graphsage.data import dataset_card, load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.readers.twitch import holds_twitch, read_twitch

EDGES = b"from,to\n0,3\n3,0\n1,3\n2,2\n"
FEATURES = b'{"2": [5, 3169, 5], "0": [7], "3": [], "1": [0, 7]}'
TARGETS = b"""id,days,mature,views,partner,new_id
900,10,True,5,False,3
901,11,False,6,True,0
902,12,True,7,False,1
902,12,True,8,False,1
903,13,False,9,False,2
"""
#: nodes, friendships, streamers with mature content
PUBLISHED = {
    "DE": (9498, 153138, 5742),
    "ENGB": (7126, 35324, 3888),
    "ES": (4648, 59382, 1360),
    "FR": (6549, 112666, 2414),
    "PTBR": (1912, 31299, 661),
    "RU": (4385, 37304, 1075),
    "ZHTW": (2772, 63462, 1088),
}


def write(folder, edges=EDGES, features=FEATURES, targets=TARGETS, name="XX"):
    folder.mkdir(exist_ok=True)
    for end, data in (("_edges.csv", edges), (".json", features), ("_target.csv", targets)):
        (folder / f"{name}{end}").write_bytes(data)
    return folder


def rows(graph):
    return {row: graph.indices[graph.indptr[row] : graph.indptr[row + 1]].tolist() for row in range(graph.num_nodes)}


def test_the_small_files(tmp_path):
    """Target lines in another order and one node twice; a friendship listed both ways; a loop; a repeated feature."""
    dataset = read_twitch(write(tmp_path), "XX")
    assert rows(dataset.graph) == {0: [3], 1: [3], 2: [], 3: [0, 1]}
    assert dataset.labels.tolist() == [0, 1, 0, 1]
    assert dataset.features.shape == (4, 3170) and dataset.features.values is None
    assert [row.nonzero()[0].tolist() for row in dataset.features.to_scipy().toarray()] == [[7], [0, 7], [5, 3169], []]
    assert (dataset.class_names, dataset.name) == (("not mature", "mature"), "XX")
    assert [len(dataset.train), len(dataset.val), len(dataset.test)] == [2, 1, 1]


def test_an_edge_id_is_a_line_of_the_edges(tmp_path):
    assert edges_by_id(read_twitch(write(tmp_path), "XX").graph) == {0: (0, 3), 2: (1, 3)}


def test_line_ends_do_not_matter(tmp_path):
    crlf = [data.replace(b"\n", b"\r\n") for data in (EDGES, FEATURES, TARGETS)]
    dataset = read_twitch(write(tmp_path, *crlf), "XX")
    assert rows(dataset.graph) == {0: [3], 1: [3], 2: [], 3: [0, 1]} and dataset.labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("part", "data", "sentence"),
    [
        ("edges", b"a,b\n0,1\n", r"XX_edges\.csv: line 1 must be 'from,to', got \[b'a,b'\]"),
        ("edges", EDGES + b"0,4\n", r"XX_edges\.csv lists node 4, the features are those of nodes 0 to 3"),
        ("edges", EDGES + b"0,-1\n", r"XX_edges\.csv: line 6, '0,-1', must be 2 integers"),
        ("edges", EDGES + b"0,1.0\n", r"XX_edges\.csv: line 6, '0,1\.0', must be 2 integers"),
        ("edges", EDGES + b"0\n", r"XX_edges\.csv: line 6, '0', must be 2 integers"),
        ("edges", b"", r"XX_edges\.csv: line 1 must be 'from,to', got \[\]"),
        ("features", b"", r"XX\.json must be JSON, UTF-8"),
        ("features", FEATURES[:-1], r"XX\.json must be JSON, UTF-8"),
        ("features", b'{"0": "\xff"}', r"XX\.json must be JSON, UTF-8"),
        ("features", b"[" * 100_000, r"XX\.json must be JSON, UTF-8: maximum recursion depth"),
        ("features", b'{"0": [' + b"9" * 5000 + b"]}", r"XX\.json must be JSON, UTF-8: Exceeds the limit"),
        ("features", b"[[1], [2]]", r"XX\.json must hold an object with the keys 0\.\.N-1"),
        ("features", b'{"0": [1], "2": [2]}', r"XX\.json must hold an object with the keys 0\.\.N-1"),
        ("features", b'{"0": [1], "01": [2]}', r"XX\.json must hold an object with the keys 0\.\.N-1"),
        ("features", b'{"0": [1], "0": [2]}', r"XX\.json must be JSON, UTF-8: an object of 2 entries has 1 keys"),
        ("features", FEATURES.replace(b"[]", b"[3170]"), r"XX\.json: node 3 must have a list of features from 0 to 3169"),
        ("features", FEATURES.replace(b"[]", b"[-1]"), r"XX\.json: node 3 must have a list of features"),
        ("features", FEATURES.replace(b"[]", b"[true]"), r"XX\.json: node 3 must have a list of features"),
        ("features", FEATURES.replace(b"[]", b"[NaN]"), r"XX\.json: node 3 must have a list of features"),
        ("features", FEATURES.replace(b"[]", b"[[1]]"), r"XX\.json: node 3 must have a list of features"),
        ("features", FEATURES.replace(b"[]", b"null"), r"XX\.json: node 3 must have a list of features"),
        ("targets", b"", r"XX_target\.csv: line 1 must be 'id,days,mature,views,partner,new_id', got \[\]"),
        ("targets", TARGETS.replace(b"id,days", b"days,id"), r"XX_target\.csv: line 1 must be 'id,days,"),
        ("targets", TARGETS + b"1,2,True,3,False,4\n", r"XX_target\.csv: line 7 must have 6 fields, .* new_id below 4, got"),
        ("targets", TARGETS + b"1,2,True,3,False,-1\n", r"XX_target\.csv: line 7 must have 6 fields"),
        ("targets", TARGETS + b"1,2,True,3,False," + b"9" * 5000, r"XX_target\.csv: line 7 must have 6 fields"),
        ("targets", TARGETS + b"1,2,yes,3,False,1\n", r"XX_target\.csv: line 7 must have 6 fields, mature True or False"),
        ("targets", TARGETS + b"1,2,True,3,1\n", r"XX_target\.csv: line 7 must have 6 fields"),
        ("targets", TARGETS + b"\xff,2,tru\xff,3,False,1\n", r"XX_target\.csv: line 7 must have 6 fields, .*\\xff"),
        ("targets", TARGETS + b"1,2,False,3,False,1\n", r"XX_target\.csv: line 7 contradicts an earlier line on node 1"),
        ("targets", TARGETS.replace(b"9,False,2", b"9,False,0"), r"XX_target\.csv has no line with new_id 2"),
    ],
)
def test_files_that_break_a_rule(tmp_path, part, data, sentence):
    with pytest.raises(DatasetError, match=sentence):
        read_twitch(write(tmp_path, **{part: data}), "XX")


def test_missing_files(tmp_path):
    for end in ("_edges.csv", ".json", "_target.csv"):
        (write(tmp_path) / f"XX{end}").unlink()
        with pytest.raises(DatasetError, match=rf"XX{end} cannot be read: No such file"):
            read_twitch(tmp_path, "XX")
        assert holds_twitch(tmp_path) is None


def test_the_name_of_the_files_in_a_folder(tmp_path):
    assert holds_twitch(write(tmp_path)) == "XX"
    assert load_dataset(tmp_path, split=1).train.tolist() != load_dataset(tmp_path, split=2).train.tolist()
    write(tmp_path, name="YY")
    with pytest.raises(DatasetError, match=r"holds several datasets \(XX, YY\): give each a folder of its own"):
        holds_twitch(tmp_path)


def test_a_long_list_of_lists_is_refused_unread(tmp_path):
    """Each empty list is 3 bytes of text and 64 of memory."""
    features = b"[" + b"[]," * (6 << 20) + b"[]]"
    outcome, peak = peak_of(lambda: read_twitch(write(tmp_path, features=features), "XX"))
    assert "XX.json is too long: such a file may have 16777216 bytes" in str(outcome)
    assert peak < 1 << 20


def test_a_changed_file_is_refused_or_a_dataset(tmp_path):
    rng, refused, whole = generator(5), 0, {"edges": EDGES, "features": FEATURES, "targets": TARGETS}
    for turn in range(600):
        part = list(whole)[turn % 3]
        try:
            read_twitch(write(tmp_path, **{part: mutated(whole[part], rng)}), "XX")
        except DatasetError:
            refused += 1
    assert 200 < refused < 600


# ---- the published files


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_counts(test_data, monkeypatch, name):
    nodes, friends, mature = PUBLISHED[name]
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / "twitch" / name))
    dataset = load_dataset(f"twitch-{name.lower()}", download=False)
    assert (dataset.num_nodes, dataset.graph.num_edges) == (nodes, 2 * friends)
    assert (dataset.num_features, dataset.num_classes, int(dataset.labels.sum())) == (3170, 2, mature)
    assert (dataset.name, dataset.statistics()) == (f"twitch-{name.lower()}", dataset_card(f"twitch-{name.lower()}").statistics)


def test_rows_are_joined_on_new_id(test_data):
    """Each line of the target file by csv, each list of the features by json; the files' own orders differ from the nodes'."""
    folder = test_data / "twitch" / "FR"
    dataset = read_twitch(folder, "FR")
    with open(folder / "FR_target.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 6551
    assert [int(line["new_id"]) for line in lines] != sorted(int(line["new_id"]) for line in lines)
    assert all(dataset.labels[int(line["new_id"])] == (line["mature"] == "True") for line in lines)
    lists = json.loads((folder / "FR.json").read_text())
    assert sum(len(row) != len(set(row)) for row in lists.values()) == 390
    indptr, indices = dataset.features.indptr, dataset.features.indices
    for node in np.random.default_rng(0).choice(dataset.num_nodes, 500, replace=False):
        assert indices[indptr[node] : indptr[node + 1]].tolist() == sorted(set(lists[str(node)]))
