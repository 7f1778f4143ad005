"""TypedGraphSAGE: relational GraphSAGE, for batches of typed graphs and (see ``inference``) whole ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from graphsage.base.told import told
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import DROPOUT
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import Relation, TypedGraph
from graphsage.nn.aggregators import Aggregator
from graphsage.nn.configured import Configured
from graphsage.nn.dropout import activated
from graphsage.nn.first_inputs import input_dropout
from graphsage.nn.linear import Linear
from graphsage.nn.module_map import ModuleMap
from graphsage.nn.projection import Projection, Unprojected
from graphsage.nn.reads import checked_kinds, checked_relations, checked_types, reads
from graphsage.nn.tree_form import check_place
from graphsage.nn.typed_layer import WAITING, TypedLayer
from graphsage.tensors.ambient import plain_defaults
from graphsage.tensors.keyed_rng import keyed_rng

WIDE = 2  # times the hidden width: wider features are projected before they are reduced


class TypedGraphSAGE(Configured):
    """Relational GraphSAGE: an aggregator and weights a relation, self weights a type (Schlichtkrull et al. 2018, eq. 2).

    h_v = x_v W[t] for the nodes v of each type t, then ``num_layers`` hidden layers

        h'_v = dropout(activation(norm(W_self[t] h_v + sum over relations r into t of W_r agg_r({h_u : u in S_r(v)}) + b[t])))

    and a linear output layer of the target type. ``model(batch)`` of a ``TypedBatch`` returns [B, out_features], a row a seed
    in the caller's order; of a batch with seeds of several types {type: [B_t, out_features]}.

    in_features: {type: F_t}. relations: (source type, name, destination type), those of the graph. target: the type whose nodes
    are asked about, or several. Types and relations on no path to a target have no weights, and are not read.
    relation_sum: "sum", or "mean" over the relations in which a node has neighbours (over all of them it would be "sum" with
    smaller weights). By one where it has none a node gets nothing; by "gcn", which takes it in, itself.
    num_bases: B >= 1 matrices that all W_r of a layer are mixed from, W_r = sum of a_rb V_b (eq. 3 there); None: each its own.
    input_layer: "linear", or "active": dropout(activation(x_v W[t] + b[t])).
    embeddings: types whose features are ``SparseFeatures.identity``, a column a node, so that row v of W[t] is learned for v
    alone. Nothing is computed in another way; who reads the model knows of which types it has never seen other nodes.
    The other options are those of ``GraphSAGE``, for all types and relations alike; each relation and layer makes an aggregator
    of its own, and each type has a norm of its own. combine="concat" puts the node's product beside the sum of its neighbours'.
    A type that no relation leads into is computed from itself alone.
    """

    def __init__(
        self,
        in_features: Mapping[str, int],
        hidden_features: int,
        out_features: int,
        relations: Iterable[Relation],
        target: str | Sequence[str],
        num_layers: int = ModelConfig.num_layers,
        aggregator: str | type[Aggregator] = ModelConfig.aggregator,
        dropout: float = DROPOUT,
        *,
        relation_sum: str = ModelConfig.relation_sum,
        num_bases: int | None = ModelConfig.num_bases,
        combine: str = ModelConfig.combine,
        input_dropout: float = ModelConfig.input_dropout,
        normalize: bool = ModelConfig.normalize,
        bias: bool = ModelConfig.bias,
        init: str = ModelConfig.init,
        activation: str = ModelConfig.activation,
        norm: str = ModelConfig.norm,
        residual: bool = ModelConfig.residual,
        input_layer: str = "linear",
        jumping: str = ModelConfig.jumping,
        embeddings: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        super().__init__()
        config = self._configure(
            out_features,
            seed,
            hidden_features=hidden_features,
            num_layers=num_layers,
            aggregator=aggregator,
            dropout=dropout,
            relation_sum=relation_sum,
            num_bases=num_bases,
            combine=combine,
            input_dropout=input_dropout,
            normalize=normalize,
            bias=bias,
            init=init,
            activation=activation,
            norm=norm,
            residual=residual,
            input_layer=input_layer,
            jumping=jumping,
        )
        if config.input_layer == "none":
            raise ValueError("input_layer must be linear or active, as types have columns of their own; got 'none'")
        self.in_features = checked_types(in_features)
        self.relations = checked_relations(relations, self.in_features)
        self.targets = checked_kinds("target", target, self.in_features)
        self.embeddings = checked_kinds("embeddings", embeddings, self.in_features)
        if not self.targets:
            raise ValueError("target is empty: name the type of nodes that the model is asked about")
        self.target = target if isinstance(target, str) else self.targets
        with plain_defaults(), keyed_rng(0):  # the layers draw once on their own; ``reset_parameters`` has the last word
            self._make_layers(config)
        self.reset_parameters()

    def _make_layers(self, config):
        width, self.layers, is_active = config.hidden_features, nn.ModuleList(), config.input_layer == "active"
        found = reads(self.relations, self.targets, config.num_layers)
        self.reads = [[kind for kind in self.in_features if kind in kinds] for kinds in found]  # in the order of the types
        has_bias = is_active and config.bias
        inputs = {kind: Projection(self.in_features[kind], width, has_bias) for kind in self.reads[0]}
        self.input_layer, self._input_is_active = ModuleMap(inputs), is_active
        names = "aggregator combine bias init residual norm relation_sum num_bases".split()
        options = {name: getattr(config, name) for name in names}
        for kinds in self.reads[1:]:
            self.layers.append(TypedLayer(width, config.hidden_features, kinds, self.relations, **options))
            width = self.layers[-1].out_features
        width *= config.num_layers if self.jumping == "cat" else 1
        outputs = {kind: Linear(width, self.out_features, config.bias) for kind in self.targets}
        self.output_layer = ModuleMap(outputs)

    @classmethod
    def of(
        cls, dataset: Any, out_features: int | None = None, config: ModelConfig | None = None, *,
        target: str | Sequence[str] | None = None, dropout: float | None = None, seed: int = 0,
    ) -> Self:  # fmt: skip
        """The untrained model for a ``TypedDataset``, by a ``ModelConfig`` (default: its defaults).

        out_features, target: default those of the dataset; of a ``TypedLinkDataset``, for which it is an encoder, the hidden
        width and the ends of its links. dropout: default the config's, else 0.5. An input_layer of "none" is
        "linear" here. Types without features have embeddings.
        """
        if not isinstance(getattr(dataset, "graph", None), TypedGraph):
            raise TypeError(f"dataset must be a TypedDataset, got {told(dataset)}")
        config = ModelConfig() if config is None else config
        options = asdict(config) | {"dropout": next(d for d in (dropout, config.dropout, DROPOUT) if d is not None)}
        options["input_layer"] = "linear" if config.input_layer == "none" else config.input_layer
        features, ends = dataset.features.items(), getattr(dataset, "ends", None)
        if ends is not None:
            out_features = config.hidden_features if out_features is None else out_features
            target = target or (ends if ends[0] != ends[1] else ends[0])
        return cls(
            dataset.num_features,
            out_features=dataset.num_outputs if out_features is None else out_features,
            relations=dataset.graph.relations,
            target=dataset.target if target is None else target,
            embeddings=[kind for kind, of in features if isinstance(of, SparseFeatures) and of.is_identity],
            seed=seed,
            **options,
        )

    @property
    def arguments(self) -> dict[str, Any]:
        """``TypedGraphSAGE(**arguments)`` is the same model, but for weights that were trained since."""
        own = {name: getattr(self, name) for name in ("in_features", "relations", "target", "embeddings")}
        return {**asdict(self._config), **own, **self._trained_since()}

    def prepare(self, degrees: Mapping[Relation, np.ndarray]) -> None:
        """Tell each aggregator the degrees int64 [n] of the destinations of its relation, in the graph to train on."""
        for layer in self.layers:
            for part in layer.types.children():
                for name, aggregator in zip(part.relations, part.aggregators):
                    aggregator.prepare(degrees[name])

    @property
    def first_layer_reduction(self) -> None:
        """A loader's ``reduce``: there is none for typed graphs, whose features are projected first."""
        return None

    def forward(self, batch: Any) -> Any:
        h = self._represented(batch, self.num_layers)
        return _by_seeds(batch, {kind: self.output_layer[kind](rows) for kind, rows in h.items()})

    def represent(self, batch: Any) -> Any:
        """What the first layers make of a batch's seeds, one layer a hop, as ``forward`` returns outputs: before the output
        layer with a hop a layer."""
        return _by_seeds(batch, self._represented(batch, None))

    def _represented(self, batch, hops):
        """{type: [B_t, width]} of the seeds."""
        self._check(batch, hops)
        index, count = _by_type(batch), len(batch.blocks)
        h = {kind: self._entering(kind, batch.x[kind]) for kind in self.reads[0]}
        hidden, offsets = {kind: [] for kind in index}, batch.minibatch.hop_offsets
        for depth, (layer, blocks) in enumerate(zip(self.layers, batch.blocks)):
            num_rows = {kind: int(offsets[kind][count - depth]) for kind in self.reads[depth + 1]}
            h = {kind: self.finish(depth, rows) for kind, rows in layer(h, blocks, num_rows).items()}
            for kind, found in hidden.items():
                found[:] = [h[kind]] if self.jumping == "last" else [*found, h[kind]]
        rows = {kind: self.joined([one[: int(offsets[kind][1])] for one in found]) for kind, found in hidden.items()}
        # rows are the distinct seeds in order of first appearance: where none repeats, each is in its place already
        return {kind: of if len(of) == len(index[kind]) else of[index[kind]] for kind, of in rows.items()}

    def _check(self, batch, hops):
        """ValueError or TypeError for a batch that the model cannot read."""
        if not (hasattr(batch, "blocks") and isinstance(getattr(batch, "x", None), Mapping)):
            raise TypeError(f"x must be a TypedBatch, got {told(batch)}")
        found, depth = len(batch.blocks), self.num_layers
        if found > depth or hops not in (None, found):
            raise ValueError(f"the batch has {found} hops, but the model has {depth} layers: give one a layer")
        for kind in self.reads[0]:
            width = batch.x[kind].shape[1] if kind in batch.x else 0
            if width != self.in_features[kind]:
                wanted = f"in_features[{kind!r}] = {self.in_features[kind]}"
                raise ValueError(f"the batch has {width} features a node of type {kind!r}, but the model's {wanted}")
        missing = next((name for name in self.relations if name not in batch.blocks[0]), None)
        if missing is not None:
            raise ValueError(f"the batch has no relation {missing}, which the model has")
        wrong = next((kind for kind in _by_type(batch) if kind not in self.reads[found]), None)
        if wrong is not None:
            raise ValueError(f"the batch has seeds of type {wrong!r}, and the model answers for {', '.join(self.reads[found])}")
        check_place("the batch", batch.places.device, self)

    def enter(self, x: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        """What the first layer reads of features {type: [n_t, F_t]}, of the types that it reads."""
        return {kind: self.enter_type(kind, x[kind]) for kind in self.reads[0]}

    def _entering(self, kind, x):
        """``enter_type``, or where that is more work than to reduce x first, x ``Unprojected``."""
        may_wait = self._config.aggregator in WAITING and not self._input_is_active and isinstance(x, torch.Tensor)
        if may_wait and self.in_features[kind] <= WIDE * self._config.hidden_features:
            return Unprojected(input_dropout(x, self.input_dropout, self.training), self.input_layer[kind])
        return self.enter_type(kind, x)

    def enter_type(self, kind: str, x: Any) -> torch.Tensor:
        """Rows [M, F_t] of one type after input dropout and projection."""
        h = self.input_layer[kind](input_dropout(x, self.input_dropout, self.training))
        return activated(h, self.activation, self.dropout, self.training) if self._input_is_active else h

    def finish(self, depth: int, h: torch.Tensor) -> torch.Tensor:
        """What follows products and norm of a layer: all of them are hidden ones."""
        return activated(h, self.activation, self.dropout, self.training, normalize=self.normalize)


def _by_type(batch):
    """{type: int64}, the seeds' rows."""
    return {batch.target: batch.seed_index} if batch.target is not None else batch.seed_index


def _by_seeds(batch, rows):
    return rows if batch.target is None else rows[batch.target]
