"""The command line: what it prints, and what it answers to someone who types the wrong thing."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from conftest import NOTICE
from helpers.data_helpers import planetoid_files, wait_for, write_files

import graphsage
from graphsage.cli import (
    apply as cli_apply,
    datasets as cli_datasets,
    import_ as cli_import,
    main as cli,
    runs as cli_runs,
    sample as cli_sample,
    train as cli_train,
)
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.config.toml import read_config, write_config
from graphsage.data.catalogue import dataset_card, list_datasets
from graphsage.graph.graph import Graph
from graphsage.runs import run as run_module
from graphsage.runs.checkpoint import load_checkpoint
from graphsage.runs.metrics_file import read_metrics
from graphsage.runs.trainer import Trainer


def listed(text):
    """The flags that a help text lists."""
    return re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)


FLAGS = [field.name for config in (ModelConfig, TrainConfig) for field in fields(config)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A folder of Planetoid files: 513 nodes, 3 to train, 500 to validate and 5 to test on."""
    return str(write_files(tmp_path_factory.mktemp("cli") / "made", planetoid_files()))


@contextmanager
def started(*arguments, python=("-m", "graphsage")):
    """A running ``python -m graphsage`` on the package under test; it is gone afterwards."""
    environment = {**os.environ, "PYTHONPATH": str(Path(graphsage.__file__).parents[1])}
    environment.pop("PYTHONUNBUFFERED", None)  # what is printed waits in a buffer, as it does for users
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, *python, *arguments], env=environment, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


# ---- help

REPORT_HEAVY = """
import sys
from graphsage.cli.main import main
try:
    code = main()
except SystemExit as end:
    code = end.code
heavy = ("torch", "numba", "numpy", "scipy", "networkx", "pooch")
print("heavy:", [name for name in heavy if name in sys.modules], file=sys.stderr)
raise SystemExit(code)
"""


@pytest.mark.parametrize("arguments", ["", "--help", "train --help", "predict --help", "datasets --help", "sample --help"])
def test_help_loads_nothing_heavy(arguments):
    with started(*arguments.split(), python=("-c", REPORT_HEAVY)) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith("usage: graphsage")
    assert err == "heavy: []\n"


@pytest.mark.parametrize("name", FLAGS)
def test_every_hyperparameter_is_a_flag_with_its_default(name, command):
    _, out, _ = command("train", "--help-all")
    flag = "--" + name.replace("_", "-")
    help_text = re.search(rf"^  {flag}[ ,].*(?:\n {{8,}}.*)*", out, re.MULTILINE)
    assert help_text and "(default: " in " ".join(help_text[0].split())


def test_help_of_train_teaches(command):
    _, out, _ = command("train", "--help-all")
    groups = [f"\n{name}:" for name in ("model", "links", "sample", "optimise", "evaluate", "save", "compute")]
    for line in ("Train a GraphSAGE model", "three ways to train:", *groups):
        assert line in out
    assert "--no-baseline" in out and "a probe of the raw features" in " ".join(out.split())
    assert "graphsage model" not in out
    assert "Ctrl-C ends the training after the step under way, saves it, and --resume goes on;" in " ".join(out.split())
    assert "(default: 10,10)" in " ".join(out.split()) and "==SUPPRESS==" not in out


def test_help_of_train_fits_on_a_screen(command):
    out = command("train", "--help")[1]
    assert len(out.splitlines()) < 80 and set(listed(out)) < set(listed(command("train", "--help-all")[1]))
    assert set(listed(out)) >= {"--" + name.replace("_", "-") for name in cli_train.FIRST}
    assert "All other flags, by group: graphsage train --help-all" in out


