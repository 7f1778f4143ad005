"""pick_device: the best there is, or the one that was named, or a sentence."""

import pytest
import torch
import torch.nn.functional as F

from graphsage.tensors.device import _bags_agree, describe, pick_device


@pytest.fixture
def machine(monkeypatch):
    """A function that sets what torch finds: GPUs, and whether an Apple one."""

    def found(*, gpus=0, cuda_build=True, mps=False):
        monkeypatch.setattr(torch.version, "cuda", "13.0" if cuda_build else None)
        monkeypatch.setattr(torch.version, "hip", None)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return found


@pytest.fixture
def bags(monkeypatch):
    """A function that sets whether embedding_bag works on the device."""
    return lambda agree: monkeypatch.setattr("graphsage.tensors.device._bags_agree", lambda device: agree)


def test_auto_takes_cuda_then_mps_that_works_then_the_cpu(machine, bags):
    bags(True)
    machine(gpus=1, mps=True)
    assert pick_device("auto") == torch.device("cuda")
    machine(mps=True)
    assert pick_device("auto") == torch.device("mps")
    bags(False)
    assert pick_device("auto") == torch.device("cpu")
    machine(cuda_build=False)
    assert pick_device("auto") == torch.device("cpu")


def test_a_named_device_is_taken(machine, bags):
    bags(True)
    machine(gpus=2, mps=True)
    for name in ("cpu", "cuda", "cuda:0", "cuda:1", "mps"):
        assert pick_device(name) == torch.device(name)


@pytest.mark.parametrize(
    "name", ["", "gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:1234", "cuda1", "meta", "xpu", "cpu:1", "cpu\n"]
)
def test_an_unknown_name_is_refused(name):
    with pytest.raises(ValueError) as caught:
        pick_device(name)
    rule = "device must be auto, cpu, cuda, cuda:1 (the second GPU) or mps"
    assert str(caught.value) == f"{rule}; got {name!r}"


@pytest.mark.parametrize(
    ("there", "name", "reason"),
    [
        ({"cuda_build": False}, "cuda", f"torch {torch.__version__} is a build without CUDA"),
        ({}, "cuda", "torch finds no CUDA GPU"),
        ({}, "cuda:3", "torch finds no CUDA GPU"),
        ({"gpus": 1}, "cuda:1", "torch finds 1 CUDA GPU, counted from cuda:0"),
        ({"gpus": 2}, "cuda:2", "torch finds 2 CUDA GPUs, counted from cuda:0"),
        ({}, "mps", f"torch {torch.__version__} finds no Apple GPU"),
        ({"mps": True}, "mps", "its embedding_bag differs from the CPU's"),
    ],
)
def test_a_device_that_is_not_there_is_refused(there, name, reason, machine, bags):
    bags(False)
    machine(**there)
    with pytest.raises(ValueError) as caught:
        pick_device(name)
    advice = "use 'cpu', or 'auto' for the best there is"
    assert str(caught.value) == f"device {name!r} cannot be used here, as {reason}: {advice}"


def test_the_check_of_embedding_bag(monkeypatch):
    state = torch.get_rng_state()
    assert _bags_agree("cpu")
    assert torch.equal(torch.get_rng_state(), state)
    right, answers = F.embedding_bag, iter([1.0, 0.0])
    monkeypatch.setattr(F, "embedding_bag", lambda *a, **k: right(*a, **k) + next(answers))
    assert not _bags_agree("cpu")


def test_a_device_without_embedding_bag_fails_the_check(monkeypatch):
    def missing(*arguments, **options):
        raise NotImplementedError("aten::_embedding_bag is not implemented")

    monkeypatch.setattr(F, "embedding_bag", missing)
    assert not _bags_agree("cpu")


def test_describe(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU number {device.index}")
    assert describe(torch.device("cpu")) == "cpu"
    assert describe(torch.device("cuda:1")) == "cuda:1 (GPU number 1)"
