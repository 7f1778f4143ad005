"""How a training is validated: settled once, by sizes alone, so that a resume and another machine choose the same."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graphsage.config.groups import SELECTIVE
from graphsage.config.settings import check_depth
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.layered import has_layers
from graphsage.nn.stack_inference import check_stack
from graphsage.nn.stacked import NotALayer, is_stack
from graphsage.training.until import rows_of

CHEAP = 1 << 28  # values read and written by an exact inference that is made each epoch in any case: below a second of a core
SHARE = 0.5  # of an epoch's training that its validation may cost
LEAST_FANOUT = 25  # no gradient is kept, so more neighbours than in training are cheap: noise falls with their number
LEAST_NODES = 1000  # a score of fewer is uncertain by more than 1.5 points
MOST_EPOCHS = 10  # between two validations
BACKWARD = 3  # a step with its gradient, in forward passes


@dataclass(frozen=True)
class EvaluationPlan:
    """exact: all neighbours of all nodes, or sampled ones. every: epochs between validations. nodes: how many.

    line: what is told of it; "" for the plain thing, which is exact, each epoch, on all validation nodes.
    """

    exact: bool
    every: int
    nodes: int
    line: str = ""


def wider(fanouts):
    """Fanouts of a sampled validation: those of training, but at least 25 a hop; 0 stays 0. Of relations {relation: such}."""
    if isinstance(fanouts, Mapping):
        return {name: wider(hops) for name, hops in fanouts.items()}
    return tuple(k if k <= 0 else max(k, LEAST_FANOUT) for k in fanouts)


def is_drawn(draw, timed):
    """Is a model evaluated as it was trained, by drawing? Not all neighbours are what it learned from. timed: up to a time."""
    return draw in SELECTIVE or timed


@dataclass(frozen=True)
class Sizes:
    """What the cost depends on. widths: values a node has before and after each layer, [L + 1]. fanouts: of training.

    batch_size: seeds a step. num_batches: steps an epoch. num_val: validation nodes. wide: fanouts of a sampled validation,
    where they are not ``wider(fanouts)``.
    """

    num_nodes: int
    num_edges: int
    widths: tuple
    fanouts: tuple
    batch_size: int
    num_batches: int
    num_val: int
    wide: tuple | None = None

    def exact(self):
        """Values read and written by exact inference: of each edge the source, of each row its input and output."""
        pairs = zip(self.widths, self.widths[1:])
        return sum(self.num_edges * width + self.num_nodes * (width + out) for width, out in pairs)

    def training(self):
        """The same of an epoch's training."""
        return BACKWARD * self.num_batches * self._batch(self.batch_size, self.fanouts)

    def sampled(self, num_nodes):
        """The same of a sampled validation on ``num_nodes`` nodes."""
        return num_nodes * self._batch(self.batch_size, self.wide or wider(self.fanouts)) / self.batch_size

    def _batch(self, num_seeds, fanouts):
        degree, rows = self.num_edges / max(self.num_nodes, 1), [num_seeds]
        drawn = [degree if k < 0 else min(k, degree) for k in fanouts]
        for k in drawn[:-1]:
            rows.append(min(rows[-1] * (1 + k), self.num_nodes))
        layers = zip(reversed(rows), reversed(drawn), self.widths, self.widths[1:])
        return sum(n * k * width + n * (width + out) for n, k, width, out in layers)


def evaluation_plan(model, widths, why, loader, dataset, config):
    """The ``EvaluationPlan`` of a training: as set, else by cost. widths, why: of ``layer_widths``.

    Without widths it is always sampled: other modules, and what learned from neighbours that a draw selected, or a time.
    """
    if not widths:
        if config.evaluate == "exact":
            drawn = "nodes with times are" if dataset.times is not None else f"draw={config.draw!r} is"
            is_other = not is_drawn(config.draw, dataset.times is not None)
            whose = f"other modules are sampled{why and f' ({why})'}" if is_other else f"{drawn} evaluated by drawing"
            whose = f"here {why}" if has_layers(model) and why else whose
            raise ValueError(f"evaluate='exact' is of all neighbours, by GraphSAGE; {whose}: leave it out")
        every, nodes = config.evaluate_every or 1, min(config.evaluate_nodes or len(dataset.val), len(dataset.val))
        return EvaluationPlan(False, every, nodes, why and f"Evaluated on sampled neighbours: {why}")
    return plan_of(_sizes(model, widths, loader, dataset, config), config)