@pytest.mark.parametrize("columns", [80, 60, 200])
def test_help_is_never_wider_than_the_terminal(columns, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    names = [*cli._parser().commands, ""]
    texts = [command(*name.split(), flag)[1] for name in names for flag in ("--help", *["--help-all"] * (name == "train"))]
    lines = [line for text in texts for line in text.splitlines()]
    assert len(lines) > 400 and [line for line in lines if len(line) > max(80, min(columns, 100))] == []


def test_every_example_of_the_help_is_a_legal_command_line(command, monkeypatch):
    """They are taken from the help's own text, and parsed up to the point where data would be loaded."""
    texts = [command()[1], *(command(name, "--help")[1] for name in ("train", "evaluate", "predict", "embed", "runs"))]
    lines = [line.split("  ")[0] for text in texts for line in re.findall(r"^  graphsage (\S.*)", text, re.MULTILINE)]
    assert len(lines) == 30
    seen = []
    commands = [(cli_train, "_train"), (cli_datasets, "_datasets"), (cli_sample, "_sample"), (cli_import, "_import"),
                (cli_runs, "_runs")]
    for module, name in [*commands, *[(cli_apply, f"_{name}") for name in ("evaluate", "predict", "embed")]]:
        monkeypatch.setattr(module, name, seen.append)
    for line in lines:
        assert cli.main(line.split()) == 0
        if "resume" in vars(seen[-1]):
            assert cli_train._job(seen[-1])
    assert len(seen) == 30


# ---- wrong things to type


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("train nope", "no dataset is called 'nope': known are .*, and a folder can be given by its path"),
        ("train Cora", "no dataset is called 'Cora': did you mean 'cora'.*"),
        ("train ./nowhere", "./nowhere is not a folder, nor an .npz file"),
        ("train --epohcs 3", r"'--epohcs' is not understood, did you mean --epochs\? \(try: graphsage train --help\)"),
        ("train --zzz=3", r"'--zzz' is not understood \(try: graphsage train --help\)"),
        ("train cora pubmed", r"'pubmed' is not understood \(try: graphsage train --help\)"),
        ("--verison", r"'--verison' is not understood, did you mean --version\? \(try: graphsage --help\)"),
        ("trian", r"argument .*: invalid choice: 'trian' \(choose from .*train.*sample.*\) \(try: graphsage --help\)"),
        ("train --epochs", r"argument --epochs: expected one argument \(try: graphsage train --help\)"),
        ("train --config .", r"\.: is a folder; name the file, config.toml"),
        ("train --epochs ten", "argument --epochs: invalid int value: 'ten' .*"),
        ("train --aggregator median", r"argument --aggregator: invalid choice: 'median' \(choose from .*mean.*pna.*\) .*"),
        ("train --fanouts 10,x", "argument --fanouts: must be integers with commas between, such as 10,10; got '10,x' .*"),
        ("train --fanouts ,", "argument --fanouts: must be integers .*; got ',' .*"),
        ("train --fanouts 10 --num-layers 2", "fanouts 10 sample 1 hops, but the model has 2 layers: give one a layer"),
        ("train --num-layers 65", "fanouts 10,10 sample 2 hops, but the model has 65 layers: give one a layer"),
        ("train --num-layers 0", "num_layers must be an integer >= 1, got 0"),
        ("train --num-layers -1", "num_layers must be an integer >= 1, got -1"),
        ("train --batch-size full --num-layers 3 --fanouts 5,5,5", r"fanouts = \(5, 5, 5\) is not used in a full batch: .*"),
        ("train --fanouts 0,5", r"fanouts\[0\] must be an integer >= 1.*or -1 for all.*; got 0"),
        ("train --fanouts -1,-2", r"fanouts\[1\] must be an integer >= 1.*or -1 for all.*; got -2"),
        ("train --batch-size half", "argument --batch-size: must be an integer or 'full'; got 'half' .*"),
        ("train --batch-size 0", "batch_size must be an integer >= 1, got 0"),
        ("train --batch-size full --fanouts 5,5", r"fanouts = \(5, 5\) is not used in a full batch: .*"),
        ("train --batch-size full --batches-per-epoch 5", "batches_per_epoch = 5 is not used in a full batch: .*"),
        ("train --optimizer rprop", "optimizer='rprop' follows the signs of full gradients: .*full.*"),
        ("train --aggregator gcn --combine concat", "combine='concat' is not used with aggregator='gcn'.*"),
        ("train --epochs 0", "epochs must be an integer >= 1, got 0"),
        ("train --epochs -3", "epochs must be an integer >= 1, got -3"),
        ("train --hidden-features 0", "hidden_features must be an integer >= 1, got 0"),
        ("train --learning-rate nan", "learning_rate must be > 0 and finite, got nan"),
        ("train --learning-rate -1e-3", "learning_rate must be > 0 and finite, got -0.001"),
        ("train --learning-rate inf", "learning_rate must be > 0 and finite, got inf"),
        ("train --weight-decay -.5", "weight_decay must be >= 0 and finite, got -0.5"),
        ("train --dropout 1", r"dropout must be in \[0, 1\), got 1.0"),
        ("train --seed -1", "seed must be an integer >= 0, got -1"),
        ("train --seed 18446744073709551616", r"seed must be below 2\^64, got 18446744073709551616"),
        ("train --seed 18446744073709551615 --runs 2", r"seed must be below 2\^64, got 18446744073709551616"),
        ("train --split -1", "split must be an integer >= 0, or 'time'; got -1"),
        ("train --split x", "argument --split: must be an integer or 'time'; got 'x' .*"),
        ("train TINY --no-save --checkpoint-every 3", "--checkpoint-every is about saving, and --no-save .*: leave one out"),
        ("train TINY --split 0", "tiny has one split: leave split out, got 0"),
        ("train debian --split 1", "debian has one split: leave split out, got 1"),
        ("datasets info TINY --split 1", "tiny has one split: leave split out, got 1"),
        ("datasets list --split 1", "--split is for `datasets info`, not for `datasets list`"),
        ("datasets fetch cora --split 1", "--split is for `datasets info`, not for `datasets fetch`"),
        ("train --num-threads -1", "num_threads must be an integer >= 0, got -1"),
        ("train --runs 0", "runs must be an integer >= 1, got 0"),
        ("train --replace -1", r"argument --replace.*: ignored explicit argument '-1' .*"),
        ("train TINY --device banana", r"device must be auto, cpu, cuda, cuda:1 \(the second GPU\) or mps; got 'banana'"),
        ("train TINY --device cuda:99", "device 'cuda:99' cannot be used here, as torch .*: use 'cpu', or 'auto' .*"),
        ("datasets info", "`datasets info` needs a name: one of .*cora.*"),
        ("datasets fetch", "`datasets fetch` needs a name: one of .*cora.*"),
        ("datasets list cora", r"`datasets list` shows all and takes no name \(try: graphsage datasets info cora\)"),
        ("datasets --split 1", "--split is for `datasets info`, not for `datasets list`"),
        ("datasets --png it.png", "--png is for `datasets info`, not for `datasets list`"),
        ("datasets fetch cora --png it.png", "--png is for `datasets info`, not for `datasets fetch`"),
        ("datasets info TINY --png no/such/folder.png", "no/such/folder.png: No such file or directory"),
        ("datasets info nope", "no dataset is called 'nope': .*"),
        ("datasets fetch nope", "no dataset is called 'nope': .*"),
        ("datasets cora", r"argument action: invalid choice: 'cora' .*"),
        ("sample", r"the following arguments are required: DATASET, --seeds \(try: graphsage sample --help\)"),
        ("sample TINY", r"the following arguments are required: --seeds .*"),
        ("sample TINY --seeds 1,bash", "--seeds: 'bash' is not a node of tiny: give a number below 513"),
        ("sample TINY --seeds 513", "--seeds: '513' is not a node of tiny: give a number below 513"),
        ("sample TINY --seeds -1", "--seeds: '-1' is not a node of tiny: .*"),
        ("sample TINY --seeds 1,,2", "--seeds: '' is not a node of tiny: .*"),
        ("sample TINY --seeds 1.5", "--seeds: '1.5' is not a node of tiny: .*"),
        ("sample TINY --seeds ²", "--seeds: '²' is not a node of tiny: .*"),
        ("sample TINY --seeds 99999999999999999999", "--seeds: '99999999999999999999' is not a node of tiny: .*"),
        ("sample TINY --seeds 1 --fanouts 0", r"fanouts\[0\] must be an integer >= 1.*; got 0"),
        ("sample TINY --seeds 1 --seed -1", "seed must be an integer >= 0, got -1"),
        ("sample TINY --seeds 1 --epochs 3", r"'--epochs' is not understood.* \(try: graphsage sample --help\)"),
        ("sample nope --seeds 1", "no dataset is called 'nope': .*"),
    ],
)
def test_a_mistake_gets_one_sentence(arguments, sentence, refused, tiny, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert re.fullmatch(sentence, refused(*(tiny if word == "TINY" else word for word in arguments.split(" "))))


@pytest.mark.parametrize("arguments", ["train FOLDER", "datasets info FOLDER", "sample FOLDER --seeds 1"])
def test_a_folder_without_a_dataset(arguments, refused, tmp_path):
    words = [str(tmp_path) if word == "FOLDER" else word for word in arguments.split()]
    assert refused(*words).startswith(f"{tmp_path} holds no dataset: known are tables (edges.csv")
    (tmp_path / "notes.txt").write_text("nothing")
    assert refused(*words).startswith(f"{tmp_path} holds no dataset")


def test_a_file_for_a_dataset_and_an_empty_name(refused, tmp_path):
    path = tmp_path / "file"
    path.write_text("nothing")
    assert refused("train", path).startswith(f"{path} is not a folder, nor a file of a dataset: known are tables ")
    assert refused("train", "").startswith("no dataset is called ''")
    assert refused("train", tmp_path / "none" / "such") == f"{tmp_path / 'none' / 'such'} is not a folder, nor an .npz file"


def test_a_damaged_dataset(refused, tmp_path):
    files = planetoid_files()
    files["ind.tiny.graph"] = files["ind.tiny.graph"][:100]
    folder = write_files(tmp_path / "damaged", files)
    assert "ind.tiny.graph" in refused("train", folder)
    del files["ind.tiny.tx"]
    assert "ind.tiny.tx" in refused("train", write_files(tmp_path / "less", files))


def test_a_folder_that_must_not_be_read(refused, monkeypatch):
    def denied(name, **options):
        raise PermissionError(13, "Permission denied", str(name))

    monkeypatch.setattr("graphsage.data.catalogue.load_dataset", denied)
    assert refused("train", "./secret") == "./secret: Permission denied"


def test_what_the_user_can_mend_is_found_before_training_starts(refused, tiny, monkeypatch):
    monkeypatch.setattr(Trainer, "fit", lambda self: pytest.fail("it was trained"))
    load = run_module.load_dataset

    def without_training_nodes(name, **options):
        from dataclasses import replace

        return replace(load(name, **options), train=[])

    monkeypatch.setattr("graphsage.data.catalogue.load_dataset", without_training_nodes)
    assert refused("train", tiny) == "tiny has no training nodes: there is nothing to learn from"


def test_debug_shows_the_traceback_of_a_mistake(tiny):
    with pytest.raises(Exception, match="epochs must be an integer >= 1, got 0") as caught:
        cli.main(["train", tiny, "--epochs", "0", "--debug"])
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_folder_that_cannot_be_made_is_found_before_training_starts(refused, tiny, monkeypatch, tmp_path):
    monkeypatch.setattr(Trainer, "fit", lambda self: pytest.fail("it was trained"))
    taken = tmp_path / "taken"
    taken.write_text("a file")
    for folder in (taken, taken / "inside", ""):
        assert refused("train", tiny, "--out", folder).startswith(f"--out: the folder {str(folder)!r} cannot be made (")


def test_a_dataset_that_moved_is_named_anew(command, refused, tmp_path):
    data, run = write_files(tmp_path / "data", planetoid_files()), tmp_path / "run"
    command("train", data, "--epochs", 1, "--no-baseline", "--device", "cpu", "--out", run)
    moved = data.rename(tmp_path / "moved")
    for line in (["evaluate", run], ["train", "--resume", run, "--epochs", 2]):
        assert "the run was trained on it: if it moved, graphsage" in refused(*line)
    assert command("evaluate", run, moved)[0] == 0
    assert command("train", moved, "--resume", run, "--epochs", 2)[0] == 0
    assert read_config(run / "config.toml").dataset == str(moved)
    code, _, err = command("train", "sbm:nodes=500", "--resume", run, "--epochs", 3)
    assert code == 2 and "is of a training with another dataset" in err


def test_a_refused_resume_leaves_the_settings_as_they_were(command, tiny, tmp_path):
    command("train", tiny, "--epochs", 3, "--no-baseline", "--device", "cpu", "--out", tmp_path / "run")
    before = (tmp_path / "run" / "config.toml").read_text()
    code, _, err = command("train", "--resume", tmp_path / "run", "--epochs", 2)
    assert code == 2 and "has 3 epochs done" in err
    assert (tmp_path / "run" / "config.toml").read_text() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has such a file")
def test_output_on_a_full_disk_is_one_sentence(tiny, tmp_path):
    command = [sys.executable, "-m", "graphsage", "train", tiny, "--epochs", "1", "--no-save", "--device", "cpu"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "graphsage: the output cannot be written, as the disk is full" in done.stderr


def test_batches_that_do_not_fit_are_one_sentence(command, tiny):
    code, _, err = command("train", tiny, "--replace", "--fanouts", "2000000000,2000000000", "--device", "cpu", "--no-save")
    assert code == 2
    assert re.search(r"^graphsage: a batch of 3 seeds with fanouts \[2000000000, 2000000000\] would need .* bytes", err)


@pytest.mark.parametrize("error", [ValueError, TypeError, RuntimeError])
def test_our_own_mistakes_are_not_hidden(error, tiny, monkeypatch):
    """A ValueError out of the training is no sentence about what was typed: its traceback is what helps."""

    def broken(self, batch):
        raise error("a bug")

    monkeypatch.setattr(Trainer, "step", broken)
    with pytest.raises(error, match="a bug"):
        cli.main(["train", tiny, "--device", "cpu", "--no-save"])


# ---- train


def test_train(command, tiny):
    code, out, err = command("train", tiny, "--epochs", 3, "--batch-size", 2, "--log-every", 1, "--device", "cpu", "--seed", 4)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith("tiny: 513 nodes (1 isolated), 1,124 edges")
    assert lines.pop(2) == "Preset small: 3 training nodes"
    assert lines[2] == f"Training on cpu, seed 4, in {Path('runs', 'made-1')}"
    assert re.fullmatch(r"Epoch 001 Batch 001 Loss: \d+\.\d{4}", lines[3])
    assert re.fullmatch(r"Epoch 003 Loss: \d+\.\d{4} Validation accuracy: \d+\.\d % \(\d+\.\d s\)", lines[11])
    assert lines[12] == "Training the same model without edges (features only) for comparison ..."
    assert lines[13:15] == ["Saved in runs/made-1: open runs/made-1/report.html", "Test accuracy:"]
    names = ["majority class", "label propagation", "features only", "GraphSAGE"]
    assert [line.split("  ")[1] for line in lines[15:19]] == names
    assert lines[19].startswith("GraphSAGE ") and "(noise of 5 test nodes: " in lines[19]
    text = r"The model is that of epoch [123], the best on validation\.( The score was still rising .*)?"
    assert re.fullmatch(text, lines[20])
    assert lines[21:] == ["Next: graphsage predict runs/made-1"]


def test_train_several_runs_without_baseline(command, tiny):
    code, out, _ = command("train", tiny, "--epochs", 1, "--runs", 2, "--seed", 5, "--no-baseline", "--device", "cpu")
    assert code == 0
    assert "Training on cpu, seeds 5 to 6, in runs/made-1\nRun 1 of 2, seed 5\nEpoch 001" in out
    assert "Saved in runs/made-1/5: open runs/made-1/5/report.html\nRun 2 of 2, seed 6\nEpoch 001" in out
    assert "Test accuracy (mean +- standard deviation of 2 runs):" in out
    assert "features only" not in out
    assert out.count("513 nodes") == 1


def test_train_repeats_itself(command, tiny):
    def numbers(*more):
        out = command("train", tiny, "--epochs", 2, "--log-every", 1, "--no-baseline", "--device", "cpu", *more)[1]
        return re.findall(r"Loss: (\d\.\d{4})", out)

    assert numbers() == numbers("--num-threads", 2) != numbers("--seed", 1)


def test_train_inductively(command, tiny):
    code, out, _ = command("train", tiny, "--epochs", 1, "--batch-size", 2, "--inductive", "--device", "cpu", "--no-baseline")
    assert code == 0
    assert re.search(r"^Inductive: training sees \d+ of 1,124 edges, those among its 3 nodes$", out, re.MULTILINE)


def test_train_rprop_on_the_full_batch(command, tiny):
    code, out, _ = command("train", tiny, "--batch-size", "full", "--optimizer", "rprop", "--epochs", 2, "--device", "cpu")
    assert code == 0 and "Epoch 002 Loss" in out


def config_of(*arguments):
    """The RunConfig of a ``train`` command line."""
    return cli_train._job(cli.parsed(cli._parser(), ["train", *arguments]))[0]


def test_without_flags_all_defaults_are_those_of_the_configs():
    assert config_of() == RunConfig()


def test_every_flag_reaches_its_config():
    given = {
        "hidden_features": 7, "num_layers": 3, "aggregator": "max", "combine": "concat", "dropout": 0.25,
        "input_dropout": 0.125, "normalize": True, "activation": "elu", "norm": "layer", "residual": True,
        "input_layer": "active", "jumping": "cat", "relation_sum": "mean", "num_bases": 4, "bias": False,
        "init": "kaiming_normal",
        "fanouts": (4, -1, 2), "relation_fanouts": {"writes": (3, 0, 1)},
        "replace": True, "draw": "weighted", "isolated": "self", "weights": "ignore",
        "strictly_before": True, "num_threads": 3, "batch_size": 9,
        "batches_per_epoch": 8, "epochs": 6, "optimizer": "sgd", "learning_rate": 0.5, "weight_decay": 0.75,
        "decay_biases": False, "warmup_epochs": 2, "schedule": "step", "schedule_epochs": 4, "schedule_factor": 0.25,
        "clip_norm": 1.5, "accumulate": 5, "average": 0.875,
        "label_smoothing": 0.125, "label_reuse": 0.25, "class_weights": "balanced", "normalize_features": False,
        "featureless": "degrees", "inductive": True, "seed": 11,
        "metric": "macro_f1", "patience": 12, "evaluate": "sampled", "evaluate_every": 2, "evaluate_nodes": 77,
        "correct_and_smooth": True,
        "log_every": 13, "checkpoint_every": 14, "checkpoint_seconds": 0.5, "keep_checkpoints": 3,
        "device": "cpu", "features_on": "cpu", "feature_dtype": "bfloat16", "precision": "bfloat16", "compile": True,
        "memory": 4096, "feature_cache": "12.5%", "gradients": "ordered",
    }  # fmt: skip
    assert list(given) == FLAGS
    words = ["folder"]
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words += [f"--{flag}" if value else f"--no-{flag}"]
        elif isinstance(value, dict):
            words += [f"--{flag}", "; ".join(f"{of}={','.join(map(str, hops))}" for of, hops in value.items())]
        else:
            words += [f"--{flag}", ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    model = ModelConfig(**{f.name: given[f.name] for f in fields(ModelConfig)})
    train = TrainConfig(**{f.name: given[f.name] for f in fields(TrainConfig)})
    assert config_of(*words) == RunConfig(dataset="folder", model=model, train=train)


def depth_of(*arguments):
    config = config_of(*arguments)
    return config.model.num_layers, config.train.fanouts


def test_layers_and_fanouts_imply_each_other(tmp_path):
    assert depth_of("--num-layers", "3") == (3, (10, 10, 10))
    assert depth_of("--num-layers", "1") == (1, (10,))
    assert depth_of("--num-layers", "2") == depth_of() == (2, (10, 10))
    assert depth_of("--fanouts", "15,10,-1") == (3, (15, 10, -1))
    assert depth_of("--fanouts", "7") == (1, (7,))
    assert depth_of("--num-layers", "3", "--fanouts", "5,4,3") == (3, (5, 4, 3))
    assert depth_of("--num-layers", "3", "--batch-size", "full") == (3, (10, 10))
    write_config(config_of("--fanouts", "25,5"), tmp_path / "config.toml")
    file = ("--config", str(tmp_path / "config.toml"))
    assert depth_of(*file) == (2, (25, 5))
    assert depth_of(*file, "--num-layers", "4") == (4, (25, 5, 5, 5))
    assert depth_of(*file, "--fanouts", "3,2,1") == (3, (3, 2, 1))


@pytest.mark.parametrize("arguments, line", [
    ("--num-layers 3", "Fanouts: 10,10,10, one for each of --num-layers 3"),
    ("--fanouts 4", "Layers: 1, one for each of --fanouts 4"), ("--fanouts 4,3", None), ("--num-layers 2", None),
    ("--num-layers 3 --fanouts 2,2,2", None), ("--num-layers 3 --batch-size full", None), ("", None),
])  # fmt: skip
def test_what_is_implied_is_told(arguments, line, command, tiny):
    quick = ("--epochs", "1", "--no-baseline", "--no-save", "--device", "cpu", "--hidden-features", "4", "--num-threads", "0")
    out = command("train", tiny, *quick, *arguments.split())[1].splitlines()
    assert [said for said in out if said.startswith(("Fanouts: ", "Layers: "))] == ([line] if line else [])


def test_negative_fanouts_and_full_batches_can_be_typed():
    assert config_of("--fanouts", "-1,10").train.fanouts == (-1, 10)
    assert config_of("--fanouts=-1,-1").train.fanouts == (-1, -1)
    assert config_of("--batch-size", "full").train.batch_size is None


def test_runs_and_their_first_seed():
    config = config_of("--runs", "3", "--seed", "8", "--no-baseline", "--split", "2")
    assert (config.runs, config.train.seed, config.baseline, config.split) == (3, 8, False, 2)


# ---- datasets


def test_datasets_lists_all(command):
    code, out, _ = command("datasets")
    assert code == 0 and command("datasets", "list")[1] == out
    known, made = out.split("\n\n")
    assert [line.split()[0] for line in known.splitlines()] == list_datasets()
    assert [line.partition(":")[0] for line in made.splitlines()[1:]] == ["sbm", "rmat", "typed"]
    title = re.escape(dataset_card("cora").title)
    assert re.search(rf"^cora +2,708 nodes +download, 0\.6 MB +{title}$", out, re.MULTILINE)


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    """A machine with an empty cache, on which nothing may be downloaded."""
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path))
    monkeypatch.delenv("GRAPHSAGE_DATA", raising=False)
    monkeypatch.setattr("graphsage.data.catalogue.fetch", lambda *a, **k: pytest.fail("it was downloaded"))


def test_datasets_info_shows_the_card_without_a_download(command, nothing_here):
    code, out, err = command("datasets", "info", "cora")
    card = dataset_card("cora")
    assert (code, err) == (0, "")
    assert out.startswith(f"cora: {card.title}\n")
    for text in (card.source, card.licence, card.split["rule"], "download, 0.6 MB", *card.class_names):
        assert text in out
    for name, count in (("nodes", "2,708"), ("edges", "10,556"), ("max degree", "168"), ("test", "1,000")):
        assert re.search(rf"^  {name} +{count}$", out, re.MULTILINE)
    assert out.endswith("\n  not here yet: graphsage datasets fetch cora, and this shows what is in the data\n")


def test_datasets_info_shows_what_is_in_the_data(command):
    code, out, err = command("datasets", "info", "debian")
    card, _, report = out.partition("\n\n")
    assert (code, err) == (0, "")
    assert card.startswith("debian: ") and card.endswith("\n  test         50,774")
    assert report == f"{graphsage.describe(run_module.load_dataset('debian'))}\n"


def test_datasets_info_of_a_folder(command, tiny):
    code, out, _ = command("datasets", "info", tiny)
    assert code == 0 and out.startswith("tiny: 513 nodes (1 isolated), 1,124 edges (largest degree 52)")
    assert "to train / validate / test on\n\ngraph\n  nodes                            513\n" in out


def test_datasets_info_draws_a_picture(command, tiny, tmp_path):
    pytest.importorskip("matplotlib")
    code, out, err = command("datasets", "info", tiny, "--png", tmp_path / "it")
    assert (code, out, err) == (0, command("datasets", "info", tiny)[1], "")
    assert (tmp_path / "it").read_bytes().startswith(b"\x89PNG")


def test_datasets_info_of_another_split(command, monkeypatch, test_data):
    """The card states the sizes of the first split, so its place is taken by a summary."""
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / "heterophilous"))
    code, out, _ = command("datasets", "info", "actor", "--split", 4)
    dataset = run_module.load_dataset("actor", split=4, download=False)
    assert (code, out) == (0, f"{dataset.summary()}\n\n{graphsage.describe(dataset)}\n")


