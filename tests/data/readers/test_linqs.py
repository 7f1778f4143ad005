"""The LINQS reader: the real Cora, a small made pair of files, and files that break a rule."""

import numpy as np
import pytest
from helpers.graphs import edges_by_id
from helpers.mutations import generator, mutated

from graphsage.data import load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.readers.linqs import holds_cora_linqs, read_cora_linqs
from graphsage.data.readers.planetoid import read_planetoid

CONTENT = b"31\t0\t1\t1\tTheory\n1061\t1\t0\t0\tRule\n7\t0\t0\t0\tTheory\n40\t1\t1\t1\tAgents\n"
CITES = b"31\t1061\n1061\t31\n31\t1061\n31\t7\n7\t7\n31\t999\n"


def write(folder, content=CONTENT, cites=CITES, name="tiny"):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.content").write_bytes(content)
    (folder / f"{name}.cites").write_bytes(cites)
    return folder


def rows(graph):
    return {row: graph.indices[graph.indptr[row] : graph.indptr[row + 1]].tolist() for row in range(graph.num_nodes)}


def test_the_small_files(tmp_path):
    """Twice the same citation, one each way, one of itself, one with a paper that has no line; paper 40 is alone."""
    dataset = read_cora_linqs(write(tmp_path), "tiny")
    assert rows(dataset.graph) == {0: [1, 2], 1: [0], 2: [0], 3: []}
    assert dataset.node_ids.dtype == np.int64 and dataset.node_ids.tolist() == [31, 1061, 7, 40]
    assert dataset.features.to_scipy().toarray().tolist() == [[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]]
    assert dataset.class_names == ("Agents", "Rule", "Theory")
    assert dataset.labels.tolist() == [2, 1, 2, 0]
    assert [len(dataset.train), len(dataset.val), len(dataset.test)] == [2, 1, 1]
    assert dataset.name == "tiny"


def test_column_1_is_cited_and_column_2_cites(tmp_path):
    """31 is cited by 1061 and 7: their rows hold it, its row holds only 1061, which it cites."""
    dataset = read_cora_linqs(write(tmp_path), "tiny", directed=True)
    assert rows(dataset.graph) == {0: [1], 1: [0], 2: [0], 3: []}
    with pytest.raises(TypeError, match="directed must be True or False, got 'no'"):
        read_cora_linqs(tmp_path, "tiny", directed="no")


def test_an_edge_id_is_a_line_of_the_citations(tmp_path):
    """Line 1 turns line 0 round, line 2 repeats it, lines 4 and 5 are a loop and a paper that is not there."""
    cites = CITES.replace(b"31\t7\n", b"5\t31\n31\t7\n")  # a line that is left out shifts nothing
    assert edges_by_id(read_cora_linqs(write(tmp_path, cites=cites), "tiny").graph) == {0: (0, 1), 4: (0, 2)}
    directed = read_cora_linqs(tmp_path, "tiny", directed=True).graph
    assert edges_by_id(directed) == {0: (0, 1), 1: (1, 0), 4: (0, 2)} and directed.edge_reversed is None


def test_line_ends_do_not_matter(tmp_path):
    unix = read_cora_linqs(write(tmp_path), "tiny")
    for content, cites in ((CONTENT.replace(b"\n", b"\r\n"), CITES.replace(b"\n", b"\r\n")), (CONTENT[:-1], CITES[:-1])):
        other = read_cora_linqs(write(tmp_path, content, cites), "tiny")
        assert rows(other.graph) == rows(unix.graph)
        assert other.class_names == unix.class_names and np.array_equal(other.labels, unix.labels)


def test_ids_may_be_texts(tmp_path):
    """One text among them, or an integer that Python spells otherwise, makes all of them texts: 7 and 007 are two papers."""
    content = CONTENT.replace(b"40\t", b"007\t").replace(b"1061\t", "Bücher-1".encode() + b"\t")
    cites = CITES.replace(b"1061", "Bücher-1".encode()) + b"7\t007\n"
    dataset = read_cora_linqs(write(tmp_path, content, cites), "tiny")
    assert dataset.node_ids.tolist() == ["31", "Bücher-1", "7", "007"]
    assert rows(dataset.graph) == {0: [1, 2], 1: [0], 2: [0, 3], 3: [2]}
    negative = read_cora_linqs(write(tmp_path, CONTENT.replace(b"40\t", b"-40\t")), "tiny")
    assert negative.node_ids.tolist() == [31, 1061, 7, -40]


def test_the_given_class_names_number_the_classes(tmp_path):
    dataset = read_cora_linqs(write(tmp_path), "tiny", class_names=("Theory", "Rule", "Other", "Agents"))
    assert dataset.labels.tolist() == [0, 1, 0, 3] and dataset.num_classes == 4
    with pytest.raises(DatasetError, match=r"tiny\.content has the class 'Agents', which is none of Theory, Rule"):
        read_cora_linqs(tmp_path, "tiny", class_names=("Theory", "Rule"))


def test_no_citations_at_all(tmp_path):
    assert read_cora_linqs(write(tmp_path, cites=b""), "tiny").graph.num_edges == 0


