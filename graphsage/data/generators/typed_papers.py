"""A small typed graph whose labels are told by nodes of another type: papers, who wrote them, and where they were printed."""

from dataclasses import dataclass

import numpy as np

from graphsage.base.checks import MAX_NODES, as_count
from graphsage.data.generators.recipe import Recipe, check_real, class_features, key_of, option, planted
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.typed_graph import TypedGraph

AUTHORS, WRITERS, SAME, OF_CLASS, CITES, PRINTS, WORDS = range(6, 13)  # what draws are for, beside those of a recipe


@dataclass(frozen=True, kw_only=True)
class TypedPapers(Recipe):
    """Papers with classes. Their authors' features say the class; their own, whom they cite, and their venue say nothing."""

    papers: int = option(2000, "number of papers")
    authors: int = option(1000, "number of authors")
    venues: int = option(20, "number of venues")
    writers: int = option(3, "authors drawn a paper; repeats count once")
    cites: int = option(5, "papers that a paper cites, drawn at random; repeats count once")
    homophily: float = option(0.8, "chance that an author is drawn from the authors of the paper's class, and not from all")
    separation: float = option(3.0, "length of a class mean of authors; the noise has deviation 1 in each feature")

    def __post_init__(self):
        as_count("papers", self.papers, least=1, most=MAX_NODES)
        as_count("authors", self.authors, least=1, most=MAX_NODES)
        as_count("venues", self.venues, least=1, most=MAX_NODES)
        as_count("writers", self.writers)
        as_count("cites", self.cites)
        check_real("homophily", self.homophily, "from 0 to 1", 0 <= self.homophily <= 1)
        super().__post_init__()
        as_count("classes", self.classes, least=1, most=self.authors)

    @property
    def num_nodes(self):
        """How many nodes have labels."""
        return self.papers

    @property
    def num_bytes(self):
        """About how much memory its making takes."""
        edges = self.papers * (self.writers + self.cites + 1)
        return 64 * edges + (4 * self.features + 64) * (self.papers + self.authors + self.venues)

    def dataset(self, name):
        """The ``TypedDataset``, called ``name``: author writes paper, paper cites paper, paper in venue, and their reverses."""
        parts = planted(self)
        of_author = self._of_authors()
        edges = {
            ("author", "writes", "paper"): self._writes(parts["labels"], of_author),
            ("paper", "cites", "paper"): self._drawn(CITES, self.cites, self.papers),
            ("paper", "in", "venue"): self._drawn(PRINTS, 1, self.venues),
        }
        sizes = {"paper": self.papers, "author": self.authors, "venue": self.venues}
        graph = TypedGraph(sizes, edges, reverse=True, duplicates="drop")
        features = {"paper": self._noise(), "author": class_features(self, of_author)}
        return TypedDataset(graph=graph, features=features, target="paper", **parts, name=name)

    def _of_authors(self):
        """int64 [authors]: their classes."""
        from graphsage.base.rng import permutation

        return permutation(key_of(self)(AUTHORS), self.authors) % self.classes

    def _drawn(self, use, number, size):
        """(papers, what each has): ``number`` of ``size`` a paper, uniform."""
        from graphsage.base.rng import draws_below

        return np.repeat(np.arange(self.papers), number), draws_below(key_of(self)(use), self.papers * number, size)

    def _writes(self, of_paper, of_author):
        """(authors, papers): each from the authors of the paper's class with the chance ``homophily``, else from all."""
        from graphsage.base.rng import draws, scale

        papers, anyone = self._drawn(WRITERS, self.writers, self.authors)
        is_same = (draws(key_of(self)(SAME), len(papers)) >> np.uint64(11)) * 2.0**-53 < self.homophily
        sizes = np.bincount(of_author, minlength=self.classes)
        classes, starts = of_paper[papers], np.cumsum(sizes) - sizes
        place = scale(draws(key_of(self)(OF_CLASS), len(papers)), sizes[classes].astype(np.uint64)).astype(np.int64)
        return np.where(is_same, np.argsort(of_author, kind="stable")[starts[classes] + place], anyone), papers

    def _noise(self):
        noise = np.random.Generator(np.random.Philox(key=int(key_of(self)(WORDS))))
        return noise.standard_normal((self.papers, self.features), np.float32)
