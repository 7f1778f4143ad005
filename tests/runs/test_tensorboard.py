"""TensorBoard: its files hold what metrics.jsonl holds, each point once, and nothing stays open."""

import sys
import threading
from pathlib import Path

import pytest
from helpers.blocks import blocks, configured

from graphsage.cli import main as cli
from graphsage.config.toml import read_config
from graphsage.runs.metrics_file import read_metrics
from graphsage.runs.run import make_trainer
from graphsage.runs.tensorboard import TensorBoard

event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
STEPS = 3  # of an epoch


@pytest.fixture(scope="module")
def dataset():
    return blocks()


def points(folder):
    """{name: {batches: value}}; a point that is there twice fails."""
    events = event_accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    found = {name: [(event.step, event.value) for event in events.Scalars(name)] for name in events.Tags()["scalars"]}
    assert all(len(dict(pairs)) == len(pairs) for pairs in found.values())
    return {name: dict(pairs) for name, pairs in found.items()}


def recorded(folder):
    """The same of metrics.jsonl."""
    found = {}
    for line in read_metrics(folder / "metrics.jsonl"):
        if line["kind"] == "step":
            at = (line["epoch"] - 1) * STEPS + line["step"] + 1
            values = {"training/loss": line["loss"], "training/learning_rate": line["learning_rate"]}
        else:
            at, phases = line["epoch"] * STEPS, ("starting", "waiting", "training", "evaluating", "saving")
            values = {"validation/accuracy": line["val_score"], "validation/loss": line["val_loss"]}
            values |= {"memory/peak_GiB": line["memory"] / 2**30, **{f"seconds/{phase}": line[phase] for phase in phases}}
        for name, value in values.items():
            found.setdefault(name, {})[at] = pytest.approx(value, rel=1e-6)
    return found


def test_the_points_are_those_of_the_metrics(dataset, tmp_path):
    config = configured(epochs=4, schedule="cosine")
    make_trainer(config, dataset, folder=tmp_path, callbacks=[TensorBoard()], log=None).fit()
    found = points(tmp_path)
    found.pop("test/accuracy")
    assert found == recorded(tmp_path)
    assert len(found) == 10 and list(found["training/loss"]) == list(range(1, 13))


def test_after_a_resume_each_point_is_there_once(dataset, tmp_path):
    """Interrupted after the fifth batch and gone on with from the third: two batches and an epoch come again."""

    class Stop:
        def on_step(self, trainer, step):
            if (step.epoch, step.step) == (2, 2):
                raise KeyboardInterrupt

    config = configured(epochs=3, checkpoint_every=2)
    make_trainer(config, dataset, folder=tmp_path, callbacks=[TensorBoard(), Stop()], log=None).fit()
    assert max(points(tmp_path)["training/loss"]) == 6
    trainer = make_trainer(config, dataset, folder=tmp_path, callbacks=[TensorBoard()], log=None)
    trainer.resume()
    result, found = trainer.fit(), points(tmp_path)
    assert found.pop("test/accuracy") == {9: pytest.approx(result.test_score, rel=1e-6)}
    assert found == recorded(tmp_path)


def test_settings_and_test_score_are_there_to_compare_runs_by(dataset, tmp_path):
    from tensorboard.plugins.hparams import plugin_data_pb2

    def cost(outputs, labels):
        return -1.0

    config = configured(epochs=1, metric=cost, fanouts=(5, 4))
    result = make_trainer(config, dataset, folder=tmp_path, callbacks=[TensorBoard()], log=None).fit()
    events = event_accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    stored = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    hparams = plugin_data_pb2.HParamsPluginData.FromString(stored).session_start_info.hparams
    values = {name: value.number_value or value.string_value for name, value in hparams.items()}
    assert (values["fanouts"], values["hidden_features"], values["metric"]) == ("5,4", 16, "cost (user-defined)")
    assert values["patience"] == "not set" and values["optimizer"] == "adam"
    assert points(tmp_path)["test/cost"] == {3: result.test_score}
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]  # no second run inside


def test_another_folder_and_a_second_training_into_it(dataset, tmp_path):
    for epochs in (3, 1):
        make_trainer(configured(epochs=epochs), dataset, callbacks=[TensorBoard(tmp_path / "board")], log=None).fit()
    assert list(points(tmp_path / "board")["training/loss"]) == [1, 2, 3]  # the first one's points are gone