def test_a_picture_needs_the_data_and_matplotlib(refused, tiny, nothing_here, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    sentence = "--png draws the data, and they are not here yet: graphsage datasets fetch cora"
    assert refused("datasets", "info", "cora", "--png", "it.png") == sentence
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    monkeypatch.setattr("graphsage.data.catalogue.load_dataset", lambda *a, **k: pytest.fail("it was loaded first"))
    sentence = "--png needs matplotlib, which is not installed: pip install matplotlib"
    assert refused("datasets", "info", tiny, "--png", "it.png") == sentence
    assert not (tmp_path / "it.png").exists()


def test_a_damaged_dataset_is_not_called_missing(refused, monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHSAGE_DATA", str(tmp_path))
    (tmp_path / "ind.cora.graph").write_bytes(b"cut")
    assert "not here" not in refused("datasets", "info", "cora")


def test_a_split_by_its_number(command, monkeypatch, test_data, tmp_path):
    """Of info by name and by folder, and of train: the sizes of chameleon_filtered's splits differ."""
    folder = test_data / "heterophilous"
    monkeypatch.setenv("GRAPHSAGE_DATA", str(folder))
    (tmp_path / "chameleon_filtered.npz").write_bytes((folder / "chameleon_filtered.npz").read_bytes())
    with np.load(folder / "chameleon_filtered.npz") as file:
        sizes = [" / ".join(str(file[f"{part}_masks"][split].sum()) for part in ("train", "val", "test")) for split in (0, 3)]
    assert sizes[0] != sizes[1]
    for name in ("chameleon_filtered", tmp_path):
        assert f"{sizes[1]} nodes to train" in command("datasets", "info", name, "--split", 3)[1]
    short = ("--epochs", 1, "--no-baseline", "--hidden-features", 4, "--device", "cpu")
    for split, size in zip(((), ("--split", 3)), sizes):
        code, out, _ = command("train", "chameleon_filtered", *split, *short)
        assert code == 0 and f"{size} nodes to train" in out


def test_datasets_fetch_prints_the_folder(command, monkeypatch, test_data):
    folder = test_data / "planetoid"
    monkeypatch.setenv("GRAPHSAGE_DATA", str(folder))
    assert command("datasets", "fetch", "cora") == (0, f"{folder / 'cora'}\n", "")


def test_train_on_a_dataset_by_name(command, monkeypatch, test_data):
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / "planetoid"))
    code, out, _ = command("train", "cora", "--epochs", 4, "--batch-size", 32, "--device", "cpu")
    assert code == 0
    scores = dict(re.findall(r"^  (\w.*?) +(\d+\.\d) %$", out, re.MULTILINE))
    assert float(scores["majority class"]) == 13.0
    assert float(scores["GraphSAGE"]) > 70 > 60 > float(scores["features only"]) > 20


