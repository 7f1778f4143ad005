"""TrainedTypedLinks: saved and read, asked about pairs, the best partners of sources, embeddings and kept links."""

import json

import numpy as np
import pytest
import torch
from helpers.typed_links import BUYS, KNOWS, SIZES, as_set, encoder_of, pairs_of, shop, sold

import graphsage as gs
from graphsage.config.link_config import LinkConfig
from graphsage.config.settings import TrainConfig
from graphsage.trained import outputs
from graphsage.trained.save import load_trained, save_trained
from graphsage.trained.trained_typed_links import TrainedTypedLinks

FEW = LinkConfig(candidates=20)


def saved(folder, data, *, decoder="mlp", task=FEW, **options):
    """(``TrainedTypedLinks`` of an untrained model, by way of its files)."""
    model = gs.LinkPredictor(encoder_of(data), decoder, directed=decoder == "mlp")
    save_trained(folder, model, data, TrainConfig(fanouts=(5, 5), device="cpu", **options), task=task)
    return load_trained(folder)


@pytest.fixture
def trained(tmp_path):
    return saved(tmp_path, sold())


def test_a_round_trip_and_what_the_file_says(trained, tmp_path):
    assert type(trained) is TrainedTypedLinks and trained.relation == BUYS and trained.ends == ("user", "item")
    described = json.loads((tmp_path / "model.json").read_text())
    assert described["relation"] == list(BUYS) and described["decoder"]["name"] == "mlp" and "layers" in described


def test_embeddings_are_exact_and_of_both_types(trained):
    h = trained.embed(shop())
    expected = gs.inference(trained.model.encoder, shop().graph, shop().features)
    assert {kind: rows.shape for kind, rows in h.items()} == {"user": (60, 16), "item": (40, 16)}
    for kind, rows in h.items():
        np.testing.assert_allclose(rows, expected[kind], atol=1e-6)
    some = trained.embed(shop(), {"item": [7, 7, 0]})
    assert list(some) == ["item"] and np.array_equal(some["item"], h["item"][[7, 7, 0]])
    out = {kind: np.empty_like(rows) for kind, rows in h.items()}
    assert trained.embed(shop(), out=out) is out and np.array_equal(out["user"], h["user"])


def test_a_drawn_embedding_is_the_same_whoever_asks_with_it(trained, monkeypatch):
    monkeypatch.setattr(outputs, "BATCH_SIZE", 2)
    h = trained.embed(shop(), {"user": [3, 5, 8, 3]}, fanouts=(2, 2))["user"]
    assert np.array_equal(h[0], h[3])
    with torch.autocast("cpu", torch.bfloat16):
        assert np.array_equal(trained.embed(shop(), {"user": [8, 5, 3]}, fanouts=(2, 2))["user"], h[2::-1])
        low = trained.score(shop(), [[0, 1]])
    assert np.array_equal(trained.score(shop(), [[0, 1]]), low)


def test_drawn_embeddings_of_all_neighbours_are_the_exact_ones(trained):
    h, drawn = trained.embed(shop()), trained.embed(shop(), fanouts=(-1, -1))
    for kind in h:
        np.testing.assert_allclose(h[kind], drawn[kind], atol=1e-5)


def test_pairs_and_partners_agree(trained):
    pairs = [[3, 0], [3, 39], [59, 5], [3, 0]]
    scores = trained.score(shop(), pairs)
    assert scores.shape == (4,) and scores[0] == scores[3] and trained.score(shop(), []).shape == (0,)
    found = trained.top(shop(), [3, 0], 50, known="offer")
    assert len(found) == 80 and found.ranks[:40].tolist() == list(range(1, 41)) and found.ends == ("user", "item")
    of_three = dict(zip(found.partners[:40].tolist(), found.probabilities[:40].tolist()))
    assert [of_three[0], of_three[39]] == pytest.approx(scores[:2].tolist(), abs=1e-6)


def test_known_targets_are_left_out(trained):
    bought = {item for user, item in pairs_of(shop().graph) if user == 3}
    found = trained.top(shop(), [3], 40)
    assert set(found.partners.tolist()) == set(range(40)) - bought and bought
    assert 3 in trained.top(shop(), [3], 40, known="offer").partners  # item 3 is not user 3