def layer_widths(model, dataset, loader, config):
    """(numbers that a node has after each layer, "") where layers can be computed one by one for all nodes; else (None, why).

    why: a sentence where the module has the layers of a ``Stack`` and computes something else; else "".
    """
    if is_drawn(config.draw, dataset.times is not None) or not (has_layers(model) or is_stack(model)):
        return None, ""
    if has_layers(model):
        if left_out := relation_left_out(loader.sampler.fanouts):
            return None, f"relation_fanouts draws none of {left_out} in a hop, so that a layer did not learn from it"
        return tuple(layer.out_features for layer in model.layers), ""
    try:
        widths = check_stack(model, dataset.graph, loader.store, isolated=config.isolated)
    except NotALayer:
        return None, ""
    except (TypeError, ValueError) as error:
        return None, str(error)
    check_depth(len(widths), loader.sampler.fanouts)
    return tuple(widths), ""


def relation_left_out(fanouts):
    """The name of a relation of which ``fanouts`` draw none in some hop, "" where there is none."""
    by_relation = fanouts if isinstance(fanouts, Mapping) else {}
    return next((name[1] for name, hops in by_relation.items() if 0 in hops), "")


def plan_of(sizes, config):
    """The ``EvaluationPlan`` of a model with layers, of these sizes."""
    budget, nodes, is_auto = SHARE * sizes.training(), min(config.evaluate_nodes or sizes.num_val, sizes.num_val), False
    exact, affordable = config.evaluate == "exact", nodes
    if config.evaluate == "auto":
        if config.evaluate_nodes is None:
            affordable = min(nodes, max(LEAST_NODES, int(budget / sizes.sampled(1))))
        exact = sizes.exact() <= max(CHEAP, budget, sizes.sampled(affordable))
        is_auto = not exact
    nodes = affordable if is_auto else nodes
    every = config.evaluate_every or (_every(sizes, nodes, budget, config) if is_auto else 1)
    return EvaluationPlan(exact, every, nodes, _line(exact, every, nodes, sizes, config))


def _every(sizes, nodes, budget, config):
    """Epochs between validations that cost ``budget`` an epoch; each one where a plateau is looked for."""
    if config.schedule == "plateau":
        return 1
    most = MOST_EPOCHS if config.patience is None else min(MOST_EPOCHS, config.patience)
    return int(np.clip(np.ceil(sizes.sampled(nodes) / budget), 1, most))


def _line(exact, every, nodes, sizes, config):
    if not nodes or exact and every == 1 and nodes == sizes.num_val:
        return ""
    how = "all neighbours" if exact else f"sampled neighbours ({_hops(sizes, config)})"
    part = f" of {sizes.num_val:,}" if nodes < sizes.num_val else ""
    when = "every epoch" if every == 1 else f"every {every} epochs"
    times = sizes.exact() / sizes.training()
    why = f"; exact would take about {times:.2g} times an epoch's training (--evaluate exact)"
    return f"Validation: {nodes:,}{part} nodes on {how}, {when}{'' if exact or config.evaluate == 'sampled' else why}"


def _hops(sizes, config):
    """Fanouts of a sampled validation, as text: those of all relations, then of those that have their own."""
    drawn = (-1,) * len(sizes.fanouts) if config.batch_size is None else wider(config.fanouts)
    own = wider(config.relation_fanouts or {})
    return "; ".join([_listed(drawn), *(f"{name}={_listed(hops)}" for name, hops in own.items())])


def _listed(hops):
    return ",".join(map(str, hops))


def _first_width(model, dataset):
    """Values that the first layer reads of a node."""
    if isinstance(dataset, TypedDataset):
        return model.settings.hidden_features  # all types are projected first
    if getattr(model, "input_layer", None) is not None and model.first_layer_reduction is None:
        return model.layers[0].aggregator.in_features
    if isinstance(dataset.features, SparseFeatures):
        return dataset.features.num_entries / max(dataset.num_nodes, 1)  # entries a row
    return dataset.num_features


def _sizes(model, widths, loader, dataset, config):
    graph, fanouts = dataset.graph, loader.sampler.fanouts
    is_typed = isinstance(graph, TypedGraph)
    return Sizes(
        int(graph.starts[-1]) if is_typed else graph.num_nodes,
        rows_of(graph).num_edges,
        (_first_width(model, dataset), *widths),
        _drawn(graph, fanouts) if is_typed else tuple(fanouts),
        config.batch_size or len(dataset.train),
        len(loader),
        len(dataset.val),
        _drawn(graph, wider(fanouts)) if is_typed else None,
    )


def _drawn(graph, fanouts):
    """Neighbours that a node has drawn at each hop: the mean over all nodes of a ``TypedGraph``, all relations together."""
    found = {name: fanouts[name] if isinstance(fanouts, Mapping) else fanouts for name in graph.relations}
    total, num_nodes, counts = np.zeros(len(next(iter(found.values()), fanouts))), graph.num_nodes, graph.num_edges
    for name, hops in found.items():
        total += [counts[name] if k < 0 else min(k * num_nodes[name[2]], counts[name]) for k in hops]
    return tuple((total / max(int(graph.starts[-1]), 1)).tolist())
