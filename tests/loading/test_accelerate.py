"""A NeighborLoader under Accelerate in one process; in two: test_two_processes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import graphsage as gs

accelerate = pytest.importorskip("accelerate")
DATA = gs.load_dataset("sbm:nodes=200,degree=6")


@pytest.fixture(autouse=True)
def forgotten():
    yield
    accelerate.state.AcceleratorState._reset_state(True)


def loader_of(**options):
    return gs.NeighborLoader(DATA, gs.NeighborSampler(DATA.graph, [3, 3]), 8, nodes=np.arange(90), **options)


def parts(accelerator):
    model = gs.GraphSAGE(DATA.num_features, 8, DATA.num_classes, dropout=0)
    return accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.1), loader_of())


def place(batch):
    return batch.epoch, batch.step, batch.seeds.tolist()


@pytest.mark.parametrize("options", [{}, {"mixed_precision": "bf16"}, {"gradient_accumulation_steps": 3}])
def test_a_loop_sees_each_epoch_once(options):
    accelerator = accelerate.Accelerator(cpu=True, **options)
    model, optimizer, loader = parts(accelerator)
    before, seen = model.layers[0].weight_neigh.detach().clone(), []
    for _ in range(2):
        for batch in loader:
            with accelerator.accumulate(model):
                accelerator.backward(F.cross_entropy(model(batch), batch.y))
                optimizer.step()
                optimizer.zero_grad()
            seen.append(place(batch))
    assert seen == [place(batch) for epoch in (0, 1) for batch in loader_of().epoch(epoch)]
    assert not torch.equal(before, model.layers[0].weight_neigh)
    assert sorted(torch.cat([accelerator.gather_for_metrics(batch.seeds) for batch in loader]).tolist()) == list(range(90))


def test_a_checkpoint_keeps_the_place_in_an_epoch(tmp_path):
    accelerator = accelerate.Accelerator(cpu=True)
    loader = parts(accelerator)[-1]
    accelerator.register_for_checkpointing(loader)
    batches = iter(loader)
    before = [place(next(batches)) for _ in range(5)]
    accelerator.save_state(tmp_path)
    again = loader_of()
    accelerator._custom_objects = [again]
    accelerator.load_state(tmp_path)
    assert before + [place(batch) for batch in again] == [place(batch) for batch in loader_of()]


def test_tools_for_torchs_own_loaders_are_told_what_to_do():
    accelerator = accelerate.Accelerator(cpu=True)
    for tool in (accelerator.prepare_data_loader, accelerate.skip_first_batches):
        with pytest.raises(AttributeError, match="^a NeighborLoader has no attribute 'dataset' for torch's tools: iterate it"):
            tool(loader_of())
