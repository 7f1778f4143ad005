"""TrainedTypedLinks: a trained model of links of a typed graph, with all that it takes to ask it."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from graphsage.base.checks import as_count, as_ids
from graphsage.base.told import of_kind
from graphsage.config.groups import SELECTIVE
from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.graph.graph import Graph
from graphsage.graph.relation_names import typed_pairs
from graphsage.graph.typed_graph import TypedGraph
from graphsage.loading.typed_tensors import TypedBatch
from graphsage.nn.link_predictor import sides_of
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.tensors.ambient import plain_modes
from graphsage.tensors.device import as_device
from graphsage.tensors.store import FeatureStore
from graphsage.trained import outputs as apply
from graphsage.trained.partners import known_partners, known_targets
from graphsage.trained.resumable import all_outputs
from graphsage.trained.trained_links import TrainedLinks
from graphsage.trained.trained_model import refuse_room
from graphsage.trained.trained_typed import check_outs, refuse_other_schemas, rows_by_type
from graphsage.training.relation_hops import fanouts_of
from graphsage.training.setup import check_types


@dataclass(frozen=True, kw_only=True)
class TrainedTypedLinks(TrainedLinks):
    """A ``TrainedLinks`` of a ``TypedDataset``: its methods take one with the same types, relations and features.

    model: ``LinkPredictor`` of a ``TypedGraphSAGE``. relation: whose links it scores; sources and targets are ids
    within its two types. relation_fanouts: as in ``TrainConfig``; where they leave a relation out in some hop, embeddings are
    from drawn neighbours (``is_drawn``). schema: {type: its columns}, or None.
    """

    relation: tuple[str, str, str]
    relation_fanouts: dict[str, tuple[int, ...]] | None = None

    @property
    def ends(self) -> tuple[str, str]:
        """(source type, target type)."""
        return self.relation[0], self.relation[2]

    def embed(self, dataset: Any, nodes: Any = None, *, out: Any = None, **how: Any) -> dict[str, np.ndarray]:
        """What the decoder reads, {type: float32 array [n, D]} of the two types of ``relation``, after the output layer.

        nodes: {type: int [M] ids}, of those types alone; None: all nodes, in the graph's order. out: {type: array} to write to;
        only for all nodes.
        """
        self.check(dataset, **{name: value for name, value in how.items() if name not in ("progress", "room")})
        dataset = self._whole(dataset)
        check_outs(out, nodes, self.embedded(), dataset.num_nodes)
        asked = rows_by_type(nodes, {kind: dataset.num_nodes[kind] for kind in self.embedded()})
        found = self._rows(dataset, asked, nodes is None, **how)
        for kind, rows in (out or {}).items():
            rows[:] = found[kind]
        return out or found

    def embedded(self, fanouts: Any = None) -> dict[str, int]:
        """{type: width} of what ``embed`` gives."""
        return dict.fromkeys(dict.fromkeys(self.ends), self.embedding_width)

    def _rows(self, dataset, asked, are_all, *, fanouts=None, seed=0, device="auto", progress=None, room=None):
        """{type: float32 [M, D]} of the ids ``asked`` of each type."""
        device = as_device(device)
        model = self._encoder if device.type == "cpu" else deepcopy(self._encoder).to(device)
        dataset = dataset.row_normalized() if self.normalized_features else dataset
        fanouts, of_relations = self._drawn_by(fanouts)
        if fanouts is not None:
            refuse_room(room)
            hops = fanouts_of(dataset.graph, apply.checked_fanouts(model, fanouts), of_relations)
            places = {kind: np.unique(ids, return_inverse=True) for kind, ids in asked.items()}
            found = self._drawn(model, dataset, {kind: ids for kind, (ids, _) in places.items()}, hops, seed, device, progress)
            return {kind: found[kind][at] for kind, (_, at) in places.items()}
        found = all_outputs(model, dataset.graph, dataset.features, device=device, progress=progress, room=room)
        found = found if isinstance(found, Mapping) else {self.ends[0]: found}
        return {kind: found[kind] if are_all else found[kind][ids] for kind, ids in asked.items()}

    @plain_modes()
    @torch.no_grad()
    def _drawn(self, model, dataset, asked, hops, seed, device, progress):
        """The same from drawn neighbours; a node is asked once, so that it has one row, whoever asks with it."""
        how = {"draw": self.draw, "replace": self.replace, "weights": "ignore", "stream": "predict", "seed": seed}
        sampler, total = NeighborSampler(dataset.graph, hops, **how), sum(map(len, asked.values()))
        stores = {kind: FeatureStore(of) for kind, of in dataset.features.items()}
        done, found = 0, {kind: np.empty((len(ids), self.embedding_width), np.float32) for kind, ids in asked.items()}
        for kind, ids in asked.items():
            for step, start in enumerate(range(0, len(ids), apply.BATCH_SIZE)):
                part = slice(start, start + apply.BATCH_SIZE)
                batch = TypedBatch.of(sampler.sample({kind: ids[part]}, step=step), stores, device=device)
                found[kind][part] = model(batch).float().cpu().numpy()
                done += len(ids[part])
                if progress is not None:
                    progress(done, total)
        return found

    # ---- what TrainedLinks asks

    def _as_pairs(self, dataset, pairs):
        return typed_pairs("pairs", pairs, dataset.num_nodes, self.relation)

    def _as_sources(self, dataset, nodes):
        return as_ids("nodes", nodes, dataset.num_nodes[self.ends[0]])

    def _of_pairs(self, dataset, ends, how):
        """(embeddings of the sources and of the targets, int64 [M, 2] rows of them)."""
        is_apart = self.ends[0] != self.ends[1]
        sides = [np.unique(side, return_inverse=True) for side in (ends.T if is_apart else [ends.ravel()])]
        h = self.embed(dataset, {kind: ids for kind, (ids, _) in zip(self.ends, sides)}, **how)
        places = np.stack([rows for _, rows in sides], axis=1) if is_apart else sides[0][1].reshape(-1, 2)
        return *(torch.from_numpy(h[kind]) for kind in self.ends), torch.from_numpy(places)

    def _of_all(self, dataset, how):
        """(embeddings of all sources, of all targets)."""
        found = {kind: torch.from_numpy(rows) for kind, rows in self.embed(dataset, **how).items()}
        return sides_of(found, self.relation)

    def _known(self, dataset):
        """function(source) -> the targets that it is linked with already, and itself where both are of one type."""
        if self.ends[0] != self.ends[1]:
            return known_targets(dataset.graph, self.relation)
        links = Graph.from_edges(*dataset.graph.edges(self.relation), dataset.num_nodes[self.ends[0]])
        return known_partners(links, self.directed)

    def _itself(self, node):
        return np.empty(0, np.int64) if self.ends[0] != self.ends[1] else np.atleast_1d(node)

    def check(self, dataset: Any, *, embeds: bool = False, fanouts: Any = None, seed: int = 0, device: str = "auto") -> None:
        """ValueError, one sentence, where the other methods would refuse the dataset or a keyword."""
        dataset = self._whole(dataset)
        check_types(self._encoder.relations, self._encoder.in_features, dataset)
        refuse_other_schemas(self.schema, dataset)
        as_device(device)
        as_count("seed", seed, most=2**64 - 1)
        if fanouts is not None:
            apply.checked_fanouts(self._encoder, fanouts)

    @property
    def _leaves_out(self):
        return any(0 in hops for hops in (self.relation_fanouts or {}).values())

    _of_links = TypedLinkDataset

    def _train_config(self):
        return {"relation_fanouts": self.relation_fanouts}

    def featured(self, dataset: Any) -> Any:
        """``dataset``: types without features have embeddings."""
        return dataset

    def _whole(self, dataset):
        """A ``TypedDataset`` with all links as edges."""
        if not isinstance(dataset, TypedLinkDataset):
            return of_kind("dataset", dataset, TypedDataset)
        if self.draw in SELECTIVE:
            rule = "a TypedLinkDataset keeps weights and times of its messages alone, and this model reads those of all links"
            raise ValueError(f"{rule}: give the TypedDataset that it was split from")
        graph, (src, dst) = dataset.graph, dataset.known.edges(dataset.relation)
        edges = {name: graph.edges(name) for name in graph.relations} | {dataset.relation: (src, dst)}
        edges |= dict.fromkeys(dataset.reverses, (dst, src))
        own = {name: getattr(dataset.dataset, name) for name in ("features", "node_ids", "name", "schema")}
        return TypedDataset(graph=TypedGraph(graph.num_nodes, edges), **own)
