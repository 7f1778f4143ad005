"""What trained models of every task share: what a file says of them, and how their layers are asked."""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from graphsage.base.checks import as_count, as_ids
from graphsage.config.groups import SELECTIVE
from graphsage.data.asked_times import refuse_untimed
from graphsage.sampling.draws import as_draw
from graphsage.tensors.device import as_device
from graphsage.trained import outputs as apply
from graphsage.training.evaluation_plan import is_drawn, wider
from graphsage.training.label_task import targets_of


def refuse_room(room):
    """ValueError where a ``Room`` is given for drawn neighbours."""
    if room is not None:
        raise ValueError("room is of exact outputs, and neighbours are drawn, in batches that need little: leave it out")


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """The fields of ``Trained`` and ``TrainedLinks`` that mean the same in both, and the layers behind their methods."""

    model: Any
    task: str
    metric: str
    normalized_features: bool
    isolated: str
    fanouts: tuple[int, ...]
    draw: str = "uniform"
    replace: bool = False
    timed: bool = False
    strictly_before: bool = False
    schema: dict | None
    name: str | None

    @property
    def is_drawn(self) -> bool:
        """Are its outputs from drawn neighbours in any case? It has then not learned from all of them."""
        return is_drawn(self.draw, self.timed) or self._leaves_out

    _leaves_out = False  # is there a relation of which some layer never saw an edge?
    relation_fanouts = None

    @property
    def _encoder(self):
        """The ``GraphSAGE`` that makes rows of nodes."""
        return self.model

    def _check(self, dataset, *, fanouts=None, seed=0, device="auto"):
        """ValueError, one sentence, where ``_layers`` would refuse the dataset or a keyword."""
        self._check_features(dataset)
        self._refuse_other_schema(dataset)
        self._timed_as_trained(dataset)
        as_device(device)
        as_count("seed", seed, most=2**64 - 1)
        if fanouts is not None:
            apply.checked_fanouts(self._encoder, fanouts)

    def _layers(self, dataset, nodes, num_layers, *, fanouts=None, seed=0, device="auto", progress=None, out=None, room=None):
        """float32 array [M, width]: what the first ``num_layers`` layers make of ``nodes`` (None: all)."""
        self._check_features(dataset)
        self._refuse_other_schema(dataset)
        if nodes is not None and out is not None:
            raise ValueError("out is for all nodes: leave out nodes, or take the rows of the result")
        nodes = None if nodes is None else as_ids("nodes", nodes, targets_of(dataset).num_nodes)
        model, dataset, device = self._asked(dataset, as_device(device))
        options = {"isolated": self.isolated, "device": device, "progress": progress, "out": out}
        fanouts, of_relations = self._drawn_by(fanouts)
        if fanouts is None:
            return apply.exact(model, dataset, nodes, num_layers, **options, room=room)
        refuse_room(room)
        draw = {"draw": as_draw(self.draw, self.replace), "seed": seed, "strictly_before": self.strictly_before}
        draw |= {"relation_fanouts": of_relations}
        return apply.sampled(model, dataset, nodes, num_layers, fanouts=fanouts, draw=draw, **options)

    def _asked(self, dataset, device):
        """(model, dataset, device) as the layers are computed."""
        model = self._encoder if device.type == "cpu" else deepcopy(self._encoder).to(device)
        dataset = self.featured(dataset)
        dataset = self._timed_as_trained(dataset.row_normalized() if self.normalized_features else dataset)
        return model, self._with_labels(dataset), device

    def _drawn_by(self, fanouts):
        """(fanouts, relation_fanouts): as asked; of None those of its training's evaluations, or None where it is exact."""
        if fanouts is not None or not self.is_drawn:
            return fanouts, self.relation_fanouts
        found = self.fanouts, self.relation_fanouts
        return found if self.draw in SELECTIVE else tuple(of and wider(of) for of in found)

    def _check_features(self, dataset):
        """ValueError unless the dataset has the features that the model takes."""
        apply.check_features(self._encoder, dataset)

    def featured(self, dataset: Any) -> Any:
        """``dataset`` with the features that the model reads, where it has none."""
        return dataset

    def _with_labels(self, dataset):
        """``dataset`` with the columns that the model reads beside the features, if there are any."""
        return dataset

    def _refuse_other_schema(self, dataset):
        """ValueError where columns of tables became features otherwise than in training: the same numbers mean others then."""
        if None in (self.schema, dataset.schema):
            return
        if any(self.schema[part] != dataset.schema[part] for part in ("columns", "array")):
            way = "from_tables or load_dataset with schema=, the model's schema, reads them alike"
            raise ValueError(f"columns of {dataset.name or 'the dataset'} became features otherwise than in training: {way}")

    def _timed_as_trained(self, dataset):
        """``dataset`` with times if the model was trained with some, and without them if it was not."""
        if self.timed:
            refuse_untimed(dataset, ", and the model was trained on nodes that were asked at theirs")
        return dataset if self.timed or dataset.times is None else replace(dataset, times=None)