# ---- sample


def test_sample_shows_neighbours_of_the_graph(command, tiny):
    code, out, _ = command("sample", tiny, "--seeds", "20, 5,20", "--fanouts", "2,-1", "--seed", 3)
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("MiniBatch(seeds=3, nodes=")
    assert lines[1] == "hop 1:"
    assert re.fullmatch(r"  20 <- \d+, \d+  \(2 of 3\)", lines[2])
    assert lines[3:5] == ["  5 <- nobody  (0 of 0)", "hop 2:"]
    assert len(lines) == 7  # node 5 is alone and node 20 has drawn two
    neighbours = {}
    for line in lines[5:]:
        node, drawn, count, degree = re.fullmatch(r"  (\d+) <- (.*)  \((\d+) of (\d+)\)", line).groups()
        assert count == degree and len(drawn.split(", ")) == int(count)
        neighbours[int(node)] = drawn.split(", ")
    assert set(neighbours) == set(map(int, re.findall(r"\d+", lines[2].split("(")[0])[1:]))
    assert all("20" in drawn for drawn in neighbours.values())  # the graph is undirected
    assert command("sample", tiny, "--seeds", "20,5,20", "--fanouts", "2,-1", "--seed", 3)[1] == out


def test_sample_knows_names_isolated_and_replace(command, monkeypatch, tiny):
    def named(name):
        from dataclasses import replace

        graph = Graph.from_edges([1, 2], [0, 0], 513)
        names = np.array(["bash", "libc6", "7", *(f"package{i}" for i in range(510))], object)
        return replace(run_module.load_dataset(name), graph=graph, node_ids=names)

    monkeypatch.setattr("graphsage.data.catalogue.load_dataset", named)
    out = command("sample", tiny, "--seeds", "bash,1,7", "--fanouts", "-1", "--isolated", "self")[1]
    assert out.splitlines()[2:] == ["  bash <- libc6, 7  (2 of 2)", "  libc6 <- libc6  (1 of 0)", "  7 <- 7  (1 of 0)"]
    out = command("sample", tiny, "--seeds", "bash", "--fanouts", "40", "--replace")[1]
    assert len(re.findall("libc6|7", out)) == 40 and out.endswith("(40 of 2)\n")
    code, _, err = command("sample", tiny, "--seeds", "bash,lib")
    assert (code, err) == (2, "graphsage: --seeds: 'lib' is not a node of tiny: give a name, or a number below 513\n")


