"""The generator of typed graphs: sizes, what tells the classes and what does not, and what is refused."""

import numpy as np
import pytest
from helpers.graphs import digest

import graphsage as gs
from graphsage.data.dataset import DatasetError
from graphsage.data.generators.typed_papers import TypedPapers

WRITES, CITES, IN = ("author", "writes", "paper"), ("paper", "cites", "paper"), ("paper", "in", "venue")


def arrays(spec):
    made = gs.load_dataset(spec)
    features = made.features["paper"], made.features["author"]
    return made.graph.rows.indices, made.labels, *features, made.train, made.val, made.test


def test_what_is_asked_for_is_made():
    made = gs.load_dataset("typed:papers=300,authors=90,venues=4,writers=2,cites=3,classes=5,features=7,train=0.2,val=0.1")
    assert isinstance(made, gs.TypedDataset) and made.name.startswith("typed:papers=300") and made.target == "paper"
    assert made.num_nodes == {"paper": 300, "author": 90, "venue": 4}
    assert made.num_features == {"paper": 7, "author": 7, "venue": 4}
    assert np.bincount(made.labels).tolist() == [60] * 5 and (len(made.train), len(made.val), len(made.test)) == (60, 30, 210)
    assert made.num_edges[IN] == 300 and 500 < made.num_edges[WRITES] <= 600 and 800 < made.num_edges[CITES] <= 900
    assert made.features["venue"].is_identity and len(made.graph.relations) == 6


def test_the_same_text_is_the_same_dataset():
    first, again, other = (arrays(f"typed:papers=200,authors=50{seed}") for seed in ("", ",seed=0", ",seed=1"))
    assert digest(first) == digest(again)
    assert not any(np.array_equal(one, two) for one, two in zip(first, other))


def test_golden_dataset():
    made = gs.load_dataset("typed:papers=50,authors=20,venues=3,seed=5")
    graph = made.graph
    assert digest((graph.rows.indptr, graph.rows.indices, made.labels, made.train, made.test))[:16] == "287aa479c9e797fd"


def share_told(made, rows, classes):
    """Share of the test papers whose row is nearest to the mean row of their class among the papers to train on."""
    means = np.stack([rows[made.train][made.labels[made.train] == label].mean(axis=0) for label in range(classes)])
    told = np.linalg.norm(rows[made.test][:, None] - means, axis=2).argmin(axis=1)
    return np.mean(told == made.labels[made.test])


def means_of(made, relation):
    """Mean of the sources' features, a row a destination."""
    src, dst = made.graph.edges(relation)
    sums = np.zeros((made.num_nodes[relation[2]], made.num_features[relation[0]]))
    np.add.at(sums, dst, made.features[relation[0]][src])
    return sums / np.maximum(np.bincount(dst, minlength=len(sums)), 1)[:, None]


def test_authors_tell_the_class_and_nothing_else_does():
    """1,600 test papers of 8 classes: by chance 12.5 % are right, with a deviation of 0.8 %."""
    made = gs.load_dataset("typed")
    assert share_told(made, means_of(made, WRITES), 8) > 0.7
    for rows in (made.features["paper"], means_of(made, CITES)):
        assert abs(share_told(made, rows, 8) - 1 / 8) < 0.04
    assert share_told(gs.load_dataset("typed:homophily=0"), means_of(gs.load_dataset("typed:homophily=0"), WRITES), 8) < 0.2


def test_an_author_is_of_the_papers_class_as_often_as_was_asked():
    """6,000 draws: of homophily h a share h + (1 - h) / 8 is of one class, with a deviation of 0.6 % at most; 4 of them."""
    for homophily in (0, 0.5, 1):
        of_author = TypedPapers(authors=800, homophily=homophily)._of_authors()
        made = gs.load_dataset(f"typed:authors=800,homophily={homophily}")
        src, dst = made.graph.edges(WRITES)
        share = np.mean(of_author[src] == made.labels[dst])
        assert abs(share - (homophily + (1 - homophily) / 8)) < 0.025


@pytest.mark.parametrize(
    "spec, sentence",
    [
        ("typed:nodes=3", "options are OPTION=VALUE, each once, with commas between: papers, authors, .*; got 'nodes=3'"),
        ("typed:papers=0", "papers must be an integer from 1 to 2147483647, got 0"),
        ("typed:authors=0", "authors must be an integer from 1 to 2147483647, got 0"),
        ("typed:authors=5", "classes must be an integer from 1 to 5, got 8"),
        ("typed:venues=0", "venues must be an integer from 1 to"),
        ("typed:writers=-1", "writers must be an integer >= 0, got -1"),
        ("typed:cites=-1", "cites must be an integer >= 0, got -1"),
        ("typed:homophily=2", "homophily must be from 0 to 1, got 2.0"),
        ("typed:papers=2000000000", "it would need [0-9,]+ bytes, and there are"),
    ],
)
def test_what_is_refused(spec, sentence):
    with pytest.raises(DatasetError, match=f"^{spec}: {sentence}"):
        gs.load_dataset(spec)


def test_without_authors_and_citations_of_a_paper():
    made = gs.load_dataset("typed:papers=40,authors=9,writers=0,cites=0")
    assert made.num_edges[WRITES] == made.num_edges[CITES] == 0 and made.num_edges[IN] == 40
