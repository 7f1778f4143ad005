"""A Trainer on links between types: what it learns, what it is judged on, and what it refuses."""

import numpy as np
import pytest
import torch
from helpers.typed_links import (
    BUYS,
    KNOWS,
    MADE,
    Products,
    encoder_of,
    shop,
    sold,
    trainer_of,
)

import graphsage as gs
from graphsage.config.link_config import LinkConfig
from graphsage.training.link_baselines import baseline_scores
from graphsage.training.link_evaluation import candidates_of
from graphsage.training.tasks import metrics_of

FEW = LinkConfig(candidates=20)


def test_it_learns_what_popularity_does_not_know():
    data = sold(num_links=900)
    result = trainer_of(data, epochs=25, learning_rate=0.01).fit()
    baselines = baseline_scores(data, data.test, FEW, 0)
    assert result.test_scores["mrr"] > baselines["popularity (item degree)"]["mrr"] + 0.1
    assert set(result.test_scores) == set(metrics_of("links"))


@pytest.mark.parametrize("decoder", ["dot", "mlp", "distmult"])
def test_exact_scores_are_those_of_embeddings_of_all_neighbours(decoder):
    data = sold()
    trainer = trainer_of(data, decoder)
    pairs = data.test.seeds[:9]
    h = gs.inference(trainer.model.encoder, data.graph, data.row_normalized().features)
    with torch.no_grad():
        expected = trainer.model.eval().score(h["user"][pairs[:, 0]], h["item"][pairs[:, 1]])
    np.testing.assert_allclose(trainer.score(pairs), expected, atol=1e-6)


def test_drawn_and_exact_scores_agree_where_all_neighbours_are_drawn():
    data = sold()
    trainer = trainer_of(data, fanouts=(-1, -1))
    items = data.val
    exact, drawn = trainer.evaluator.outputs(items).clone(), trainer.evaluator.outputs(items, sampled=True)
    torch.testing.assert_close(exact, drawn, atol=1e-5, rtol=1e-5)


def test_a_link_is_ranked_among_targets_that_its_source_has_not():
    data = sold()
    for _, pairs in candidates_of(data, data.test.seeds, FEW, 0):
        known = set(map(tuple, data.known_pairs().tolist()))
        assert (pairs[:, :, 0] == pairs[:, :1, 0]).all() and pairs[..., 1].max() < 40
        assert not known & set(map(tuple, pairs[:, 1:].reshape(-1, 2).tolist()))


def test_the_same_weights_again_and_on_any_number_of_threads():
    weights = [(trainer := trainer_of(sold(), num_threads=n)).fit() and trainer.model.state_dict() for n in (0, 2)]
    assert all(torch.equal(weight, weights[1][name]) for name, weight in weights[0].items())


OTHERS = [{"relation": KNOWS}, {"times": True, "by": "time"}, {"features": False}, {"reverse": False}]


@pytest.mark.parametrize("options", OTHERS, ids=["one type", "times", "no features", "no reverse"])
def test_other_links(options):
    data = sold(**options)
    trainer = trainer_of(data, epochs=1)
    assert np.isfinite(trainer.fit().test_scores["mrr"])
    assert trainer.evaluator.plan.exact is not data.has_times


def test_negatives_by_degree_of_both_ends_and_the_ranking_loss():
    settings = LinkConfig(candidates=20, negatives=3, negatives_by="degree", corrupt="both", link_loss="ranking")
    assert trainer_of(sold(), task=settings, epochs=1).fit().test_scores["mrr"] > 0


def test_a_module_of_ones_own_is_asked_in_batches():
    result = trainer_of(sold(num_links=900), model=Products(), epochs=8, learning_rate=0.05).fit()
    assert result.test_scores["mrr"] > 0.3


def test_a_relation_that_is_left_out_makes_the_evaluation_draw():
    trainer = trainer_of(sold(), relation_fanouts={"knows": (0, 0)}, epochs=1)
    assert not trainer.evaluator.plan.exact and trainer.evaluator.exact() is None
    assert trainer.fit().test_scores["mrr"] > 0


def test_times_of_nodes_reach_the_samplers():
    born = {"maker": np.full(6, 1000)}
    data = gs.split_links(shop(times=True, node_times=born), relation=BUYS, by="time", val=0.1, test=0.1)
    trainer = trainer_of(data, epochs=1)
    assert trainer.loader.sampler.node_times is not None and trainer.evaluator._sampler.node_times is not None
    assert trainer.fit().test_scores["mrr"] > 0


def test_without_edges():
    assert trainer_of(sold().without_edges(), epochs=1).fit().test_scores["mrr"] > 0


def user_encoder(data):
    return gs.TypedGraphSAGE.of(data, 16, target="user")


@pytest.mark.parametrize(
    ("model", "options", "text"),
    [
        (user_encoder, {}, "a TypedGraphSAGE gives embeddings of nodes, and links need logits of pairs: LinkPredictor"),
        (
            lambda data: gs.LinkPredictor(user_encoder(data)), {},
            r"between 'user' and 'item', and the encoder gives embeddings of 'user': make it with target=\('user', 'item',\)",
        ),
        (
            lambda data: gs.LinkPredictor(gs.GraphSAGE(8, 16, 16)), {},
            "the encoder of a TypedLinkDataset must be a TypedGraphSAGE, got GraphSAGE",
        ),
        (
            lambda data: gs.LinkPredictor(encoder_of(sold(reverse=False))), {},
            "the relation item,rev_buys,user, and the model has not",
        ),
        (None, {"task": LinkConfig(relation="knows")}, "relation = 'knows' is another than that of the links, user,buys,item"),
        (None, {"label_smoothing": 0.1}, "label_smoothing = 0.1 is not used for links"),
        (None, {"isolated": "self"}, "isolated='self' is of graphs with one type"),
    ],
)  # fmt: skip
def test_refused(model, options, text):
    data = sold()
    with pytest.raises(ValueError, match=text):
        trainer_of(data, model=model and model(data), **options)


def test_one_type_has_no_relation_to_name():
    from helpers.link_training import predictor, ring, trainer_of as of_one_type

    with pytest.raises(ValueError, match="relation = 'buys' is not used for a graph of one type"):
        of_one_type(predictor(), ring(), task=LinkConfig(relation="buys"))


def test_every_target_is_known():
    data = sold(relation=MADE, val=0.3)
    assert data.relation == MADE and trainer_of(data, epochs=1).fit()
    full = gs.TypedGraph({"a": 2, "b": 3}, {("a", "r", "b"): ([0, 0, 0, 1], [0, 1, 2, 0])})
    links = gs.TypedLinkDataset(
        dataset=gs.TypedDataset(graph=gs.TypedGraph({"a": 2, "b": 3}, {("a", "r", "b"): ([0], [0])})),
        relation="r", train=[[0, 0], [1, 0]], val=[[0, 1]], test=[[0, 2]], known=full,
    )  # fmt: skip
    with pytest.raises(ValueError, match="a 0 is linked to all b nodes, so that its validation and test links have no other"):
        trainer_of(links, "dot")


def test_popular_relation_name(recwarn):
    assert sold(relation="buys").relation == BUYS