# ---- ends


def ctrl_c_when(condition, arguments):
    """(exit code, standard output, standard error) of a command that gets Ctrl-C after a line with ``condition(line)``."""
    out = []
    with started(*arguments) as process:
        for line in process.stdout:
            out.append(line)
            if condition(line):
                process.send_signal(signal.SIGINT)
                break
        rest, err = process.communicate(timeout=60)
    return process.returncode, "".join(out) + rest, err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_saves_and_says_how_to_go_on(tiny, tmp_path):
    arguments = ["train", tiny, "--out", str(tmp_path / "run"), "--epochs", "1000000", "--num-threads", "2", "--device", "cpu"]
    code, out, err = ctrl_c_when(lambda line: line.startswith("Epoch 003"), arguments)
    assert code == 130
    assert "Traceback" not in err
    assert "Ctrl-C: ending after this step" in err and "Test accuracy" not in out
    assert "graphsage train --resume" in out


BACKGROUND = '"$@" & echo "pid $!"; wait $!; echo "code $?"'  # of a script, where the shell lets it ignore Ctrl-C


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_kill_ends_a_run_in_the_background_within_a_step_and_saves(tmp_path):
    folder = tmp_path / "run"
    settings = ["--out", folder, "--epochs", "1000000", "--batch-size", "8", "--checkpoint-seconds", "999", "--device", "cpu"]
    train = [sys.executable, "-m", "graphsage", "train", "sbm:nodes=400,classes=4", *settings]
    environment = {**os.environ, "PYTHONPATH": str(Path(graphsage.__file__).parents[1])}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(["sh", "-c", BACKGROUND, "sh", *train], env=environment, **streams) as shell:
        pid = int(shell.stdout.readline().removeprefix("pid "))
        try:
            assert any(line.startswith("Epoch 003") for line in shell.stdout)
            os.kill(pid, signal.SIGINT)  # is ignored, or the run would end at once by the second signal
            os.kill(pid, signal.SIGTERM)
            out = shell.communicate(timeout=60)[0]
        finally:
            if shell.poll() is None:
                os.kill(pid, signal.SIGKILL)
    assert out.endswith("code 130\n") and "Ctrl-C: ending after this step" in out
    assert f"graphsage train --resume {folder}\n" in out and "Traceback" not in out
    steps = [line for line in read_metrics(folder / "metrics.jsonl") if line["kind"] == "step"]
    assert len(steps) == load_checkpoint(folder / "checkpoint.pt")["state"]["updates"] >= 15


