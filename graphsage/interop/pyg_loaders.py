"""``NeighborLoader`` and ``LinkNeighborLoader`` of PyG on the draws and threads of this package."""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np
import torch
from torch_geometric import loader as theirs
from torch_geometric.sampler import HeteroSamplerOutput, NegativeSampling, NumNeighbors, SamplerOutput

from graphsage.base.checks import as_count, as_flag, as_ids
from graphsage.base.threads import ordered_map
from graphsage.base.told import shown
from graphsage.graph.build import of_length
from graphsage.interop.pyg_kinds import numpy_of
from graphsage.interop.pyg_parts import tensor_of
from graphsage.interop.pyg_sampler import NeighborSampler
from graphsage.interop.pyg_typed import listed
from graphsage.sampling.items import SeedPlan

#: Arguments of a DataLoader that are about its worker processes: there are none, and these have no effect.
OF_PROCESSES = (
    "in_order", "multiprocessing_context", "persistent_workers", "pin_memory_device", "prefetch_factor", "timeout",
    "worker_init_fn",
)  # fmt: skip


class _Keyed:
    """What both loaders do otherwise than PyG's: batches are functions of (seed, epoch, step), and threads prepare them.

    The rest is PyG's own code: a batch is put together by its ``collate_fn`` and ``filter_fn``.
    """

    SAMPLER: str  # the attribute that holds it

    def _set_up(self, seed, num_workers, given, asked):
        """Once PyG's constructor ran. given: what it gave to the DataLoader. asked: the arguments of the loader's own.

        Those are its attributes, too: from them Lightning makes it anew, around a sampler of its own.
        """
        self.seed, self.num_workers, self.next_epoch, self.plan = seed, num_workers, 0, None
        for name in asked.keys() - {"self", "kwargs", "__class__"} - vars(self).keys():
            setattr(self, name, asked[name])
        if given.get("sampler") is None and given.get("batch_sampler") is None:
            size = as_count("batch_size", self.batch_size, least=1)
            shuffle = as_flag("shuffle", given.get("shuffle") or False)
            self.plan = SeedPlan(np.arange(len(self.dataset)), size, seed=seed, shuffle=shuffle, drop_last=self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        # runs when the first batch is asked for: Lightning makes iterators that it throws away, and they are no epochs
        epoch, self.next_epoch = self.next_epoch, self.next_epoch + 1
        prepared = ordered_map(lambda at: self._prepared(epoch, *at), self._steps(epoch), self.num_workers)
        try:
            for out in prepared:
                yield self._finished(out)
        finally:
            prepared.close()

    def _steps(self, epoch):
        """(step, places of its items) of an epoch; without a plan the caller's own sampler says them."""
        if self.plan is None:
            return enumerate(self.batch_sampler)
        return ((step, torch.from_numpy(self.plan.places(epoch, step))) for step in self.plan.steps)

    def _prepared(self, epoch, step, places):
        """A batch as far as threads make it: all but what the caller's own functions do."""
        one = copy(self)
        one.transform, one.filter_per_worker = None, self.transform_sampler_output is None
        setattr(one, self.SAMPLER, getattr(self, self.SAMPLER).at(epoch, step))
        with torch.device("cpu"):  # whatever the default device is
            return type(self).collate_fn(one, places)  # the attribute of this name is bound to ``self``

    def _finished(self, out):
        if isinstance(out, (SamplerOutput, HeteroSamplerOutput)):
            out = self.filter_fn(out)
        elif self.transform is not None:
            out = self.transform(out)
        return out.pin_memory() if self.pin_memory and torch.cuda.is_available() else out


class NeighborLoader(_Keyed, theirs.NeighborLoader):
    """In place of ``torch_geometric.loader.NeighborLoader``, with its arguments and its batches.

    It needs neither pyg-lib nor torch-sparse. An iteration is an epoch, and the next one is the next epoch.

    data: ``torch_geometric.data.Data`` with an edge_index, or ``HeteroData`` with one a relation.
    num_neighbors: neighbours drawn a hop; of ``HeteroData`` of each relation so many, or {relation: numbers}.
    input_nodes: ids, a mask, or None for all nodes; of ``HeteroData`` a type, or (type, ids or a mask).
    num_workers: threads that prepare batches (0: on the calling thread); a batch is the same for any number. ``transform`` and
        ``transform_sampler_output`` are called on the calling thread. Other settings of worker processes, ``is_sorted`` and
        ``filter_per_worker`` have no effect. ``sampler`` and ``batch_sampler`` say the order, as in a DataLoader.
    seed: of the draws and the order. None takes a number of torch's generator when the loader is made, so that
        ``torch.manual_seed`` says it, as it does for PyG's; a ``generator`` that is given is asked in place of either.

    An input node that stands twice in a batch is there twice, each time with the same neighbours (in the disjoint form with
    others). Raises ValueError or TypeError, by name, for what is not kept: adj_t, neighbor_sampler.
    """

    SAMPLER = "node_sampler"

    def __init__(
        self, data: Any, num_neighbors: Sequence[int] | NumNeighbors, input_nodes: Any = None, input_time: Any = None,
        replace: bool = False, subgraph_type: Any = "directional", disjoint: bool = False, temporal_strategy: str = "uniform",
        time_attr: str | None = None, weight_attr: str | None = None, transform: Callable | None = None,
        transform_sampler_output: Callable | None = None, is_sorted: bool = False, filter_per_worker: bool | None = None,
        neighbor_sampler: None = None, directed: bool = True, *, seed: int | None = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        asked = locals()
        _refuse_sampler(neighbor_sampler)
        seed, num_workers, kwargs = _taken(seed, kwargs)
        sampler = NeighborSampler(
            data, num_neighbors, subgraph_type, replace, disjoint, temporal_strategy, time_attr, weight_attr,
            directed=directed, seed=seed,
        )  # fmt: skip
        nodes, num_nodes = _input_nodes(input_nodes, sampler.num_nodes)
        super().__init__(
            data, num_neighbors, nodes, _of_each("input_time", input_time, num_nodes, "input node"), time_attr=time_attr,
            transform=transform, transform_sampler_output=transform_sampler_output, filter_per_worker=filter_per_worker,
            neighbor_sampler=sampler, **kwargs,
        )  # fmt: skip
        self._set_up(seed, num_workers, kwargs, asked)


class LinkNeighborLoader(_Keyed, theirs.LinkNeighborLoader):
    """In place of ``torch_geometric.loader.LinkNeighborLoader``, with its arguments and its batches.

    As ``NeighborLoader``, for links: edge_label_index, int [2, P], or None for all edges of data; of ``HeteroData`` a relation,
    or (relation, links). Negatives are functions of (seed, epoch, step), too. As in PyG, a random negative may be a true edge,
    and the links that are asked about are messages if they are edges of data: ``RandomLinkSplit`` takes them out.
    """

    SAMPLER = "link_sampler"

    def __init__(
        self, data: Any, num_neighbors: Sequence[int] | NumNeighbors, edge_label_index: Any = None, edge_label: Any = None,
        edge_label_time: Any = None, replace: bool = False, subgraph_type: Any = "directional", disjoint: bool = False,
        temporal_strategy: str = "uniform", neg_sampling: NegativeSampling | str | dict | None = None,
        neg_sampling_ratio: float | None = None, time_attr: str | None = None, weight_attr: str | None = None,
        transform: Callable | None = None, transform_sampler_output: Callable | None = None, is_sorted: bool = False,
        filter_per_worker: bool | None = None, neighbor_sampler: None = None, directed: bool = True,
        *, seed: int | None = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        asked = locals()
        _refuse_sampler(neighbor_sampler)
        seed, num_workers, kwargs = _taken(seed, kwargs)
        sampler = NeighborSampler(
            data, num_neighbors, subgraph_type, replace, disjoint, temporal_strategy, time_attr, weight_attr,
            directed=directed, seed=seed,
        )  # fmt: skip
        links, num_links = _links(edge_label_index, data, sampler.num_nodes)
        label, time = (
            _of_each(name, values, num_links, "link")
            for name, values in (("edge_label", edge_label), ("edge_label_time", edge_label_time))
        )
        super().__init__(
            data, num_neighbors, links, label, time, neg_sampling=neg_sampling, neg_sampling_ratio=neg_sampling_ratio,
            time_attr=time_attr, transform=transform, transform_sampler_output=transform_sampler_output,
            filter_per_worker=filter_per_worker, neighbor_sampler=sampler, **kwargs,
        )  # fmt: skip
        self._set_up(seed, num_workers, kwargs, asked)


# ---- what is asked


def _refuse_sampler(neighbor_sampler):
    if neighbor_sampler is not None:
        rule = "neighbor_sampler must be None, as the loader makes its own"
        raise ValueError(f"{rule}: PyG's NodeLoader and LinkLoader take a sampler; got {type(neighbor_sampler).__name__}")


def _taken(seed, kwargs):
    """(seed, number of threads, what is left for the DataLoader)."""
    kwargs = {name: value for name, value in kwargs.items() if name not in OF_PROCESSES}
    generator = kwargs.pop("generator", None)
    if seed is None or generator is not None:
        place = "cpu" if generator is None else generator.device
        seed = int(torch.randint(2**63 - 1, (), generator=generator, device=place))
    return as_count("seed", seed, most=2**64 - 1), as_count("num_workers", kwargs.pop("num_workers", 0)), kwargs


def _input_nodes(nodes, num_nodes):
    """(what PyG takes as input_nodes, how many they are); num_nodes: N, or {type: number of nodes}."""
    if not isinstance(num_nodes, dict):
        return _of_type(nodes, num_nodes)
    name, nodes = (nodes, None) if isinstance(nodes, str) else nodes if _is_pair(nodes) else (None, None)
    if not isinstance(name, str) or name not in num_nodes:
        types = ", ".join(map(repr, num_nodes))
        rule = "input_nodes must be a type of nodes, or (type, ids or mask)"
        raise ValueError(f"{rule}; got {shown(name)}, the types are {types}")
    nodes, number = _of_type(nodes, num_nodes[name])
    return (name, nodes), number


def _is_pair(value):
    return isinstance(value, (tuple, list)) and len(value) == 2


def _of_type(nodes, num_nodes):
    """(ids or a mask, as a tensor; how many nodes they are)."""
    nodes = torch.arange(num_nodes, device="cpu") if nodes is None else tensor_of("input_nodes", nodes).detach().cpu()
    if nodes.dtype == torch.uint8 and nodes.shape == (num_nodes,):
        nodes = nodes.bool()  # how masks were stored before torch had bools
    if nodes.dtype == torch.bool:
        of_length("input_nodes", numpy_of(nodes), num_nodes, "node")
    else:
        nodes = torch.from_numpy(as_ids("input_nodes", numpy_of(nodes), num_nodes))
    number = int(nodes.sum()) if nodes.dtype == torch.bool else len(nodes)
    if not number:
        raise ValueError("input_nodes is empty: an epoch needs at least one")
    return nodes, number


def _links(links, data, num_nodes):
    """(what PyG takes as edge_label_index, how many links they are); num_nodes: N, or {type: number of nodes}."""
    if not isinstance(num_nodes, dict):
        found = _of_relation(data.edge_index if links is None else links, (num_nodes, num_nodes))
        return found, found.shape[1]
    name, links = links if _is_pair(links) and not isinstance(links[0], str) else (links, None)
    name = _relation(name, data)
    links = data[name].edge_index if links is None else links
    found = _of_relation(links, (num_nodes[name[0]], num_nodes[name[2]]))
    return (name, found), found.shape[1]


def _relation(name, data):
    """The edge type of ``data`` that is meant: all three texts, or the two types where one edge type is between them."""
    asked = tuple(name) if isinstance(name, (tuple, list)) else ()
    found = [of for of in data.edge_types if asked in (of, (of[0], of[2]))]
    if len(found) != 1:
        rule = "edge_label_index must be an edge type, or (edge type, links [2, P])"
        raise ValueError(f"{rule}; got {shown(name)}, the edge types are {listed(data.edge_types)}")
    return found[0]


def _of_relation(links, num_nodes):
    """int64 [2, P], each end a node."""
    links = tensor_of("edge_label_index", links).detach().cpu()
    if links.dim() != 2 or len(links) != 2:
        raise ValueError(f"edge_label_index must have shape [2, links], got {list(links.shape)}")
    ends = [as_ids(f"edge_label_index[{end}]", numpy_of(links[end]), num_nodes[end]) for end in (0, 1)]
    if not len(ends[0]):
        raise ValueError("edge_label_index is empty: an epoch needs at least one link")
    return torch.from_numpy(np.stack(ends))


def _of_each(name, values, number, per):
    """``values`` as a tensor with an entry for each of ``number``; None stays None."""
    if values is None:
        return None
    values = tensor_of(name, values).detach().cpu()
    if values.shape[:1] != (number,):
        raise ValueError(f"{name} must have one entry per {per}, {number}; got shape {list(values.shape)}")
    return values
