"""TrainedTyped: a trained model of a graph of several types, with all that it takes to ask it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from graphsage.base.checks import as_flag, as_ids
from graphsage.base.told import of_kind, shown, told
from graphsage.data.typed_dataset import TypedDataset
from graphsage.nn.jumping import joined_width
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.nn.whole_graph import checked_out
from graphsage.tensors.device import as_device
from graphsage.trained.resumable import all_outputs
from graphsage.trained.trained import Trained
from graphsage.training.setup import check_form


@dataclass(frozen=True, kw_only=True)
class TrainedTyped(Trained):
    """A ``Trained`` of a ``TypedDataset``: its methods take one with the same types, relations and features.

    model: ``TypedGraphSAGE`` in evaluation mode. target: the type that has labels; nodes and outputs of all methods but
    ``embed`` are of it. relation_fanouts: as in ``TrainConfig``; where they leave a relation out in some hop, outputs are from
    drawn neighbours (``is_drawn``), as a layer never saw it. schema: {type: its columns}, or None.
    """

    model: TypedGraphSAGE
    target: str
    relation_fanouts: dict[str, tuple[int, ...]] | None = None

    def embed(
        self, dataset: Any, nodes: Any = None, *, out: Mapping[str, np.ndarray] | None = None, **how: Any
    ) -> Any:
        """{type: float32 array [n_t, width]}, activated: of the target what goes into the output layer, of each other type what
        the last layer makes that another one reads.

        So there are none of a type that only the first layer reads. nodes: {type: int [M] ids}, of those types alone; None: all
        nodes, in the graph's order. From drawn neighbours (``fanouts``, ``is_drawn``) of the target alone. out: {type: array}
        to write to; only for all nodes.
        """
        self._check(dataset)
        widths = self.embedded(how.get("fanouts"))
        check_outs(out, nodes, widths, dataset.num_nodes)
        chosen = rows_by_type(nodes, {kind: dataset.num_nodes[kind] for kind in widths})
        if self.is_drawn or how.get("fanouts") is not None:
            ids = None if nodes is None else chosen.get(self.target, np.empty(0, np.int64))
            rows = self._layers(dataset, ids, self.model.num_layers, out=out.get(self.target) if out else None, **how)
            return {self.target: rows} if nodes is None or chosen else {}
        return self._exact(dataset, chosen, out or {}, **how)

    def _exact(self, dataset, chosen, out, *, fanouts=None, seed=0, device="auto", progress=None, room=None):
        model, dataset, device = self._asked(dataset, as_device(device))
        found = embeddings(model, partial(_computed, model, dataset, device, progress, room))
        for kind, rows in out.items():
            rows[:] = found[kind]
        return out or {kind: found[kind][ids] for kind, ids in chosen.items()}

    def embedded(self, fanouts: Any = None) -> dict[str, int]:
        """{type: width} of what ``embed`` gives; fanouts: as given there."""
        widths = {kind: joined_width(self.model, depth) for kind, depth in depths_of(self.model).items()}
        return {self.target: widths[self.target]} if self.is_drawn or fanouts is not None else widths

    @property
    def _leaves_out(self):
        return any(0 in hops for hops in (self.relation_fanouts or {}).values())

    def _smooths(self, asked):
        if asked is not None and as_flag("correct_and_smooth", asked):
            raise ValueError("correct_and_smooth is of graphs with one type of nodes, and this has several: leave it out")
        return False

    def _check_features(self, dataset):
        of_kind("dataset", dataset, TypedDataset)
        check_form(self.target, self.model.relations, self.model.in_features, dataset)

    def featured(self, dataset: Any) -> Any:
        """``dataset``: types without features have embeddings."""
        return dataset

    def _refuse_other_schema(self, dataset):
        refuse_other_schemas(self.schema, dataset)


def refuse_other_schemas(schema, dataset):
    """ValueError where columns of a type's table became features otherwise than ``schema`` {type: columns} says."""
    if None in (schema, dataset.schema):
        return
    for kind, own in schema.items():
        other = dataset.schema.get(kind)
        if other is not None and any(own[part] != other[part] for part in ("columns", "array")):
            way = "load_dataset with schema=, the model's schema, reads them alike"
            what = f"columns of {kind} in {dataset.name or 'the dataset'}"
            raise ValueError(f"{what} became features otherwise than in training: {way}")


def check_outs(out, nodes, widths, num_nodes):
    """``out`` of ``embed`` is None, or {type: float32 array} of some types of ``widths``, for all of their nodes."""
    if out is None:
        return
    if nodes is not None:
        raise ValueError("out is for all nodes: leave out nodes, or take the rows of the result")
    if not isinstance(out, Mapping):
        raise TypeError(f"out must be a dict {{type: float32 array}}, got {told(out)}")
    for kind, array in out.items():
        if kind not in widths:
            raise ValueError(f"out has {shown(kind)}, and there are embeddings of {', '.join(map(repr, widths))}")
        checked_out(array, (num_nodes[kind], widths[kind]))


def depths_of(model):
    """{type: after how many layers of a ``TypedGraphSAGE`` its embedding is made}; types that one layer reads have none."""
    return {kind: depth for depth, kinds in enumerate(model.reads) for kind in kinds if depth}


def embeddings(model, compute):
    """{type: float32 array}. compute: function(number of layers) -> {type: tensor or array} of what these make."""
    depths, found = depths_of(model), {}
    for depth in sorted(set(depths.values())):
        made = compute(depth)
        found |= {kind: np.asarray(made[kind]) for kind, own in depths.items() if own == depth}
    return {kind: found[kind] for kind in depths}


def _computed(model, dataset, device, progress, room, depth):
    room = room and room.within(str(depth))
    return all_outputs(model, dataset.graph, dataset.features, device=device, num_layers=depth, progress=progress, room=room)


def rows_by_type(nodes, num_nodes):
    """{type: int64 ids} of the caller's ``nodes``, {type: ids}; None: all of all types. num_nodes: {type: n_t}."""
    if nodes is None:
        return {kind: np.arange(count) for kind, count in num_nodes.items()}
    if not isinstance(nodes, Mapping):
        raise TypeError(f"nodes must be a dict {{type: ids}}, as embeddings are of all types; got {told(nodes)}")
    for kind in nodes:
        if kind not in num_nodes:
            known = ", ".join(map(repr, num_nodes))
            raise ValueError(f"nodes has {shown(kind)}, of which there are no embeddings: there are those of {known}")
    return {kind: as_ids(f"nodes[{kind!r}]", ids, num_nodes[kind]) for kind, ids in nodes.items()}
