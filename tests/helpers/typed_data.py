"""A small typed dataset that can be learnt: what a paper is about is told by its authors, whose features say it."""

import numpy as np

from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.typed_graph import TypedGraph

WRITES, CITES, IN = ("author", "writes", "paper"), ("paper", "cites", "paper"), ("paper", "in", "venue")
SIZES = {"paper": 120, "author": 80, "venue": 5}
NUM_CLASSES = 3


def papers(*, seed=0, **changes):
    """TypedDataset of 120 papers (40 to train, 30 to validate, 49 to test on, the last without label), 80 authors with
    features that tell their class, 5 venues without features; papers have noise; papers 3 and 7 have no author."""
    rng = np.random.default_rng(seed)
    of_paper, of_author = rng.integers(0, NUM_CLASSES, SIZES["paper"]), rng.integers(0, NUM_CLASSES, SIZES["author"])
    src, dst = rng.integers(0, SIZES["author"], 1500), rng.integers(0, SIZES["paper"], 1500)
    kept = ((of_author[src] == of_paper[dst]) | (rng.random(1500) < 0.1)) & ~np.isin(dst, [3, 7])
    cites = rng.integers(0, SIZES["paper"], (2, 200))
    graph = TypedGraph(
        SIZES,
        {WRITES: (src[kept], dst[kept]), CITES: cites, IN: (np.arange(120), rng.integers(0, 5, 120))},
        reverse=True,
    )
    features = {
        "paper": rng.normal(size=(120, 6)).astype(np.float32),
        "author": (np.eye(NUM_CLASSES)[of_author] + 0.3 * rng.normal(size=(80, NUM_CLASSES))).astype(np.float32),
    }
    of_paper[-1] = -1
    order = rng.permutation(119)
    split = {"train": order[:40], "val": order[40:70], "test": order[70:]}
    given = {"graph": graph, "features": features, "target": "paper", "labels": of_paper, "name": "papers", **split, **changes}
    return TypedDataset(**given)
