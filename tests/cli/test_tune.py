"""``graphsage tune``: its help, what it prints and leaves, and what it answers to the wrong thing."""

import os
import signal

import pytest
from helpers.data_helpers import planetoid_files, write_files

import graphsage as gs
from graphsage.cli import main as cli
from graphsage.config.toml import write_config
from graphsage.runs import search
from graphsage.runs.search_space import SPACE
from graphsage.training.callbacks import Callback

pytest.importorskip("optuna")
QUICK = "--epochs 2 --hidden-features 8 --aggregator mean --fanouts 2,2 --num-threads 0 --no-baseline".split()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return str(write_files(tmp_path_factory.mktemp("cli") / "made", planetoid_files()))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_help_lists_the_space_and_its_reasons(capsys):
    assert cli.main(["tune", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, searched in SPACE.items():
        assert name in shown and searched.reason in shown


def test_a_search_and_the_commands_it_names(tiny, tmp_path, capsys, monkeypatch):
    seen = {}
    made = search.tune
    monkeypatch.setattr(search, "tune", lambda *given, **how: seen.update(how) or made(*given, **how))
    assert cli.main(["tune", tiny, "--trials", "2", *QUICK]) == 0
    out = capsys.readouterr().out
    assert set(seen["space"]) == SPACE.keys() - {"hidden_features", "aggregator", "fanouts"}
    folder = tmp_path / "runs" / "made-tune-1"
    assert "Trial 2/2: " in out and "Test accuracy:" in out
    assert f"graphsage train {tiny} --preset plain --hidden-features 8" in out
    assert (folder / "journal.log").exists()
    assert cli.main(["train", "--config", str(folder / "best.toml"), "--out", "again"]) == 0
    assert "runs/made-tune-1/best.toml" in out
    assert cli.main(["tune", "--resume", str(folder), "--trials", "3"]) == 0
    assert "Trial 3/3: " in capsys.readouterr().out


def test_the_layers_given_fix_the_fanouts(tiny, monkeypatch):
    seen = {}
    monkeypatch.setattr(search, "tune", lambda *given, **how: seen.update(how) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["tune", tiny, "--num-layers", "2"])
    assert "fanouts" not in seen["space"] and "dropout" in seen["space"]


def test_ctrl_c_says_how_to_go_on(tiny, capsys, monkeypatch):
    class Stop(Callback):
        def on_step(self, trainer, step):
            os.kill(os.getpid(), signal.SIGINT)

    made = search.tune
    monkeypatch.setattr(search, "tune", lambda *given, **how: made(*given, **how | {"callbacks": [Stop()]}))
    assert cli.main(["tune", tiny, "--trials", "2", *QUICK, "--epochs", "3", "--batch-size", "1"]) == 130
    assert "Go on with it: graphsage tune --resume runs/made-tune-1" in capsys.readouterr().out
    monkeypatch.setattr(search, "tune", made)
    assert cli.main(["tune", "--resume", "runs/made-tune-1", "--trials", "1"]) == 0


def test_a_config_is_where_the_search_starts(tiny, monkeypatch):
    write_config(gs.RunConfig(dataset=tiny, model=gs.ModelConfig(hidden_features=7)), "start.toml")
    seen = []
    monkeypatch.setattr(search, "tune", lambda *given, **how: seen.append((given, how)) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["tune", "--config", "start.toml"])
    given, how = seen[0]
    assert given[1].model.hidden_features == 7 and "hidden_features" in how["space"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--trials", "0"], "trials must be an integer >= 1"),
        (["--minutes", "0"], "minutes must be > 0 and finite, got 0.0"),
        (["--trials", "many"], "invalid int value: 'many'"),
        (["--resume", "gone"], "gone is no folder of a search, as it has no start.toml"),
        (["--resume", "gone", "--epochs", "3"], "--resume goes on with the settings and the folder of the search"),
        (["--runs", "3"], "'--runs' is not understood"),
        (["--dropout", "2"], r"dropout must be in [0, 1), got 2.0"),
    ],
)
def test_what_is_wrong_is_a_sentence(tiny, capsys, arguments, text):
    assert cli.main(["tune", tiny, *arguments]) == 2
    shown = capsys.readouterr().err
    assert text in shown and "Traceback" not in shown


def test_a_folder_that_holds_a_search_is_kept(tiny, capsys):
    given = ["tune", tiny, "--trials", "1", *QUICK, "--out", "made"]
    assert cli.main(given) == 0
    assert cli.main(given) == 2
    assert "made holds a search already: go on with it by resume, or take another folder" in capsys.readouterr().err
