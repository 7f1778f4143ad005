"""Which links will there be? GraphSAGE beside four baselines, and beside the same model in PyG.

    python -m benchmarks.link_prediction [--runs 5] [--graphs cora,debian,bitcoin_otc] ...

cora, debian  10 % of the links are tested, 5 % validate, drawn at random by the seed of a run. Debian's dependencies are read
              as its card has them, without direction: who asks what a package goes with asks both ways.
bitcoin_otc   who rates whom next: the last 10 % of the ratings are tested, those before validate, and each is asked about as of
              its time. The files of soc-sign-bitcoin-otc are looked for in GRAPHSAGE_BENCH_DATA/bitcoin_otc.

Each test link is ranked among 100 other targets of its source that are no links, the same ones for all that are compared.
The baselines: common neighbours, Adamic-Adar, preferential attachment, and the same model without edges (features only; of
bitcoin_otc, where a node's only feature is which it is, an embedding a node). PyG: its GraphSAGE, with torch-geometric
installed, trained on graphsage.interop.pyg.LinkNeighborLoader, which leaves the links it asks about among the messages, as
PyG's own does. Best epochs are picked by MRR on validation. Seconds are of CPU time.
"""

import os
import warnings
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import graphsage as gs
from benchmarks.shared.link_tables import draw, markdown
from benchmarks.shared.measuring import say, timed
from benchmarks.shared.options import numbers, options_of, words
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import publish
from benchmarks.shared.records import new_result, until_interrupted
from graphsage.data.errors import DatasetError
from graphsage.nn.decoders import make_decoder
from graphsage.training.link_baselines import baseline_scores
from graphsage.training.link_evaluation import candidates_of
from graphsage.training.tasks import metrics_of

OPTIONS = {
    "graphs": (words, "graphs to split"),
    "runs": (int, "seeds of each graph"),
    "epochs": (numbers, "epochs of cora, debian and bitcoin_otc"),
    "batches": (int, "random batches an epoch of debian and bitcoin_otc"),
    "candidates": (int, "candidates of a test link"),
}
ALL = ("cora", "debian", "bitcoin_otc")
SIZES = {
    "full": {"graphs": ALL, "runs": 5, "epochs": (25, 8, 5), "batches": 60, "candidates": 100},
    "quick": {"graphs": ("sbm:nodes=60,classes=3,features=4",), "runs": 2, "epochs": (2, 1, 1), "batches": 2, "candidates": 5},
}
SHOWN = ("roc_auc", "average_precision", "mrr", "hits@10")
OURS, ALONE, THEIRS = "GraphSAGE", "features only", "GraphSAGE of PyG"


@dataclass(frozen=True)
class Setting:
    """What a graph is trained with, chosen on validation."""

    by: str = "random"
    hidden: int = 128
    dropout: float = 0.0
    decoder: str = gs.LinkConfig.decoder
    links: dict = field(default_factory=dict)
    train: dict = field(default_factory=dict)
    in_pyg: bool = True


SETTINGS = {
    "cora": Setting(),
    "debian": Setting(),
    "bitcoin_otc": Setting(by="time", train={"draw": "recent"}, in_pyg=False),
}


