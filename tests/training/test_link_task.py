"""Training of links: that it learns and repeats itself, what it is asked among, what it may not see, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.link_training import PairsOfFeatures, predictor, ring, timed, train_config, trainer_of
from helpers.nn_helpers import node_dataset

import graphsage as gs
from graphsage.config.link_config import LinkConfig
from graphsage.sampling.items import Items
from graphsage.training.link_evaluation import LinkEvaluator, candidates_of
from graphsage.training.link_objective import binary_loss, ranking_loss, sides
from graphsage.training.tasks import metrics_of

CLOCKS = ("seconds", "starting", "waiting", "training", "evaluating", "saving", "memory")
FEW = LinkConfig(candidates=20)
GOLDEN_LOSSES, GOLDEN_MRR = [1.5521418, 0.6378224], 0.649986  # of the first version
CHANCE = sum(1 / rank for rank in range(1, 22)) / 21  # MRR of a random order of 21


@pytest.fixture(scope="module")
def data():
    return ring()


def record(trainer, result):
    """All numbers of a training that do not depend on the clock."""
    history = [replace(epoch, **dict.fromkeys(CLOCKS, 0)) for epoch in result.history]
    weights = [(name, tensor.tolist()) for name, tensor in trainer.model.state_dict().items()]
    return history, weights, result.test_scores, result.val_score, result.best_epoch


# ---- it learns, the same each time


@pytest.mark.parametrize("decoder", ["dot", "mlp", "distmult"])
@pytest.mark.parametrize("loss", ["binary", "ranking"])
def test_each_decoder_and_loss_learns(decoder, loss, data):
    settings = replace(FEW, link_loss=loss, negatives=3)
    result = trainer_of(predictor(decoder), data, task=settings, epochs=10).fit()
    assert result.metric == "mrr" and result.test_score > 0.45 > 2 * CHANCE
    assert result.history[-1].loss < result.history[0].loss
    assert list(result.test_scores) == list(metrics_of("links")) and result.test_scores["mrr"] == result.test_score
    assert result.test_scores["roc_auc"] > 0.8 and result.outputs is None


def test_a_small_training_is_as_it_was(data):
    result = trainer_of(predictor("mlp"), data, task=FEW, epochs=2).fit()
    assert [epoch.loss for epoch in result.history] == pytest.approx(GOLDEN_LOSSES, rel=1e-4)
    assert result.test_scores["mrr"] == pytest.approx(GOLDEN_MRR, abs=1e-3)


@pytest.mark.parametrize("options", [
    {}, {"batches_per_epoch": 3}, {"accumulate": 3}, {"schedule": "cosine"}, {"precision": "bfloat16"}, {"optimizer": "sgd"},
    {"draw": "labor"}, {"evaluate": "sampled"}, {"clip_norm": 0.5}, {"schedule": "plateau"},
])  # fmt: skip
def test_every_way_of_training_repeats_itself(options, data):
    records = []
    for threads in (0, 2):
        trainer = trainer_of(predictor(dropout=0.3), data, task=FEW, epochs=2, **{**options, "num_threads": threads})
        records.append(record(trainer, trainer.fit()))
    assert records[0] == records[1]


def test_sparse_features_give_the_numbers_of_dense_ones(data):
    how = {"task": FEW, "normalize_features": False}
    dense, sparse = (trainer_of(predictor(), part, **how).fit() for part in (data, ring(sparse=True)))
    assert [epoch.loss for epoch in sparse.history] == pytest.approx([epoch.loss for epoch in dense.history], rel=1e-4)


def test_a_second_fit_goes_on_and_the_global_generators_stand_still(data):
    before = torch.random.get_rng_state()
    trainer = trainer_of(predictor(), data, task=FEW)
    first, second = trainer.fit(), trainer.fit()
    assert second.history[-1].loss < first.history[0].loss
    assert torch.equal(before, torch.random.get_rng_state())


# ---- losses


def test_losses_by_hand():
    positive, negatives = torch.tensor([2.0, -1.0]), torch.tensor([[0.5, 1.0, 0.0], [0.0, -2.0, 3.0]])
    both = torch.cat([positive, negatives.ravel()])
    y = torch.tensor([1.0, 1, 0, 0, 0, 0, 0, 0])
    each = F.binary_cross_entropy_with_logits(both, y, reduction="none")
    assert binary_loss(positive, negatives).item() == pytest.approx((each[:2].mean() + each[2:].mean()).item() / 2)
    rows = torch.cat([positive[:, None], negatives], 1)
    assert ranking_loss(positive, negatives).item() == pytest.approx(F.cross_entropy(rows, torch.zeros(2).long()).item())


def test_negatives_of_a_batch_stand_beside_their_own_link(data):
    trainer = trainer_of(predictor(), data, task=replace(FEW, negatives=3))
    batch = next(trainer.loader.epoch(0))
    positive, negatives = sides(batch.seeds[batch.pairs[0]], 3)  # their sources in place of logits
    assert torch.equal(negatives, positive[:, None].expand(-1, 3)) and negatives.shape == (64, 3)


def test_a_loss_of_ones_own_gets_logits_and_labels_of_all_pairs(data):
    seen = []

    def loss(logits, y):
        seen.append((logits.shape, y.shape, int(y.sum()), y.dtype))
        return F.binary_cross_entropy_with_logits(logits, y)

    own = trainer_of(predictor(), data, task=replace(FEW, negatives=2), loss=loss, epochs=1).fit()
    assert seen[0] == ((192,), (192,), 64, torch.float32)  # 64 links, 128 negatives
    assert seen[-1] == ((21 * len(data.test),),) * 2 + (len(data.test), torch.float32)
    ours = trainer_of(predictor(), data, task=FEW, loss=F.binary_cross_entropy_with_logits, epochs=1).fit()
    task = trainer_of(predictor(), data, task=FEW, epochs=1).fit()
    assert ours.history[0].loss == pytest.approx(task.history[0].loss)  # one negative a link: the same mean
    assert np.isfinite(own.test_score)


# ---- candidates, and evaluation among them


def test_candidates_are_no_links_have_the_source_and_are_the_same_each_time(data, monkeypatch):
    known = {(a, b) for a, b in zip(*(ends.tolist() for ends in data.known.to_edges()))}
    drawn = [pairs for _, pairs in candidates_of(data, data.test.seeds, FEW, 0)]
    pairs = np.concatenate(drawn)
    assert pairs.shape == (len(data.test), 21, 2) and np.array_equal(pairs[:, 0], data.test.seeds)
    assert (pairs[..., 0] == pairs[:, :1, 0]).all()
    assert not any((a, b) in known or a == b for a, b in pairs[:, 1:].reshape(-1, 2).tolist())
    again, other = (np.concatenate([p for _, p in candidates_of(data, data.test.seeds, FEW, seed)]) for seed in (0, 1))
    assert np.array_equal(pairs, again) and not np.array_equal(pairs, other)
    monkeypatch.setattr("graphsage.training.link_evaluation.CHUNK_PAIRS", 21)  # a link a chunk: other draws, as they are keyed
    assert len(list(candidates_of(data, data.test.seeds, FEW, 0))) == len(data.test)


def test_exact_scores_are_those_of_all_neighbours_in_batches(data):
    trainer = trainer_of(predictor("mlp"), data, task=FEW, fanouts=(-1, -1), batch_size=16)
    exact, sampled = (trainer.evaluator.outputs(data.val, sampled=sampled) for sampled in (False, True))
    assert exact.shape == (len(data.val), 21) and exact.dtype == torch.float32
    torch.testing.assert_close(sampled, exact, rtol=1e-4, atol=1e-4)
    assert trainer.score(data.val.seeds).tolist() == exact[:, 0].tolist()


def test_scores_do_not_depend_on_chunks_of_pairs(data, monkeypatch):
    trainer = trainer_of(predictor(), data, task=FEW)
    whole = trainer.score(data.train.seeds)
    monkeypatch.setattr("graphsage.training.link_evaluation.CHUNK_PAIRS", 7)
    assert trainer.score(data.train.seeds).tolist() == pytest.approx(whole.tolist(), rel=1e-5)


def test_the_test_is_asked_once_and_the_best_epoch_is_kept(data, monkeypatch):
    asked, outputs = [], LinkEvaluator.outputs

    def counted(evaluator, items, **how):
        asked.append(len(items))
        return outputs(evaluator, items, **how)

    monkeypatch.setattr(LinkEvaluator, "outputs", counted)
    trainer = trainer_of(predictor(), data, task=FEW, epochs=4)
    result = trainer.fit()
    assert asked == [len(data.val)] * 4 + [len(data.test)]
    assert result.val_score == max(epoch.val_score for epoch in result.history)
    assert trainer.evaluate(data.val)[0] == result.val_score and trainer.evaluate(data.test)[0] == result.test_score
    assert trainer.evaluate(data.val.seeds)[1] == pytest.approx(result.history[result.best_epoch - 1].val_loss)
    assert trainer.evaluate(data.val[:0]) == (None, None)


@pytest.mark.parametrize("metric", metrics_of("links"))
def test_any_metric_picks_the_best_epoch(metric, data):
    result = trainer_of(predictor(), data, task=FEW, metric=metric).fit()
    assert result.metric == metric and result.test_score == result.test_scores[metric]


def test_a_part_of_the_validation_links_will_do(data):
    lines = []
    trainer = trainer_of(predictor(), data, task=FEW, evaluate_nodes=10, log=lines.append)
    assert len(trainer.evaluator.items) == 10 and trainer.fit().val_score > 0
    assert f"Validation: 10 of {len(data.val)} links, each epoch" in lines


def test_without_validation_and_test_links_the_last_epoch_is_kept(data):
    result = trainer_of(predictor(), replace(data, val=data.val[:0], test=data.test[:0]), task=FEW).fit()
    assert (result.best_epoch, result.test_score, result.test_scores, result.val_score) == (3, None, None, None)


# ---- modules of one's own


def test_a_module_of_ones_own_is_trained_and_asked_in_batches(data):
    result = trainer_of(PairsOfFeatures(), data, task=FEW, epochs=8).fit()
    assert result.test_score > 0.4


class Returns(PairsOfFeatures):
    """Something else of the logits."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, batch):
        return self.change(super().forward(batch))


