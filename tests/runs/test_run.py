"""Whole runs: baselines that are what they claim, and the table at the end."""

import signal
from dataclasses import replace

import numpy as np
import pytest
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, NUM_NODES, block_graph, blocks, configured
from helpers.data_helpers import planetoid_files, write_files

from graphsage.data.dataset import NodeDataset
from graphsage.graph.graph import Graph
from graphsage.runs import node_run, run as module
from graphsage.runs.node_run import majority_score
from graphsage.runs.run import RunResult, build_model, compare, make_trainer, run, run_all
from graphsage.runs.run_folder import read_result
from graphsage.runs.trainer import Trainer
from graphsage.training.records import Epoch, TrainResult
from graphsage.training.tasks import METRICS


@pytest.fixture(scope="module")
def dataset():
    return blocks()


def silent(line):
    """A log that nobody reads."""


def labelled(labels, train, test):
    graph = Graph.from_edges([], [], len(labels))
    features = np.ones((len(labels), 1), np.float32)
    return NodeDataset(graph=graph, features=features, labels=labels, train=train, val=[], test=test)


# ---- the baselines


@pytest.mark.parametrize(
    ("train", "test", "accuracy"),
    [
        ([0, 1, 2], [3, 4, 5, 6], 0.25),  # 1 is most frequent, and node 3 alone has it
        ([0, 1, 2, 4], [3, 5, 6], 1 / 3),  # 1 and 2 are equally frequent: the smaller
        ([5], [0, 1, 6], 1 / 3),  # class 0, which node 6 has
        ([3], [4, 5, 6], 0.0),
        ([0], [], None),
    ],
)
def test_majority_equals_a_count_by_hand(train, test, accuracy):
    #            node 0  1  2  3  4  5  6
    dataset = labelled([1, 2, 1, 1, 2, 0, 0], train, test)
    assert majority_score(dataset, METRICS["accuracy"]) == accuracy


def test_features_only_is_trained_without_edges(dataset):
    """Other edges change the model's result and leave the features-only one as it is."""
    rewired = replace(dataset, graph=block_graph(np.random.default_rng(5), np.zeros(NUM_NODES, int)))
    assert rewired.graph.num_edges > 500
    first, second = (run(configured(), data, log=silent) for data in (dataset, rewired))
    assert first.features_only == second.features_only
    assert first.result.test_accuracy > second.result.test_accuracy + 0.2
    assert first.result.test_accuracy > first.features_only + 0.1 > 0.5


def test_features_only_is_trained_the_same_way(dataset):
    config = configured({"aggregator": "max"}, epochs=2, seed=5)
    alone = Trainer(build_model(config, dataset), dataset.without_edges(), config.train, log=None).fit()
    result = run(config, dataset, log=silent)
    assert result.features_only == alone.test_accuracy
    assert result.result.test_accuracy == make_trainer(config, dataset, log=None).fit().test_accuracy
    assert result.majority == majority_score(dataset, METRICS["accuracy"])


def test_features_only_can_be_left_out(dataset):
    lines = []
    result = run(replace(configured(epochs=1), baseline=False), dataset, log=lines.append)
    assert result.features_only is None and not result.interrupted
    assert len(lines) == 1 and lines[0].startswith("Epoch 001")


def test_further_baselines_are_in_the_rows_the_table_and_the_file(dataset, tmp_path):
    config = replace(configured(epochs=1), baseline=False)
    result = run(config, dataset, folder=tmp_path, log=silent)
    score = result.rows["label propagation"]["accuracy"]
    assert f"  label propagation {METRICS['accuracy'].shown(score)}" in compare([result]).splitlines()
    assert read_result(tmp_path, config)["rows"] == result.rows
    assert "label propagation" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_ctrl_c_in_the_baselines_keeps_the_training_and_what_they_gave(dataset, tmp_path, monkeypatch):
    def cut(*arguments, **how):
        yield "label propagation", 0.5
        raise KeyboardInterrupt

    config = replace(configured(epochs=1), baseline=False)
    with monkeypatch.context() as patched:
        patched.setattr(node_run, "baseline_scores", cut)
        result = run(config, dataset, folder=tmp_path, log=silent)
    assert result.interrupted and not result.result.interrupted and result.rows == {"label propagation": {"accuracy": 0.5}}
    assert result.result.test_score is not None and not (tmp_path / "result.json").exists()
    again = run_all(config, dataset, folder=tmp_path, resume=True, log=silent)[0]
    assert not again.interrupted and again.result.test_score == result.result.test_score
    assert again.rows["label propagation"]["accuracy"] != 0.5


