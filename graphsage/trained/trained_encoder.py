"""TrainedEncoder: a model that was trained without labels, with all that it takes to ask it for embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from graphsage.config.walk_config import WalkConfig
from graphsage.data.dataset import NodeDataset
from graphsage.nn.model import GraphSAGE
from graphsage.trained.trained_model import TrainedModel


@dataclass(frozen=True, kw_only=True)
class TrainedEncoder(TrainedModel):
    """A model that was trained without labels and what its training knew of the data. ``load_trained`` reads one.

    model: ``GraphSAGE`` in evaluation mode, whose outputs are the embeddings. walks: ``WalkConfig``, how it was trained. task:
    "unsupervised". The other fields are those of ``Trained``.
    """

    model: GraphSAGE
    walks: WalkConfig

    @property
    def embedding_width(self) -> int:
        """D, of ``embed``."""
        return self.model.out_features

    def embed(
        self, dataset: NodeDataset, nodes: ArrayLike | None = None, *, out: np.ndarray | None = None, **how: Any
    ) -> np.ndarray:
        """Embeddings of ``nodes`` (default: all, in the graph's order): float32 array [M, D], the outputs of the last layer.

        nodes: int [M] rows of the graph, in any order, repeats included; that the training never saw them does not matter.
        Keywords: as of ``Trained.embed``. Of two nodes that meet on walks the dot product is large.
        """
        return self._layers(dataset, nodes, None, out=out, **how)

    def check(
        self, dataset: NodeDataset, *, embeds: bool = False, fanouts: Sequence[int] | None = None, seed: int = 0,
        device: str = "auto",
    ) -> None:  # fmt: skip
        """ValueError, one sentence, where ``embed`` would refuse the dataset or a keyword."""
        self._check(dataset, fanouts=fanouts, seed=seed, device=device)
