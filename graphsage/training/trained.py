"""Trained: a model with all that it takes to use it on a graph."""

from dataclasses import dataclass

from graphsage.nn.model import GraphSAGE


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained model and what its training knew of the data. ``load_trained`` reads one.

    model: ``GraphSAGE`` in evaluation mode. task: "multiclass", "multilabel" or "regression". metric: what chose its epoch.
    class_names: C texts, or None. normalized_features: it wants each row of features divided by its sum (``row_normalize``).
    isolated: as in ``NeighborSampler``. fanouts: those of the training, one a layer; -1 takes all.
    schema: how columns of a table became its features and classes (``NodeDataset.schema``), or None. name: the training
    dataset's, or None.
    """

    model: GraphSAGE
    task: str
    metric: str
    class_names: tuple[str, ...] | None
    normalized_features: bool
    isolated: str
    fanouts: tuple[int, ...]
    schema: dict | None
    name: str | None