def test_build_model_follows_the_config(dataset):
    model = {"hidden_features": 9, "num_layers": 3, "aggregator": "sum", "combine": "concat", "bias": False}
    config = configured({**model, "dropout": 0.2, "input_dropout": 0.1, "normalize": True}, fanouts=(2, 2, 2), seed=3)
    built = build_model(config, dataset)
    assert (built.in_features, built.out_features, built.num_layers) == (NUM_FEATURES, NUM_CLASSES, 3)
    assert (built.dropout, built.input_dropout, built.normalize, built.seed) == (0.2, 0.1, True, 3)
    assert built.layers[0].weight_self.shape == (9, NUM_FEATURES)
    assert built.layers[1].weight_self.shape == (9, 18)
    assert all(layer.aggregator.reduction == "sum" and layer.bias is None for layer in built.layers)


def test_run_loads_the_dataset_of_its_config(tmp_path):
    folder = write_files(tmp_path / "made", planetoid_files())
    lines = []
    config = replace(configured(epochs=1), dataset=str(folder))
    result = run(config, log=lines.append)
    assert lines[0].startswith("tiny: 513 nodes (1 isolated)")
    assert lines[1].startswith("Epoch 001 Loss: ")
    assert lines[2:] == ["Training the same model without edges (features only) for comparison ..."]
    assert result.model.in_features == 11 and result.result.best_epoch == 1


# ---- several runs, and Ctrl-C


def seeded(count, **settings):
    """Runs of 3 epochs with seeds 0, 1, ..."""
    return replace(configured(epochs=3), runs=count, **settings)


@pytest.fixture
def interrupt(monkeypatch):
    """A function that makes the n-th epoch from now (validated, but not yet recorded) end with Ctrl-C."""

    def at(number):
        left, end_epoch = [number], Trainer._end_epoch

        def counted(self, *arguments):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            end_epoch(self, *arguments)

        monkeypatch.setattr(Trainer, "_end_epoch", counted)

    return at


def test_run_all_gives_one_result_a_seed(dataset):
    lines = []
    results = run_all(seeded(3), dataset, log=lines.append)
    assert [line for line in lines if line.startswith("Run")] == [f"Run {n + 1} of 3, seed {n}" for n in range(3)]
    assert [r.result.history[0].loss for r in results] == [
        run(configured(epochs=3, seed=seed), dataset, log=silent).result.history[0].loss for seed in range(3)
    ]
    assert len({r.result.history[0].loss for r in results}) == 3


def test_a_single_run_is_not_numbered(dataset):
    lines = []
    run_all(seeded(1, baseline=False), dataset, log=lines.append)
    assert [line[:5] for line in lines] == ["Epoch"] * 3


@pytest.mark.parametrize(
    ("epoch", "finished", "interrupted", "epochs_of_last", "alone"),
    [
        # runs of 3 epochs, then 3 without edges
        (2, 1, True, 1, False),  # in the first run: what it has counts
        (4, 1, True, 3, False),  # in the first epoch without edges: the run itself is whole
        (6, 1, True, 3, False),  # in the last epoch without edges: no half-trained baseline
        (7, 1, False, 3, True),  # in the first epoch of the second run
        (8, 1, False, 3, True),  # later in the second run: half a run is no run
        (10, 2, True, 3, False),
        (99, 3, False, 3, True),
    ],
)
def test_ctrl_c_keeps_the_runs_that_are_done(
    epoch, finished, interrupted, epochs_of_last, alone, dataset, interrupt
):
    interrupt(epoch)
    try:
        results = run_all(seeded(3), dataset, log=silent)
    except KeyboardInterrupt:
        pytest.fail("what was done is lost")  # pytest itself would stop at Ctrl-C
    last = results[-1]
    assert (len(results), last.interrupted) == (finished, interrupted)
    assert len(last.result.history) == epochs_of_last
    assert (last.features_only is not None) == alone


def test_ctrl_c_before_anything_is_done_is_raised(dataset, interrupt):
    interrupt(1)
    with pytest.raises(KeyboardInterrupt):
        run_all(seeded(2), dataset, log=silent)


def test_an_interrupted_run_skips_the_baseline(dataset, interrupt, monkeypatch):
    interrupt(2)
    monkeypatch.setattr(module, "_trained_beside", lambda *arguments: pytest.fail("it was trained"))
    assert run(seeded(1), dataset, log=silent).interrupted