def test_without_validation_nodes(tmp_path):
    make_trainer(configured(epochs=1), blocks(val=[]), callbacks=[TensorBoard(tmp_path)], log=None).fit()
    assert not any(name.startswith("validation/") for name in points(tmp_path))


@pytest.mark.parametrize(
    ("limit", "waiting"),
    [
        (("KEPT_BACK", 2), [1, 0, 1]),
        (("FLUSH_SECONDS", 0), [0, 0, 0]),  # what waits longer is lost in a kill, although a checkpoint may count it as done
    ],
)
def test_long_epochs_and_slow_steps_are_written_on_the_way(limit, waiting, dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(f"graphsage.runs.tensorboard.{limit[0]}", limit[1])
    board, found = TensorBoard(tmp_path), []

    class Counts:
        def on_step(self, trainer, step):
            found.append(len(board._steps))

    make_trainer(configured(epochs=1), dataset, callbacks=[board, Counts()], log=None).fit()
    assert found == waiting and len(points(tmp_path)["training/loss"]) == 3


@pytest.mark.parametrize("error", [None, RuntimeError("a bug"), KeyboardInterrupt()])
def test_no_thread_and_no_file_is_left(error, dataset, tmp_path):
    class Broken:
        def on_step(self, trainer, step):
            if error is not None and step.step == 1:
                raise error

    make_trainer(configured(epochs=1), dataset, callbacks=[TensorBoard(tmp_path / "first")], log=None).fit()
    before = threading.active_count(), open_files(tmp_path)
    trainer = make_trainer(configured(epochs=2), dataset, callbacks=[TensorBoard(tmp_path), Broken()], log=None)
    if error is None:
        trainer.fit()
    else:
        with pytest.raises(type(error)):
            trainer.fit()
        assert len(points(tmp_path)["training/loss"]) == 2  # what there was is written
    assert (threading.active_count(), open_files(tmp_path)) == before


def open_files(folder):
    """Those in ``folder`` that this process holds open; none where the system does not list them."""
    descriptors = Path("/proc/self/fd")
    found = [path.resolve() for path in descriptors.iterdir()] if descriptors.exists() else []
    return [path for path in found if path.is_relative_to(folder.resolve())]


def test_without_a_folder_or_without_the_package(dataset, monkeypatch):
    with pytest.raises(ValueError, match="^TensorBoard writes into a folder: give it one, or the trainer$"):
        make_trainer(configured(), dataset, callbacks=[TensorBoard()], log=None).fit()
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ValueError, match=r"need the package tensorboard.*: pip install 'graphsage\[tensorboard\]'$"):
        TensorBoard()


# ---- the flag

TRAIN = ["train", "sbm:nodes=300,classes=3", "--device", "cpu", "--epochs", "2", "--tensorboard"]


def test_the_flag(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main(TRAIN) == 0
    assert "\nWatch it: tensorboard --logdir runs/sbm-1\n" in capsys.readouterr().out.replace("\\", "/")
    assert len(points("runs/sbm-1")["validation/accuracy"]) == 2  # and none of the training without edges
    assert read_config("runs/sbm-1/config.toml").tensorboard


def test_the_flag_with_several_runs_writes_into_the_folder_of_each(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main([*TRAIN, "--runs", "2", "--no-baseline"]) == 0
    for seed in (0, 1):
        assert len(points(f"runs/sbm-1/{seed}")["validation/accuracy"]) == 2


def test_a_resume_may_add_the_flag(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main([*TRAIN[:-1], "--no-baseline"]) == 0
    Path("runs/sbm-1/result.json").unlink()
    assert cli.main(["train", "--resume", "runs/sbm-1", "--epochs", "3", "--tensorboard"]) == 0
    assert list(points("runs/sbm-1")["validation/accuracy"]) == [3 * len(points("runs/sbm-1")["training/loss"])]


@pytest.mark.parametrize(
    ("arguments", "missing", "sentence"),
    [
        (TRAIN, True, "TensorBoard's files need the package tensorboard, which is not installed: pip install"),
        ([*TRAIN, "--no-save"], False, "--tensorboard writes into the folder of the run, and --no-save says to make none"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_made(arguments, missing, sentence, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if missing:
        monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(f"graphsage: {sentence}") and captured.err.count("\n") == 1
    assert not Path("runs").exists()
