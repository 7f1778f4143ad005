"""Which item for which user? Links between two types of nodes, beside popularity.

    python -m benchmarks.recommendation [--runs 5] [--graphs debian,maintained,cldr] ...

debian      which package a maintainer will need: maintainer - package, a link where a package of the maintainer's depends on
            that package. Made of debian-typed; packages have the words of their descriptions, maintainers nothing.
maintained  who will maintain a package: the relation package - maintainer of debian-typed, with all of its other relations
            as messages. A package has one maintainer, and so no other link to tell by; its source and what it goes with do.
cldr        which languages are spoken in a territory, of Unicode's CLDR as Babel ships it: with its currencies and time
            zones as further relations; no node has features.

10 % of the links are tested, 5 % validate, drawn at random by the seed of a run. Each test link is ranked among 100 other
targets of its source that are no links, the same ones for all that are compared. Popularity is the degree of the target among
the messages; paths of three count how often who has what the source has, has the target, too; features only is the same model
without edges, where a node without features has a learned embedding. Two layers, layer norm, no dropout, steps of 0.003, chosen
on validation links. Best epochs are picked by MRR on validation. Seconds are of CPU time.
"""

from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec

import numpy as np

import graphsage as gs
from benchmarks.shared.link_tables import draw, markdown
from benchmarks.shared.measuring import say, timed
from benchmarks.shared.options import numbers, options_of, words
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import publish
from benchmarks.shared.records import new_result, until_interrupted
from graphsage.config.link_config import LinkConfig
from graphsage.data.errors import DatasetError
from graphsage.training.link_baselines import baseline_scores

OPTIONS = {
    "graphs": (words, "graphs to split"),
    "runs": (int, "seeds of each graph"),
    "epochs": (numbers, "epochs of debian, maintained and cldr"),
    "batches": (int, "random batches an epoch of debian and maintained"),
    "candidates": (int, "candidates of a test link"),
}
ALL = ("debian", "maintained", "cldr")
SIZES = {
    "full": {"graphs": ALL, "runs": 5, "epochs": (10, 10, 60), "batches": 60, "candidates": 100},
    "quick": {"graphs": ("blocks",), "runs": 2, "epochs": (1, 1, 1), "batches": 2, "candidates": 5},
}
SHOWN = ("roc_auc", "mrr", "hits@1", "hits@10")
OURS, ALONE = "TypedGraphSAGE", "features only"


@dataclass(frozen=True)
class Setting:
    """What a graph is trained with, chosen on validation."""

    relation: str
    width: int = 128
    train: dict = field(default_factory=dict)


SETTINGS = {
    "debian": Setting("needs"),
    "maintained": Setting("maintained_by"),
    "cldr": Setting("speaks", width=32, train={"batch_size": 128}),
    "blocks": Setting("buys", width=8),
}


def main(argv=None):
    options = options_of("recommendation", __doc__, SIZES, OPTIONS, argv)
    one_thread()
    result = new_result(options, argv)
    with until_interrupted(result):
        for name in options.graphs:
            try:
                dataset = SOURCES[name]()
            except (DatasetError, OSError, ImportError) as error:
                result["left_out"][name] = str(error)
                say(f"{name} is left out: {error}")
                continue
            for seed in range(options.runs):
                for row in measured(name, dataset, seed, options):
                    result["rows"].append({"graph": name, "seed": seed, **row})
    publish(result, options, markdown(result, SHOWN), partial(draw, name="hits@10"))


# ---- the graphs


def needs():
    """Maintainers and the packages that theirs depend on, as a bipartite graph."""
    whole = gs.load_dataset("debian-typed", download=False)
    source, package = whole.graph.edges(("package", "rev_depends", "package"))  # a package, and one that depends on it
    owner = np.empty(whole.num_nodes["package"], np.int64)
    maintained, by = whole.graph.edges(("package", "maintained_by", "maintainer"))
    owner[maintained] = by
    pairs = np.unique(np.stack([owner[package], source]), axis=1)
    sizes = {kind: whole.num_nodes[kind] for kind in ("maintainer", "package")}
    graph = gs.TypedGraph(sizes, {("maintainer", "needs", "package"): pairs}, reverse=True)
    return gs.TypedDataset(graph=graph, features={"package": whole.features["package"]}, name="maintainers and packages")