def test_ctrl_c_in_the_last_step_skips_the_baseline_and_the_runs_after(dataset):
    """The training is whole, but whoever pressed it wants no other to begin."""

    class LastStep:
        def on_step(self, trainer, step):
            if (step.epoch, step.step) == (3, step.num_steps - 1):
                signal.raise_signal(signal.SIGINT)

    (only,) = run_all(seeded(2), dataset, callbacks=[LastStep()], log=silent)
    assert only.interrupted and not only.result.interrupted
    assert only.result.test_score is not None and only.features_only is None


def test_a_run_that_was_done_is_not_while_it_goes_on(dataset, tmp_path, interrupt):
    """Asked for the first epochs again, it would else be done, with the model of more."""
    settings = {"baseline": False}
    run_all(seeded(1, **settings), dataset, folder=tmp_path, log=silent)
    longer = replace(seeded(1, **settings), train=replace(seeded(1).train, epochs=5))
    interrupt(2)
    assert run_all(longer, dataset, folder=tmp_path, resume=True, log=silent)[0].interrupted
    assert not (tmp_path / "result.json").exists()


# ---- the table


def made(test, majority=0.13, alone=0.468, *, metric="accuracy", best=17, val=0.8, interrupted=False, epochs=20):
    scores = {"metric": metric, "val_score": val, "val_loss": 1.0}
    history = [Epoch(number=n + 1, loss=1.0, seconds=0.1, **scores) for n in range(epochs)]
    result = TrainResult(
        metric=metric,
        test_score=test,
        val_score=val,
        best_epoch=best,
        normalized_features=False,
        history=history,
        interrupted=interrupted,
    )
    return RunResult(result=result, majority=majority, features_only=alone, model=None, interrupted=interrupted)


def test_table_of_one_run():
    assert compare([made(0.8049)]) == (
        "Test accuracy:\n"
        "  majority class  13.0 %\n"
        "  features only   46.8 %\n"
        "  GraphSAGE       80.5 %\n"
        "The model is that of epoch 17, the best on validation."
    )


def test_table_by_another_metric():
    assert compare([made(0.8049, metric="micro_f1")]).splitlines()[:2] == ["Test micro-F1:", "  majority class  13.0 %"]
    runs = [made(value, majority=-0.0012, metric="r2") for value in (0.80, 0.81, 0.83)]
    assert compare(runs) == (
        "Test R^2 (mean +- standard deviation of 3 runs):\n"
        "  mean            -0.001 +- 0.0000\n"
        "  features only    0.468 +- 0.0000\n"
        "  GraphSAGE        0.813 +- 0.0153"
    )


def test_table_without_the_features_only_model():
    assert compare([made(1.0, alone=None)]).splitlines()[1:3] == ["  majority class  13.0 %", "  GraphSAGE      100.0 %"]


def test_table_of_several_runs():
    """80, 81 and 83 %: mean 81.33, sum of squares 4.67, over n - 1 = 2, root 1.53."""
    runs = [made(0.80, alone=0.5), made(0.81, alone=0.5), made(0.83, alone=0.53)]
    assert compare(runs) == (
        "Test accuracy (mean +- standard deviation of 3 runs):\n"
        "  majority class  13.0 +- 0.00 %\n"
        "  features only   51.0 +- 1.73 %\n"
        "  GraphSAGE       81.3 +- 1.53 %"
    )


def test_table_where_the_last_baseline_was_interrupted():
    lines = compare([made(0.80, alone=0.5), made(0.81, alone=None, interrupted=True)]).splitlines()
    assert lines[2:] == ["  features only   50.0 %", "  GraphSAGE       80.5 +- 0.71 %"]


def test_table_of_an_interrupted_run():
    last = compare([made(0.5, alone=None, best=4, epochs=5, interrupted=True)]).splitlines()[-1]
    assert last == "Interrupted after epoch 5. The model is that of epoch 4, the best on validation."


def test_table_without_validation_nodes():
    last = compare([made(0.5, best=20, val=None)]).splitlines()[-1]
    assert last == "The model is that of epoch 20, the last (there are no validation nodes)."


def test_table_without_test_nodes(dataset):
    results = run_all(seeded(1), replace(dataset, test=[]), log=silent)
    assert compare(results).splitlines()[0] == "Test accuracy: none, as the dataset has no test nodes."
    assert compare([*results, *results]) == "Test accuracy: none, as the dataset has no test nodes."