def test_a_column_will_do_for_a_vector(data):
    column = trainer_of(Returns(lambda logits: logits[:, None]), data, task=FEW).fit()
    assert column.history[-1].loss == trainer_of(PairsOfFeatures(), data, task=FEW).fit().history[-1].loss


WRONG = {
    "a row a seed": (lambda z: z.repeat(2), ValueError, r"^Returns must return a logit a pair, \[128\], and it returned \[256"),
    "two columns": (lambda z: torch.stack([z, z], 1), ValueError, r"a logit a pair, \[128\], and it returned \[128, 2\]: batc"),
    "no tensor": (lambda z: (z, z), TypeError, r"^Returns must return one tensor"),
    "no gradient": (torch.Tensor.detach, ValueError, r"^Returns must return outputs that depend on its weights"),
    "nan": (lambda z: z * torch.nan, ValueError, r"^Returns returned nan or inf for 128 of 128 "),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_a_module_returns_is_looked_at(what, data):
    change, kind, text = WRONG[what]
    with pytest.raises(kind, match=text):
        trainer_of(Returns(change), data, task=FEW).fit()


# ---- what may not be seen


def test_features_alone_are_the_model_on_no_messages(data):
    result = trainer_of(predictor(), data.without_edges(), task=FEW).fit()
    assert 0 < result.test_score <= 1


def matching():
    """Each of 400 nodes has one link, drawn at random: nothing tells it but the edge itself."""
    src, dst = np.random.default_rng(0).permutation(400).reshape(2, 200)
    features = 0.3 * np.random.default_rng(1).standard_normal((400, 8)).astype(np.float32)
    none, graph = np.empty((0, 2), np.int64), gs.Graph.from_edges(src, dst, 400, undirected=True)
    return gs.LinkDataset(graph=graph, features=features, train=np.stack([src, dst], 1), val=none, test=none)


@pytest.mark.parametrize("leaks", [False, True])
def test_a_link_that_is_asked_about_is_not_among_the_messages(leaks):
    """Null: the features of two ends are independent, so that the loss stays near that of a guess, log 2 = 0.69.

    Left among the messages, the link's own edge carries one end's features to the other, and 20 epochs learn to see it.
    """
    how = {"fanouts": (-1,), "batch_size": 32, "epochs": 20, "learning_rate": 0.02}
    trainer = trainer_of(predictor(num_layers=1), matching(), task=FEW, **how)
    trainer.loader.exclude = not leaks
    losses = [epoch.loss for epoch in trainer.fit().history]
    assert (losses[-1] < 0.55) == leaks
    assert leaks or losses[-1] > 0.6


class Leaky:
    """Says that it draws strictly before a time, and lets that time through."""

    seed, num_threads, fanouts, strictly_before = 0, 0, (1,), True

    def __init__(self, graph):
        self.graph = graph
        self.sample_open = gs.NeighborSampler(graph, (1,), draw="recent", num_threads=0).sample_open


@pytest.mark.parametrize("leaks", [False, True])
def test_a_link_with_a_time_sees_nothing_of_that_time(leaks):
    """Null: random links at random times cannot be told from others, so that MRR is that of a random order, 0.174.

    100 test links: its deviation is 0.023. Each link is there twice at its very time; a sampler that lets edges of that time
    through takes one of them as the latest, and tells the link.
    """
    data = timed(copies=2)
    how = {"fanouts": (1,), "draw": "recent", "batch_size": 32, "epochs": 15, "learning_rate": 0.02}
    trainer = trainer_of(predictor(num_layers=1), data, task=FEW, **how)
    if leaks:
        trainer.loader.sampler = trainer.evaluator._sampler = Leaky(data.graph)
    score = trainer.fit().test_score
    assert (score > 0.28) == leaks
    assert leaks or abs(score - CHANCE) < 0.07


def test_links_with_times_are_learned_and_judged_on_sampled_neighbours():
    trainer = trainer_of(predictor(), timed(), task=FEW, draw="recent")
    assert trainer.loader.sampler.strictly_before and trainer.evaluator.encoder is None
    assert 0 < trainer.fit().test_score < 1
    scores = trainer.score([[0, 1], [2, 3]], times=[500, 10])
    assert scores.shape == (2,) and scores.dtype == np.float32


# ---- what is refused


DATA = ring()
TIMED = timed()
REFUSED = [
    (lambda: trainer_of(predictor(), DATA, task="links"), TypeError, r"^task must be LinkConfig, or None for a LinkDataset, g"),
    (lambda: trainer_of(gs.GraphSAGE(7, 4, 3), node_dataset(), task=FEW), TypeError, r"^task must be WalkConfig, or None fo"),
    (lambda: trainer_of(predictor(), DATA, label_smoothing=0.1), ValueError, r"^label_smoothing = 0.1 is not used for links"),
    (lambda: trainer_of(predictor(), DATA, class_weights="balanced"), ValueError, r"^class_weights = 'balanced' is not used f"),
    (lambda: trainer_of(predictor(), DATA, inductive=True), ValueError, r"^inductive = True is not used for links: leave it o"),
    (lambda: trainer_of(predictor(), TIMED, strictly_before=True), ValueError, r"^strictly_before = True is not used for l"),
    (lambda: trainer_of(predictor(), DATA, metric="accuracy"), ValueError, r"^metric='accuracy' does not judge a links task: "),
    (lambda: trainer_of(predictor(), replace(DATA, train=DATA.train[:0])), ValueError, r"^the dataset has no training links: "),
    (lambda: trainer_of(predictor(), replace(DATA, val=DATA.val[:0]), patience=2), ValueError, r"^patience needs validation l"),
    (lambda: gs.Trainer(predictor(), DATA, gs.TrainConfig(batch_size=None)), ValueError, r"^a full batch asks about all links"),
    (lambda: trainer_of(predictor(), DATA, task=gs.LinkConfig(link_loss="ranking"), loss=F.mse_loss), ValueError, r"^link_lo"),
    (lambda: trainer_of(predictor(), hub()), ValueError, r"^node 0 is linked to all others, so that its validation and test "),
    (lambda: trainer_of(predictor(), TIMED, evaluate="exact"), ValueError, r"^evaluate='exact' is of all neighbours and needs"),
    (lambda: trainer_of(gs.GraphSAGE(9, 4, 3), DATA), ValueError, r"^a GraphSAGE gives embeddings of nodes, and links need lo"),
    (lambda: trainer_of(predictor(), node_dataset()), ValueError, r"^a LinkPredictor scores pairs, and labels are of nodes: "),
    (lambda: trainer_of(nn_of(9), DATA), ValueError, r"^the model takes 9 features a node, but the dataset has 8$"),
    (lambda: trainer_of(predictor(), DATA).evaluate([1, 2, 3]), ValueError, r"^links must be pairs of nodes, integers \[n, 2"),
    (lambda: trainer_of(predictor(), DATA).evaluate([[0, 120]]), ValueError, r"^links\[0\] = \(0, 120\) is no pair of nodes"),
    (lambda: trainer_of(predictor(), TIMED).evaluate([[0, 1]]), ValueError, r"^links of this dataset are asked about as of a "),
    (lambda: trainer_of(predictor(), DATA).score([[0, 1]], [5]), ValueError, r"^times are of no use: the dataset's links have"),
    (lambda: trainer_of(predictor(), DATA).predict([0]), TypeError, r"^the dataset of predict must be a NodeDataset, got Link"),
    (lambda: trainer_of(gs.GraphSAGE(7, 4, 3), node_dataset()).score([[0, 1]]), TypeError, r"^the dataset of score must be a "),
]


def hub():
    """Node 0 is linked to all others, and one of its links is to be tested on."""
    graph = gs.Graph.from_edges([0] * 8, range(2, 10), 10, undirected=True)
    parts = {"train": [[2, 0], [3, 0]], "val": np.empty((0, 2), np.int64), "test": [[0, 1]]}
    return gs.LinkDataset(graph=graph, features=np.ones((10, 8), np.float32), **parts)


def nn_of(width):
    return gs.LinkPredictor(gs.GraphSAGE(width, 4, 4))


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_refused(number):
    call, kind, text = REFUSED[number]
    with pytest.raises(kind, match=text):
        call()


def test_what_makes_links_harder_to_learn_is_told():
    assert trainer_of(predictor(), DATA).task.lines() == []
    (hidden,) = trainer_of(predictor(), DATA, batch_size=200).task.lines()
    assert hidden.startswith("A batch asks about 65 % of the messages and hides them from itself: ")
    (smaller,) = trainer_of(predictor(), DATA, batch_size=512).task.lines()
    assert smaller == "Batches of 38 links: one of 512 would ask about all, and hide all messages"
    (blind,) = trainer_of(predictor("mlp"), TIMED).task.lines()
    assert blind.startswith("Links are directed, and the decoder scores a -> b as b -> a: ")
    model = gs.LinkPredictor(gs.GraphSAGE(8, 16, 16), directed=True)
    assert not [line for line in trainer_of(model, TIMED).task.lines() if "directed" in line]


def test_a_full_batch_is_for_links_that_are_asked_about_alone():
    data = gs.split_links(DATA.graph, features=DATA.features, val=0.1, test=0.1, disjoint_train=0.4)
    config = train_config(batch_size=None, fanouts=gs.TrainConfig.fanouts, epochs=5)
    result = gs.Trainer(predictor(), data, config, task=FEW, log=None).fit()
    assert result.history[-1].loss < result.history[0].loss


def test_items_with_times_may_be_evaluated():
    trainer = trainer_of(predictor(), TIMED, task=FEW)
    score, loss = trainer.evaluate(Items([[0, 1], [5, 6]], time=[100, 900]))
    assert 0 < score <= 1 and np.isfinite(loss)
