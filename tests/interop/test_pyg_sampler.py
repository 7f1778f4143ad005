"""The sampler under PyG's own NodeLoader and LinkLoader."""

import copy
import pickle
import warnings

import pytest
import torch
from helpers.pyg_data import check_attributes, check_hops, random_data

from graphsage.interop.pyg import NeighborLoader, NeighborSampler

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric.loader import LinkLoader, NodeLoader
    from torch_geometric.sampler import NodeSamplerInput, NumNeighbors

DATA = random_data()
SEEDS = torch.tensor([5, 17, 1, 44])


def drawn(sampler, seeds=SEEDS):
    return sampler.sample_from_nodes(NodeSamplerInput(None, seeds)).edge.tolist()


@pytest.mark.parametrize("options", [{}, {"disjoint": True}, {"weight_attr": "edge_weight"}, {"replace": True}])
def test_batches_of_pygs_own_loader(options):
    loader = NodeLoader(DATA, NeighborSampler(DATA, [3, 2], **options), DATA.train_mask, batch_size=5, shuffle=True)
    for batch in loader:
        check_attributes(batch, DATA)
        check_hops(batch, DATA, [3, 2], replace="replace" in options)
        assert torch.equal(batch.n_id[: batch.batch_size], batch.input_id)


def test_links_of_pygs_own_loader():
    loader = LinkLoader(DATA, NeighborSampler(DATA, [3, 2]), DATA.edge_index, neg_sampling="binary", batch_size=50)
    for batch in loader:
        check_attributes(batch, DATA)
        assert torch.equal(batch.n_id[batch.edge_label_index][:, :len(batch.input_id)], DATA.edge_index[:, batch.input_id])


def test_each_call_is_a_step_by_torchs_generator():
    sampler = NeighborSampler(DATA, [3, 2])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first = [drawn(sampler) for _ in range(3)]
        torch.manual_seed(0)
        assert [drawn(sampler) for _ in range(3)] == first and len(set(map(tuple, first))) == 3
        torch.manual_seed(0)
        assert drawn(NeighborSampler(DATA, [3, 2], seed=1)) != first[0]


def test_a_named_step_is_a_function_of_its_name():
    sampler = NeighborSampler(DATA, NumNeighbors([3, 2]))
    named = sampler.at(2, 5)
    assert drawn(named) == drawn(named) == drawn(sampler.at(2, 5)) != drawn(sampler.at(2, 6))
    assert drawn(pickle.loads(pickle.dumps(named))) == drawn(copy.deepcopy(named)) == drawn(named)


def test_the_loader_asks_its_sampler_for_a_single_batch():
    """``loader(index)``, as PyG has it."""
    loader = NeighborLoader(DATA, [3], SEEDS, seed=0)
    batch = loader(torch.tensor([2, 0]))
    assert batch.n_id[:2].tolist() == [1, 5] and batch.input_id.tolist() == [2, 0]
    check_hops(batch, DATA, [3])


def test_another_direction_is_refused():
    with pytest.raises(ValueError, match="^sample_direction must be 'forward', got 'backward': turn edge_index round instead$"):
        NeighborSampler(DATA, [3], sample_direction="backward")