def test_within_one_type_a_node_is_no_partner_of_itself(tmp_path):
    trained = saved(tmp_path, sold(relation=KNOWS), decoder="dot")
    found = trained.top(shop(), [5], 60)
    assert len(found) == 57 and not {4, 5, 6} & set(found.partners.tolist())
    assert 5 not in trained.top(shop(), [5], 60, known="offer").partners
    assert list(trained.embed(shop())) == ["user"]


@pytest.mark.parametrize("relation", [BUYS, KNOWS])
def test_scores_are_those_of_the_embeddings_exact_or_drawn(relation, tmp_path):
    trained = saved(tmp_path, sold(relation=relation), decoder="dot")
    h, pairs = trained.embed(shop()), np.array([[7, 30], [7, 2], [0, 30], [7, 30]])
    products = (h["user"][pairs[:, 0]] * h[relation[2]][pairs[:, 1]]).sum(1)
    expected = 1 / (1 + np.exp(-products))
    np.testing.assert_allclose(trained.score(shop(), pairs), expected, atol=1e-5)
    np.testing.assert_allclose(trained.score(shop(), pairs, fanouts=(-1, -1)), expected, atol=1e-5)


def test_names_of_both_types(trained):
    names = {"user": np.array([f"u{v}" for v in range(60)], object)}
    found = trained.top(shop(node_ids=names), [3], 2).columns(shop(node_ids=names))
    assert found["node"] == ["u3", "u3"] and found["partner"].dtype.kind == "i"


def test_evaluate_repeats_the_split_and_its_candidates(trained):
    data = sold()
    again = trained.split(shop())
    assert as_set(again.test) == as_set(data.test)
    scores, whole = trained.evaluate(again), trained.evaluate(data)
    assert scores == whole and scores["test"]["links"] == len(data.test)
    assert trained.evaluate(data, fanouts=(3, 3))["val"]["mrr"] != scores["val"]["mrr"]


def test_a_dataset_of_links_is_asked_on_all_that_it_knows(trained):
    whole, links = trained.embed(shop()), trained.embed(sold())
    expected = {len(pairs_of(shop().graph))}
    assert {len(as_set(sold().known_pairs()))} == expected
    unique = gs.TypedGraph(  # the links of the data, each once
        SIZES, {r: tuple(np.unique(np.stack(shop().graph.edges(r)), axis=1)) for r in shop().graph.relations},
    )  # fmt: skip
    once = trained.embed(gs.TypedDataset(graph=unique, features=shop().features))
    for kind in whole:
        np.testing.assert_allclose(links[kind], once[kind], atol=1e-5)


def test_left_out_relations_are_drawn_without(tmp_path):
    trained = saved(tmp_path, sold(), relation_fanouts={"knows": (0, 0)})
    assert trained.is_drawn and trained.relation_fanouts == {"knows": (0, 0)}
    assert trained.embed(shop())["item"].shape == (40, 16) and trained.evaluate(sold())["val"]["links"] > 0


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda t: t.score(shop(), [[0, 40]]), ValueError, r"\[0\] = 40 is not a node: of type 'item' the graph has 40"),
        (lambda t: t.top(shop(), [60]), ValueError, r"nodes\[0\] = 60 is not a node: the graph has 60"),
        (lambda t: t.top(shop(), [3, 3]), ValueError, "nodes must be listed once each"),
        (lambda t: t.embed(shop(), {"maker": [0]}), ValueError, "nodes has 'maker', of which there are no embeddings"),
        (lambda t: t.embed(shop(), [0]), TypeError, "nodes must be a dict {type: ids}"),
        (lambda t: t.embed(shop(), {"item": [0]}, out={}), ValueError, "out is for all nodes: leave out nodes"),
        (lambda t: t.embed(shop(reverse=False)), ValueError, "the model has the relation .*, and shop has not"),
        (lambda t: t.embed(shop(features=False)), ValueError, "the model takes 8 features of each user, but shop has 60"),
        (lambda t: t.embed(shop(), fanouts=(3,)), ValueError, "fanouts"),
        (lambda t: t.score(3, [[0, 1]]), TypeError, "dataset must be a TypedDataset, got int"),
        (lambda t: t.evaluate(shop()), TypeError, "dataset must be a TypedLinkDataset, got "),
    ],
)
def test_refused(trained, ask, error, text):
    with pytest.raises(error, match=text):
        ask(trained)