def test_a_resume_that_is_refused_leaves_the_configuration_as_it_was(command, tiny):
    command("train", tiny, "--epochs", 2, "--schedule", "cosine", "--no-baseline", "--device", "cpu")
    before = Path("runs", "made-1", "config.toml").read_bytes()
    code, out, err = command("train", "--resume", "runs/made-1", "--epochs", 5)
    assert code == 2 and "beside it only --checkpoint-every," in err and "--epochs" not in err
    assert Path("runs", "made-1", "config.toml").read_bytes() == before
    code, out, err = command("train", "--resume", "runs/made-1")
    assert (code, err) == (0, "")


def test_a_run_that_is_done_goes_on_from_a_checkpoint_that_is_named(command, tiny):
    command("train", tiny, "--epochs", 3, "--checkpoint-seconds", 0, "--no-baseline", "--device", "cpu")
    folder = Path("runs", "made-1")
    model = (folder / "model.safetensors").read_bytes()
    (older,) = folder.glob("checkpoint-*.pt")
    code, out, err = command("train", "--resume", older)
    assert code == 0 and "Going on: 2 epochs" in out and "Epoch 003" in out
    assert (folder / "model.safetensors").read_bytes() == model
    assert "Done already" in command("train", "--resume", folder)[1]


def test_ctrl_c_in_a_later_run_keeps_the_runs_before(command, tiny, monkeypatch):
    left, epoch = [2], Trainer._epoch

    def counted(self):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return epoch(self)

    monkeypatch.setattr(Trainer, "_epoch", counted)
    code, out, err = command("train", tiny, "--epochs", 1, "--runs", 5, "--no-baseline", "--device", "cpu")
    assert (code, err) == (130, "")
    assert "Interrupted: 2 of 5 runs count.\nTest accuracy (mean +- standard deviation of 2 runs):\n" in out


