"""The example programs do what they say."""

import importlib.util
import os
import re
import runpy
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from conftest import CHECKOUT
from helpers.data_helpers import planetoid_files, write_files

import graphsage as gs

EXAMPLES = CHECKOUT / "examples"


def test_original_loop_learns(tmp_path):
    folder = write_files(tmp_path / "made", planetoid_files())
    command = [sys.executable, "-W", "error", str(EXAMPLES / "original_loop.py"), str(folder), "3"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    losses = [float(loss) for loss in re.findall(r"^Epoch \d{3} Batch 0[12]0 Loss: (\d+\.\d{4})$", out, re.MULTILINE)]
    assert len(losses) == 6
    assert losses[-1] < losses[0]


def test_original_loop_reads_dense_features():
    spec = importlib.util.spec_from_file_location("original_loop", EXAMPLES / "original_loop.py")
    loop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loop)
    features = np.arange(6.0).reshape(3, 2)
    assert loop.dense_rows(features, [2, 2]).tolist() == [[4, 5], [4, 5]]


# ---- one loop, bare and under two frameworks


def run_loop(name, monkeypatch, capsys, folder):
    """(its globals, the batches it was given, the losses and the accuracy it printed) of an example program."""
    batches, epoch = [], gs.NeighborLoader.epoch

    def recorded(loader, number, start=0):
        for batch in epoch(loader, number, start):
            batches.append((batch.epoch, batch.step, batch.y.tolist(), batch.minibatch.neighbors.tolist()))
            yield batch

    with monkeypatch.context() as patched:
        patched.setattr(gs.NeighborLoader, "epoch", recorded)
        patched.chdir(folder)
        names = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    assert list(folder.iterdir()) == []
    out = capsys.readouterr().out
    losses = [float(loss) for loss in re.findall(r"^epoch \d  loss (\d+\.\d{4})$", out, re.MULTILINE)]
    [accuracy] = re.findall(r"^test accuracy (\d+\.\d) %$", out, re.MULTILINE)
    return names, batches, losses, float(accuracy)


def test_bare_loop_is_short_and_learns(monkeypatch, capsys, tmp_path):
    assert len((EXAMPLES / "bare_loop.py").read_text().splitlines()) <= 25
    names, batches, losses, accuracy = run_loop("bare_loop", monkeypatch, capsys, tmp_path)
    data = names["data"]
    assert [len(losses), len(batches)] == [5, 5 * len(names["loader"])]
    assert losses == sorted(losses, reverse=True)
    majority = np.bincount(data.labels[data.test]).max() / len(data.test)
    assert accuracy > 100 * (majority + 1) / 2  # less than half of the majority's errors


@pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)` is deprecated:FutureWarning")  # Lightning's own
@pytest.mark.parametrize("name, framework", [("lightning_loop", "lightning"), ("accelerate_loop", "accelerate")])
def test_a_framework_sees_the_batches_of_the_bare_loop(name, framework, monkeypatch, capsys, tmp_path):
    pytest.importorskip(framework)
    bare, *seen = run_loop("bare_loop", monkeypatch, capsys, tmp_path)
    framed, *also_seen = run_loop(name, monkeypatch, capsys, tmp_path)
    assert also_seen == seen
    weights = bare["model"].state_dict()
    assert all(torch.equal(weights[key], tensor) for key, tensor in framed["model"].state_dict().items())


# ---- other models and other draws


def printed(name, monkeypatch, capsys, folder):
    """What an example program prints, which leaves torch's generator where it was and writes no file."""
    with monkeypatch.context() as patched, torch.random.fork_rng():
        patched.chdir(folder)
        runpy.run_path(str(EXAMPLES / f"{name}.py"))
    assert list(folder.iterdir()) == []
    return capsys.readouterr().out


def percents(out):
    return [float(percent) for percent in re.findall(r"test accuracy (\d+\.\d) %$", out, re.MULTILINE)]


def test_own_stack_is_exact_and_learns(monkeypatch, capsys, tmp_path):
    out = printed("own_stack", monkeypatch, capsys, tmp_path)
    assert "Evaluated on sampled" not in out and percents(out)[0] > 70
    assert out.endswith("logits (5000, 8), embedding (5000, 64)\n")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # torch_geometric's own, about torch.jit, at import
def test_a_script_of_pyg_learns_by_a_changed_import(monkeypatch, capsys, tmp_path):
    pytest.importorskip("torch_geometric")
    assert percents(printed("pyg_loader", monkeypatch, capsys, tmp_path))[0] > 70


def test_weights_help_where_most_edges_are_noise(monkeypatch, capsys, tmp_path):
    uniform, weighted = percents(printed("weighted", monkeypatch, capsys, tmp_path))
    assert weighted > uniform + 10


def test_a_numpy_user_needs_no_torch(tmp_path):
    code = f"import runpy, sys; runpy.run_path({str(EXAMPLES / 'numpy_only.py')!r}); print('torch' in sys.modules)"
    command = [sys.executable, "-W", "error", "-c", code]
    *lines, has_torch = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout.splitlines()
    losses = [float(line.split()[-1]) for line in lines[:-1]]
    assert has_torch == "False" and len(losses) == 10 and losses == sorted(losses, reverse=True)
    assert percents(lines[-1])[0] > 50  # of eight classes


def test_lightning_moves_a_batch():
    lightning = pytest.importorskip("lightning")
    data = gs.load_dataset("sbm:nodes=100,classes=2,degree=4")
    loader = gs.NeighborLoader(data, gs.NeighborSampler(data.graph, [2]), 5)
    batch = next(iter(loader))
    moved = lightning.LightningModule().transfer_batch_to_device(batch, torch.device("meta"), 0)
    assert (moved.x.device.type, moved.y.device.type, moved.seed_index.device.type) == ("meta",) * 3


# ---- time


def test_a_question_in_time_is_hard_and_a_leak_is_seen(capsys):
    """One of three calls before the question tells; of those after it, all."""
    runpy.run_path(str(EXAMPLES / "temporal.py"))
    out = capsys.readouterr().out
    scores = [float(score) for score in re.findall(r"^(?:asked in time|with a leak) +(\d+\.\d) %", out, re.MULTILINE)]
    assert 60 < scores[0] < 85 and scores[1] > 95
    assert "Time: each node sees the edges before its own time; " in out


def test_unsupervised_names_the_nodes_most_alike(monkeypatch, capsys, tmp_path):
    folder = write_files(tmp_path / "made", planetoid_files())
    monkeypatch.setattr(sys, "argv", ["unsupervised.py", str(folder), "--epochs", "2"])
    names = runpy.run_path(str(EXAMPLES / "unsupervised.py"))
    *_, score, first, second, third = capsys.readouterr().out.splitlines()
    assert score == f"walks from the test nodes: ROC AUC {100 * names['result'].test_score:.1f} %"
    for node, line in enumerate((first, second, third)):
        own, alike = line.split(": ")
        assert int(own) == node and len(set(alike.split(", ")) - {own}) == 3


def test_a_model_leaves_for_onnxruntime(monkeypatch, capsys, tmp_path):
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        runpy.run_path(str(EXAMPLES / "onnx_model.py"))
    [apart] = re.findall(r"^apart by (\S+)$", capsys.readouterr().out, re.MULTILINE)
    assert float(apart) < 1e-5 and (tmp_path / "model.onnx").exists()


def test_ray_cluster_trains_embeds_and_predicts(tmp_path):
    pytest.importorskip("ray")
    made = write_files(tmp_path / "made", planetoid_files())
    program = f"from ray_cluster import main; main({str(made)!r}, 'run')"
    paths = {"PYTHONPATH": f"{EXAMPLES}:{CHECKOUT}", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=os.environ | paths, capture_output=True)
    assert np.load(tmp_path / "run" / "embed.npy").shape[0] == gs.load_dataset(made).num_nodes
    assert (tmp_path / "run" / "predict.csv").is_file()
