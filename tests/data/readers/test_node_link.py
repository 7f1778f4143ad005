"""Node-link JSON: of networkx, and of D3 where ends are places in the list of nodes."""

import json

import networkx as nx
import pytest
from helpers.public_files import classes_of, club, of_networkx, pairs_of, read

from graphsage.data import DatasetError

pytest.importorskip("pyarrow")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("key", ["links", "edges"])
@pytest.mark.parametrize("indent", [None, 2])
def test_what_networkx_wrote(key, indent, tmp_path):
    data = nx.node_link_data(club(), edges=key)
    (tmp_path / "club.json").write_text(json.dumps(data, indent=indent))
    for path in (tmp_path, tmp_path / "club.json"):
        dataset = read(path)
        assert (dataset.name, dataset.num_nodes) == ("club", 34) and pairs_of(dataset) == of_networkx(club())
        assert classes_of(dataset) == [club().nodes[node]["label"] for node in club()]
        kinds = {spec["name"]: spec["kind"] for spec in dataset.schema["columns"]}
        assert kinds == {"size": "number", "word": "category"}


def test_links_by_place(tmp_path):
    more = [{"kind": "b", "vector": [place, 0.5]} for place in range(9)]
    data = {"nodes": [{"kind": "a", "vector": [1, 2]}, {"kind": "a", "vector": None}, {"kind": "a"}, *more],
            "links": [{"source": 0, "target": 2, "value": 3}]}
    (tmp_path / "d3.json").write_text(json.dumps(data))
    dataset = read(tmp_path / "d3.json")
    assert (dataset.num_nodes, pairs_of(dataset)) == (12, {frozenset((0, 2))})
    assert [spec["kind"] for spec in dataset.schema["columns"]] == ["category", "vector"]


@pytest.mark.parametrize("text, sentence", [
    ('{"nodes": [], "other": 1}', r"x\.json must have a list nodes and a list links \(or edges\), it has nodes, other"),
    ('{"nodes": [1], "links": []}', r"x\.json: nodes must be objects, got 1"),
    ('{"nodes": [{"id": 1}], "links": [{"source": 1}]}', r"x\.json: each of links must have target, a number or a text"),
    ('{"nodes": [{"id": 1}, {"a": 2}], "links": []}', r"x\.json: each of nodes must have id, a number or a text; got None"),
    ('{"nodes": [{"id": 1}], "links": [{"source": 1, "target": 2}]}', r"target is 2, and .*x\.json: nodes has no such id"),
    ('{"nodes": [{"id": 1}', r"x\.json is no intact JSON: "),
    ('{"nodes": ' + "[" * 100_000, r"x\.json is no intact JSON: maximum recursion"),
])
def test_what_is_wrong_is_one_sentence(text, sentence, tmp_path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path / "x.json")


def test_a_text_that_is_not_utf_8(tmp_path):
    (tmp_path / "x.json").write_bytes('{"nodes": [{"id": "Zo\xeb"}], "links": []}'.encode("latin1"))
    with pytest.raises(DatasetError, match=r"/x\.json: the text is not UTF-8 \(byte 22\): save the file as UTF-8$") as told:
        read(tmp_path / "x.json")
    assert "JSON" not in str(told.value)