def territories():
    """Territories, the languages that are spoken there, and their currencies and time zones, of CLDR by way of Babel."""
    if find_spec("babel") is None:
        raise ImportError("babel is not installed, which ships the table")
    from babel.core import get_global

    spoken = {of: list(languages) for of, languages in get_global("territory_languages").items()}
    names = sorted(spoken)
    money = {of: [currency[0] for currency in get_global("territory_currencies").get(of, ())] for of in names}
    zones = {of: [zone.partition("/")[0] for zone in get_global("territory_zones").get(of, ())] for of in names}
    ids, edges = {"territory": np.array(names, object)}, {}
    for kind, name, found in (("language", "speaks", spoken), ("currency", "pays_in", money), ("region", "lies_in", zones)):
        pairs = sorted({(of, other) for of in names for other in found[of]})
        ids[kind] = np.array(sorted({other for _, other in pairs}), object)
        ends = np.searchsorted(names, [of for of, _ in pairs]), np.searchsorted(ids[kind], [other for _, other in pairs])
        edges["territory", name, kind] = ends
    graph = gs.TypedGraph({kind: len(of) for kind, of in ids.items()}, edges, reverse=True)
    return gs.TypedDataset(graph=graph, node_ids=ids, name="territories and languages")


def blocks():
    """A small one: users buy items of their own block."""
    rng = np.random.default_rng(0)
    user, item = rng.integers(0, 40, 300), rng.integers(0, 15, 300)
    graph = gs.TypedGraph({"user": 40, "item": 30}, {("user", "buys", "item"): (user, item + 15 * (user % 2))}, reverse=True)
    return gs.TypedDataset(graph=graph, name="blocks")


SOURCES = {
    "debian": needs,
    "maintained": lambda: gs.load_dataset("debian-typed", download=False),
    "cldr": territories,
    "blocks": blocks,
}


# ---- one split


def measured(name, dataset, seed, options):
    """Rows {method, test: {metric: score}, seconds} of one split."""
    setting, number = SETTINGS[name], ALL.index(name) if name in ALL else 0
    links = LinkConfig(candidates=options.candidates)
    data = gs.split_links(dataset, relation=setting.relation, seed=seed)
    say(data.summary())
    batches = options.batches if name in ALL[:2] else None
    own = {"learning_rate": 0.003, "batches_per_epoch": batches, "seed": seed, "device": "cpu", **setting.train}
    train = gs.TrainConfig(epochs=options.epochs[number], **own)
    found, _, seconds = timed(lambda: baseline_scores(data, data.test, links, seed))
    yield from ({"method": method, "test": scores, "seconds": seconds / len(found)} for method, scores in found.items())
    yield from (_ours(*each, setting, links, train) for each in ((ALONE, data.without_edges()), (OURS, data)))


def _ours(method, data, setting, links, train):
    config, how = gs.ModelConfig(hidden_features=setting.width, norm="layer"), {"target": data.ends, "seed": train.seed}
    model = gs.LinkPredictor(gs.TypedGraphSAGE.of(data, setting.width, config, dropout=0, **how), directed=True)
    result, _, seconds = timed(gs.Trainer(model, data, train, task=links, log=None).fit)
    if result.interrupted:  # the Trainer took the Ctrl-C for its own
        raise KeyboardInterrupt
    say(f"{method}: validation {result.val_score:.3f}, test {result.test_score:.3f}, epoch {result.best_epoch}")
    return {"method": method, "test": result.test_scores, "seconds": seconds, "validation": result.val_score}


if __name__ == "__main__":
    main()