def main(argv=None):
    options = options_of("link_prediction", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    result = new_result(options, argv)
    if find_spec("torch_geometric") is None:
        result["left_out"][THEIRS] = "torch-geometric is not installed"
    with until_interrupted(result):
        for name in options.graphs:
            try:
                source = _source(name)
            except (DatasetError, OSError) as error:
                result["left_out"][name] = str(error)
                say(f"{name} is left out: {error}")
                continue
            for seed in range(options.runs):
                for row in measured(name, source, seed, options):
                    result["rows"].append({"graph": name, "seed": seed, **row})
    publish(result, options, markdown(result, SHOWN), partial(draw, name="mrr"))


def _source(name):
    """A ``NodeDataset``, or the ratings of bitcoin_otc as one: (source, target, time)."""
    if name != "bitcoin_otc":
        return gs.load_dataset(name, download=False)
    [path] = Path(os.environ.get("GRAPHSAGE_BENCH_DATA", "."), name).glob("*.csv") or [Path(name)]
    source, target, _, when = np.loadtxt(path, delimiter=",", skiprows=1).T
    ids, ends = np.unique(np.concatenate([source, target]), return_inverse=True)
    graph = gs.Graph.from_edges(*ends.reshape(2, -1), len(ids), times=when)
    return gs.NodeDataset(
        graph=graph,
        features=gs.SparseFeatures.identity(len(ids)),
        labels=np.zeros(len(ids), np.int64),
        train=[],
        val=[],
        test=[],
    )


# ---- one split


def measured(name, source, seed, options):
    """Rows {method, test: {metric: score}, seconds} of one split."""
    setting, number = SETTINGS.get(name, Setting()), ALL.index(name) if name in ALL else 0
    links = gs.LinkConfig(**{"candidates": options.candidates, **setting.links})
    data = gs.split_links(source, by=setting.by, seed=seed)
    say(data.summary())
    batches = None if number == 0 else options.batches
    train = gs.TrainConfig(epochs=options.epochs[number], batches_per_epoch=batches, seed=seed, device="cpu", **setting.train)
    yield from _heuristics(data, links, seed)
    yield from (_ours(*each, setting, links, train) for each in ((OURS, data), (ALONE, data.without_edges())))
    if setting.in_pyg and find_spec("torch_geometric"):
        yield _theirs(data, setting, links, train)


def _heuristics(data, links, seed):
    found, _, seconds = timed(lambda: baseline_scores(data, data.test, links, seed))
    return [{"method": method, "test": scores, "seconds": seconds / len(found)} for method, scores in found.items()]


def _ours(method, data, setting, links, train):
    encoder = gs.GraphSAGE(data.num_features, setting.hidden, setting.hidden, dropout=setting.dropout, seed=train.seed)
    model = gs.LinkPredictor(encoder, setting.decoder, directed=data.directed)
    if method == ALONE:
        train = replace(train, draw="uniform")
    result, _, seconds = timed(gs.Trainer(model, data, train, task=links, log=None).fit)
    if result.interrupted:  # the Trainer took the Ctrl-C for its own
        raise KeyboardInterrupt
    say(f"{method}: validation {result.val_score:.3f}, test {result.test_score:.3f}, epoch {result.best_epoch}")
    return {"method": method, "test": result.test_scores, "seconds": seconds, "validation": result.val_score}


# ---- the same in PyG


def _theirs(data, setting, links, train):
    from torch_geometric.nn import GraphSAGE

    x, edges = _dense(data.row_normalized().features), torch.from_numpy(np.stack(data.graph.to_edges()))
    torch.manual_seed(train.seed)
    encoder = GraphSAGE(data.num_features, setting.hidden, 2, setting.hidden, dropout=setting.dropout)
    decoder = make_decoder(setting.decoder, setting.hidden, directed=data.directed, seed=train.seed)
    model = torch.nn.ModuleList([encoder, decoder])
    (score, test), _, seconds = timed(lambda: _fitted(model, x, edges, data, links, train))
    say(f"{THEIRS}: validation {score:.3f}, test {test['mrr']:.3f}, {seconds:.0f} s")
    return {"method": THEIRS, "test": test, "seconds": seconds, "validation": score}


def _fitted(model, x, edges, data, links, train):
    """(validation score, test scores) of the best epoch."""
    from torch_geometric.data import Data

    from graphsage.interop.pyg import LinkNeighborLoader

    asked, optimizer = torch.from_numpy(data.train.seeds.T.copy()), torch.optim.Adam(model.parameters(), train.learning_rate)
    how = {"edge_label_index": asked, "neg_sampling": "binary", "batch_size": train.batch_size, "shuffle": True}
    loader = LinkNeighborLoader(Data(x=x, edge_index=edges), list(train.fanouts), seed=train.seed, **how)
    best = -1.0, None
    for _ in range(train.epochs):
        _epoch(model.train(), loader, optimizer, train.batches_per_epoch)
        h = _embedded(model[0].eval(), x, edges)
        score = _judged(model[1], h, data, data.val, links, train)["mrr"]
        if score > best[0]:
            best = score, _judged(model[1], h, data, data.test, links, train)
    return best


def _epoch(model, loader, optimizer, most):
    encoder, decoder = model
    for batch in islice(loader, most):
        optimizer.zero_grad()
        h = encoder(batch.x, batch.edge_index)
        source, target = batch.edge_label_index
        F.binary_cross_entropy_with_logits(decoder(h[source], h[target]), batch.edge_label.float()).backward()
        optimizer.step()


@torch.no_grad()
def _embedded(encoder, x, edges):
    """Of all neighbours; as a matrix, as messages of 2,000 features an edge would not fit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its sparse matrices a beta
        matrix = torch.sparse_coo_tensor(edges.flip(0), torch.ones(edges.shape[1]), (len(x), len(x))).to_sparse_csr()
        return encoder(x, matrix)


@torch.no_grad()
def _judged(decoder, h, data, items, links, train):
    drawn = candidates_of(data, items.seeds, links, train.seed)
    scores = torch.cat([decoder(h[ends[..., 0]], h[ends[..., 1]]) for _, ends in drawn])
    return {name: metric.score(scores) for name, metric in metrics_of("links").items()}


def _dense(features):
    return torch.from_numpy(features.to_scipy().toarray() if isinstance(features, gs.SparseFeatures) else features)


if __name__ == "__main__":
    main()
