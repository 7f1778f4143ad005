"""TrainedLinks: what it says of pairs, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.links import NAMES, link_config, linked, saved, split_of
from safetensors.torch import load_file, save_file

import graphsage as gs
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.runs.run import build_model
from graphsage.trained import trained_links as module
from graphsage.trained.save import load_model, load_trained, save_model, save_trained
from graphsage.trained.trained_links import TrainedLinks

PAIRS = np.array([[0, 1], [7, 3], [3, 7], [0, 1], [5, 77], [9, 9]])


def by_hand(trained, graph, features, pairs):
    """The probabilities by ``inference`` and the decoder."""
    h = gs.inference(trained.model.encoder, graph, features)
    with torch.no_grad():
        return trained.model.decoder(h[pairs[:, 0]], h[pairs[:, 1]]).sigmoid().numpy()


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("decoder", ["dot", "mlp", "distmult"])
def test_pairs_keep_their_order_and_probabilities(decoder, directed, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_VALUES", 40)  # two pairs a chunk
    data = linked(directed)
    trained, split = saved(tmp_path, data, link_config(links={"decoder": decoder}))
    assert isinstance(trained, TrainedLinks) and trained.directed == directed and trained.task == "links"
    found, expected = trained.score(data, PAIRS), by_hand(trained, data.graph, data.features, PAIRS)
    assert found.dtype == np.float32 and np.ptp(expected) > 1e-3
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert (found[1] == found[2]) == (not directed or decoder != "mlp")
    np.testing.assert_allclose(trained.score(split, PAIRS), by_hand(trained, split.known, data.features, PAIRS), rtol=1e-5)
    assert trained.score(data, np.empty((0, 2), np.int64)).shape == (0,)


def test_kept_links_are_messages_of_what_is_predicted(tmp_path):
    """By the messages of the training alone, ends of validation and test links would have other embeddings."""
    data = linked()
    trained, split = saved(tmp_path, data)
    pairs = split.test.seeds
    assert not np.allclose(trained.score(data, pairs), by_hand(trained, split.graph, data.features, pairs), rtol=1e-3)
    np.testing.assert_array_equal(trained.score(data, pairs), trained.score(split, pairs))


def test_drawn_neighbours_are_the_same_for_the_same_seed(tmp_path):
    data = linked()
    trained, _ = saved(tmp_path, data)
    one, again, other = (trained.score(data, PAIRS, fanouts=(3, 3), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any() and (one != trained.score(data, PAIRS)).any()


def test_top_leaves_out_what_is_known(tmp_path):
    data = linked()
    trained, _ = saved(tmp_path, data)
    found = trained.top(data, [3, 77], 10)
    assert found.nodes.tolist() == [3] * 10 + [77] * 10 and found.ranks.tolist() == [*range(1, 11)] * 2
    pairs = np.stack([found.nodes, found.partners], 1)
    np.testing.assert_allclose(found.probabilities, trained.score(data, pairs), rtol=1e-4)
    row = set(data.graph.indices[data.graph.indptr[3] : data.graph.indptr[4]].tolist())
    assert row and not row & set(found.partners[:10].tolist()) and 3 not in found.partners[:10]
    everyone = trained.top(data, [3], 500, known="offer")
    assert sorted(everyone.partners.tolist()) == [v for v in range(200) if v != 3]
    assert len(trained.top(data, [3], 500)) == 199 - len(row)
    columns = found.columns(data)
    assert columns["node"][0] == NAMES[3] and list(columns) == ["node", "rank", "partner", "probability"]


def test_partners_of_a_directed_graph_are_its_targets(tmp_path):
    """Row b has a of a link (a, b): the partners of a are those whose rows do not have it yet."""
    data = linked(directed=True)
    trained, _ = saved(tmp_path, data)
    src, dst = data.graph.to_edges()
    node = int(np.intersect1d(src, dst)[0])  # one that has both
    found = set(trained.top(data, [node], 500).partners.tolist())
    assert found == set(range(200)) - set(dst[src == node].tolist()) - {node}
    assert found & set(src[dst == node].tolist())  # its sources are offered


def test_embed_is_what_the_decoder_reads(tmp_path):
    data = linked()
    trained, _ = saved(tmp_path, data, link_config({"num_layers": 1}, fanouts=(5,)))  # of one layer, too
    h = gs.inference(trained.model.encoder, data.graph, data.features).numpy()
    np.testing.assert_array_equal(trained.embed(data), h)
    np.testing.assert_array_equal(trained.embed(data, [9, 0, 9]), h[[9, 0, 9]])
    assert h.shape[1] == trained.embedding_width == 16


def test_evaluate_asks_about_the_links_that_were_kept(tmp_path):
    data, config = linked(), link_config()
    trained, split = saved(tmp_path, data, config)
    assert trained.split(data).test.seeds.tolist() == split.test.seeds.tolist()
    trainer = gs.Trainer(build_model(config, split), split, config.train, task=config.links, log=None)
    found = trained.evaluate(split)
    assert {part: of["links"] for part, of in found.items()} == {"val": len(split.val), "test": len(split.test)}
    for part, of in found.items():
        score, loss = trainer.evaluate(getattr(split, part))
        assert of["mrr"] == pytest.approx(score, rel=1e-6) and of["loss"] == pytest.approx(loss, rel=1e-6)
    assert list(found["val"]) == ["links", "loss", "mrr", "roc_auc", "average_precision", "hits@1", "hits@3", "hits@10"]
    assert trained.evaluate(split, fanouts=(1, 1))["test"]["mrr"] != found["test"]["mrr"]


def test_a_split_is_the_one_of_the_training_or_none(tmp_path):
    data, config = linked(), link_config()
    own = gs.split_links(data, val=0.2, test=np.float32(0.25), seed=np.int64(7))  # neither shares nor seed are the config's
    save_trained(tmp_path, build_model(config, own), own, config.train, task=config.links)
    again = load_trained(tmp_path).split(data)
    assert all(np.array_equal(getattr(again, part).seeds, getattr(own, part).seeds) for part in ("train", "val", "test"))
    parts = {part: getattr(own, part) for part in ("train", "val", "test")}
    by_hand_made = gs.LinkDataset(graph=own.graph, features=own.features, **parts)
    save_trained(tmp_path, build_model(config, own), by_hand_made, config.train, task=config.links)
    with pytest.raises(ValueError, match="^the links of the training were not split by split_links: evaluate"):
        load_trained(tmp_path).split(data)


def test_features_are_divided_by_their_sums_where_training_did(tmp_path):
    data = linked(sparse=True)
    trained, _ = saved(tmp_path, data)
    assert trained.normalized_features
    normal = data.row_normalized()
    np.testing.assert_allclose(trained.score(data, PAIRS), by_hand(trained, normal.graph, normal.features, PAIRS), rtol=1e-5)


def test_a_model_comes_back_alone_too(tmp_path):
    model = build_model(link_config(links={"decoder": "mlp"}), split_of(link_config(), linked(directed=True)))
    save_model(model, tmp_path / "model.safetensors")
    found = load_model(tmp_path / "model.safetensors")
    assert type(found) is LinkPredictor and found.decoder.directed and not found.training
    assert all(torch.equal(value, found.state_dict()[name]) for name, value in model.state_dict().items())
    with pytest.raises(ValueError, match="holds a model alone, without what it was trained for"):
        load_trained(tmp_path / "model.safetensors")


REFUSED = [
    (lambda t, d: t.score(d, [0, 1]), ValueError, r"pairs must be pairs of nodes, integers \[n, 2\], got shape"),
    (lambda t, d: t.score(d, [[0, 200]]), ValueError, r"pairs\[0\] = \(0, 200\) is no pair of nodes: the graph has 200"),
    (lambda t, d: t.score(d, [[0.5, 1]]), TypeError, "pairs must be integers"),
    (lambda t, d: t.score(d.graph, [[0, 1]]), TypeError, "dataset must be a NodeDataset, got "),
    (lambda t, d: t.top(d, [0], 0), ValueError, "k must be an integer >= 1, got 0"),
    (lambda t, d: t.top(d, [0, 0]), ValueError, "nodes must be listed once each"),
    (lambda t, d: t.top(d, [200]), ValueError, r"nodes\[0\] = 200 is not a node: the graph has 200"),
    (lambda t, d: t.top(d, [0], known="drop"), ValueError, "known must be one of 'leave out', 'offer'; got 'drop'"),
    (lambda t, d: t.evaluate(d), TypeError, "dataset must be a LinkDataset, got "),
    (lambda t, d: t.check(linked(features=np.ones((200, 3)))), ValueError, "the model takes 24 features a node, but .* has 3"),
    (lambda t, d: t.check(d, fanouts=(3,)), ValueError, "fanouts 3 sample 1 hops, but the model has 2 layers"),
    (lambda t, d: t.check(d, device="gpu9"), ValueError, "gpu9"),
    (lambda t, d: replace(t, draw="weighted").score(t.split(d), [[0, 1]]), ValueError, "a LinkDataset keeps weights and time"),
]


def test_what_is_refused(tmp_path):
    data = linked()
    trained, _ = saved(tmp_path, data)
    for call, kind, text in REFUSED:
        with pytest.raises(kind, match=text):
            call(trained, data)


@pytest.mark.parametrize("change, text", [
    ({"directed": 1}, "does not say what its model was trained for: directed is 1"),
    ({"seed": "0"}, "does not say what its model was trained for: seed is '0'"),
    ({"links": {"decoder": "cosine"}}, "trained for: decoder must be one of dot, mlp, distmult; got 'cosine'"),
    ({"links": None}, "does not say what its model was trained for"),
])  # fmt: skip
def test_a_file_that_says_nothing_good_is_refused(change, text, tmp_path):
    import json

    from safetensors import safe_open

    saved(tmp_path, linked())
    path = tmp_path / "model.safetensors"
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["graphsage"])
    about["trained"] |= change
    save_file(load_file(path), path, {"graphsage": json.dumps(about)})
    with pytest.raises(ValueError, match=text):
        load_trained(tmp_path)


def test_a_decoder_of_ones_own_cannot_be_saved(tmp_path):
    class Mine(torch.nn.Module):
        def forward(self, h_source, h_target):
            return (h_source - h_target).abs().sum(-1)

    config, split = link_config(), split_of(link_config(), linked())
    model = LinkPredictor(build_model(config, split).encoder, Mine())
    with pytest.raises(TypeError, match="a file cannot bring the code of another along .* got LinkPredictor"):
        save_trained(tmp_path, model, split, config.train, task=config.links)