@pytest.mark.parametrize(
    ("content", "cites", "sentence"),
    [
        (b"", CITES, r"tiny\.content has no lines"),
        (CONTENT + b"8\t0\t1\tTheory\n", CITES, r"tiny\.content: line 5 must have 3 words of 0 or 1, as line 1 has"),
        (CONTENT + b"8\t0\t1\t2\tTheory\n", CITES, r"tiny\.content: line 5 must have words of 0 or 1 with tabs between"),
        (CONTENT + b"8\t0\t1 1\tTheory\n", CITES, r"tiny\.content: line 5 must have words of 0 or 1 with tabs between"),
        (CONTENT + b"8\t0.5\t1\tTheory\n", CITES, r"tiny\.content: line 5 must have words of 0 or 1 with tabs between"),
        (CONTENT + b"8\t0\t1\t1\t\n", CITES, r"tiny\.content: line 5 must be id, words and class"),
        (CONTENT + b"\t0\t1\t1\tTheory\n", CITES, r"tiny\.content: line 5 must be id, words and class"),
        (CONTENT + b"\n8\t0\t1\t1\tTheory\n", CITES, r"tiny\.content: line 5 must be id, words and class"),
        (CONTENT + b"1061\t0\t1\t1\tTheory\n", CITES, r"tiny\.content: line 5 repeats paper 1061 of line 2"),
        (CONTENT + b"8\t0\t1\t1\tTh\xe9orie\n", CITES, r"tiny\.content: line 5 must be UTF-8"),
        (CONTENT + b"\xe9\t0\t1\t1\tTheory\n", CITES, r"tiny\.content: line 5 must be UTF-8"),
        (b"1\tTheory\n2\tRule\n", CITES, r"tiny\.content: line 1 must have words of 0 or 1"),
        (b"1 0 1 Theory\n", CITES, r"tiny\.content: line 1 must be id, words and class with tabs between"),
        (CONTENT, CITES + b"31\n", r"tiny\.cites: line 7 must be two papers, cited and citing, got 1 words"),
        (CONTENT, CITES + b"31 7 1061\n", r"tiny\.cites: line 7 must be two papers, cited and citing, got 3 words"),
        (CONTENT, b"31 7\n\n7 31\n", r"tiny\.cites: line 2 must be two papers, cited and citing, got 0 words"),
        (CONTENT, b"1 2\n3 4\n", r"tiny\.cites: none of 2 citations is between papers of the content file"),
    ],
)
def test_files_that_break_a_rule(tmp_path, content, cites, sentence):
    with pytest.raises(DatasetError, match=sentence):
        read_cora_linqs(write(tmp_path, content, cites), "tiny")


def test_missing_files(tmp_path):
    with pytest.raises(DatasetError, match=r"tiny\.content cannot be read: No such file"):
        read_cora_linqs(tmp_path, "tiny")
    (write(tmp_path) / "tiny.cites").unlink()
    with pytest.raises(DatasetError, match=r"tiny\.cites cannot be read: No such file"):
        read_cora_linqs(tmp_path, "tiny")


def test_the_name_of_the_files_in_a_folder(tmp_path):
    assert holds_cora_linqs(tmp_path) is None
    (tmp_path / "lone.content").write_bytes(CONTENT)
    assert holds_cora_linqs(tmp_path) is None
    assert holds_cora_linqs(write(tmp_path)) == "tiny"
    assert load_dataset(tmp_path, split=5).train.tolist() != load_dataset(tmp_path, split=6).train.tolist()
    write(tmp_path, name="more")
    with pytest.raises(DatasetError, match=r"holds several datasets \(more, tiny\): give each a folder of its own"):
        holds_cora_linqs(tmp_path)


def test_a_changed_file_is_refused_or_a_dataset(tmp_path):
    """Any exception but DatasetError fails."""
    rng, refused = generator(2), 0
    for turn in range(600):
        damaged = (mutated(CONTENT, rng), CITES) if turn % 2 else (CONTENT, mutated(CITES, rng))
        try:
            read_cora_linqs(write(tmp_path, *damaged), "tiny")
        except DatasetError:
            refused += 1
    assert 100 < refused < 600


# ---- the published files


def test_the_published_counts(test_data):
    """2,708 papers, 5,429 citations of which 151 answer another, 7 topics: McCallum et al. 2000 as LINQS hands them out."""
    dataset = read_cora_linqs(test_data / "linqs_cora", "cora")
    assert (dataset.num_nodes, dataset.graph.num_edges) == (2708, 2 * 5278)
    assert (dataset.num_features, dataset.num_classes) == (1433, 7)
    directed = read_cora_linqs(test_data / "linqs_cora", "cora", directed=True).graph
    assert directed.num_edges == 5429 == 5278 + 151
    # line 1 of cora.cites is "35 1033": 1033 cites 35
    row_of = {paper: row for row, paper in enumerate(dataset.node_ids.tolist())}
    assert row_of[35] in rows(directed)[row_of[1033]] and row_of[1033] not in rows(directed)[row_of[35]]


def test_the_copy_with_other_line_ends_is_the_same(test_data, tmp_path):
    """pygcn's citations end with LF, PGL's with CR LF."""
    content = (test_data / "linqs_cora" / "cora.content").read_bytes()
    cites = (test_data / "linqs_cora" / "pygcn-cora.cites").read_bytes()
    assert b"\r\n" in content and b"\r" not in cites
    theirs = read_cora_linqs(write(tmp_path, content.replace(b"\r\n", b"\n"), cites, "cora"), "cora")
    ours = read_cora_linqs(test_data / "linqs_cora", "cora")
    assert np.array_equal(theirs.graph.indices, ours.graph.indices)
    assert np.array_equal(theirs.features.indices, ours.features.indices)


def test_the_same_graph_as_planetoids(test_data):
    """Nodes are numbered differently, so what does not depend on numbers must agree: degrees by class, words a paper."""
    ours = read_cora_linqs(test_data / "linqs_cora", "cora")
    theirs = read_planetoid(test_data / "planetoid" / "cora", "cora")
    assert sorted(ours.graph.degrees) == sorted(theirs.graph.degrees)
    assert sorted(np.diff(ours.features.indptr)) == sorted(np.diff(theirs.features.indptr))
    for dataset in (ours, theirs):
        src, dst = dataset.graph.to_edges()
        assert int((dataset.labels[src] == dataset.labels[dst]).sum()) == 8550