def test_ctrl_c_before_anything_was_reached(command, tiny, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "step", interrupted)
    code, out, err = command("train", tiny, "--device", "cpu")
    assert (code, err) == (130, "")
    assert "Test accuracy" not in out and out.endswith("graphsage train --resume runs/made-1\n")
    code, out, err = command("train", tiny, "--device", "cpu", "--no-save")
    assert (code, err) == (130, "graphsage: interrupted\n")
    assert "--resume" not in out and not Path("runs", "made-2").exists()


LONG = "train TINY --epochs 100000 --device cpu --no-save"


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize("arguments", [LONG, "sample TINY --seeds 0,1", "datasets"])
def test_a_reader_that_goes_away_is_no_error(arguments, tiny):
    """What ``| head -1`` does; the short outputs are still in the buffer when the reader has gone."""
    with started(*(tiny if word == "TINY" else word for word in arguments.split())) as process:
        if arguments.startswith("train"):
            assert process.stdout.readline().startswith("tiny: ")
        process.stdout.close()
        assert wait_for(lambda: process.poll() is not None, seconds=60)
        unsaved = "graphsage: the output cannot be written (Broken pipe): the training ends, as --no-save keeps nothing of it\n"
        told = unsaved if arguments == LONG else ""
        assert (process.returncode, process.stderr.read().replace(NOTICE, "")) == (0, told)


def test_module_and_command_are_the_same(tiny):
    with started("train", "--epochs", "0") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (2, "", "graphsage: epochs must be an integer >= 1, got 0\n")
