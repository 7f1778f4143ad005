"""Progress: the numbers are those of the records, the bar vanishes whatever happens, and no line is lost."""

import io
import os
import re
import struct
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from helpers.blocks import blocks, configured

import graphsage
from graphsage.runs.progress_bar import Progress, fitting, human, parts
from graphsage.runs.run import make_trainer, run
from graphsage.training.records import Epoch
from graphsage.training.state import State
from graphsage.training.tasks import METRICS

BAR = re.compile(r"Epoch (\d+)/(\d+) \|.{10}\| (\d+) %, (.*)")


class Terminal(io.StringIO):
    """A text file that takes itself for a terminal."""

    def isatty(self):
        return True


@pytest.fixture(scope="module")
def dataset():
    return blocks()


def screen(text):
    """What a terminal shows in the end: carriage returns go to the line's beginning, ESC [K clears from there."""
    lines = []
    for line in text.split("\n"):
        shown = ""
        for part in line.split("\r"):
            cleared = part.startswith("\x1b[K")
            part = part.removeprefix("\x1b[K")
            shown = part + ("" if cleared else shown[len(part) :])
        lines.append(shown.rstrip())
    return lines


def bars(text):
    """[(epoch, epochs, percent, rest)] of each bar that was drawn."""
    return [(*map(int, found[:3]), found[3]) for found in BAR.findall(text.replace("\r", "\n"))]


# ---- the numbers


def epoch(number, **values):
    given = {"loss": 3.0, "metric": "accuracy", "val_score": 0.72, "val_loss": 1.0, "seconds": 5.0} | values
    return Epoch(number=number, **given)


def trainer_at(state):
    """A training of 4 epochs of 10 batches."""
    config = SimpleNamespace(epochs=4)
    return SimpleNamespace(state=state, loader=range(10), config=config, metric=METRICS["accuracy"])


def test_parts_by_hand():
    """Of the first epoch nothing counts but its score. 15 batches took 6 s of training (2 of them waiting) and 7 s in all."""
    first = epoch(1, seconds=100.0, waiting=80.0, training=20.0, edges=9, val_score=0.75)
    second = epoch(2, waiting=1.0, training=3.0, evaluating=0.5, saving=0.5, edges=1_000_000)
    clocks = {"waiting": 1.0, "training": 1.0, "evaluating": 0.0, "saving": 0.0}
    now = {"epoch": 2, "step": 5, "edges": 500_000, "losses": [torch.tensor(1.0), torch.tensor(2.0)], "clocks": clocks}
    found = parts(trainer_at(State(history=[first, second], best_epoch=first, **now)))
    assert found[:-1] == [
        "00:07 left", "loss 1.5000", "val 72.0 % (best 75.0 %)", "2.5 batches/s", "250 k edges/s", "waiting 33 %"
    ]  # fmt: skip
    assert re.fullmatch(r"\d+\.\d GiB", found[-1])


def test_parts_in_the_first_epoch_and_at_its_end():
    clocks = {"waiting": 0.0, "training": 2.0, "evaluating": 0.0, "saving": 0.0}
    state = State(step=4, edges=8, losses=[torch.tensor(0.5)] * 4, clocks=clocks)
    assert parts(trainer_at(state))[:-1] == ["00:18 left", "loss 0.5000", "2 batches/s", "4 edges/s", "waiting 0 %"]
    only = epoch(1, training=4.0, waiting=1.0, edges=20, val_score=None)
    state = State(epoch=1, history=[only], best_epoch=only)
    assert parts(trainer_at(state))[:-1] == ["00:15 left", "loss 3.0000", "2 batches/s", "4 edges/s", "waiting 20 %"]


def test_no_speed_of_what_was_not_timed():
    """A step is told before its time is: then only its loss is known."""
    clocks = {"waiting": 1e-7, "training": 0.0, "evaluating": 0.0, "saving": 0.0}
    state = State(step=1, edges=1_000_000, losses=[torch.tensor(0.5)], clocks=clocks)
    assert parts(trainer_at(state))[:-1] == ["loss 0.5000"]


FACTS = ["00:07 left", "loss 1.5000", "val 72.0 % (best 75.0 %)", "2.5 batches/s", "250 k edges/s", "0.5 GiB"]


@pytest.mark.parametrize(
    ("room", "kept"),
    [(200, FACTS), (26, FACTS[:1]), (27, [FACTS[0], FACTS[3]]), (40, [*FACTS[:2], FACTS[3]]), (11, []),
     (68, FACTS[:4]), (-5, [])],
)  # fmt: skip
def test_a_narrow_terminal_keeps_the_speed(room, kept):
    found = fitting(FACTS, room)
    assert found == kept and sum(len(fact) + 2 for fact in found) <= max(room, 0)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.256, "0.256"), (999, "999"), (1000, "1 k"), (1234567, "1.23 M"), (999_999, "1,000 k"), (5e10, "50 G")],
)
def test_human(number, text):
    assert human(number) == text


def test_the_last_look_says_what_the_records_say(dataset):
    lines = io.StringIO()
    progress = Progress(lines=lines, bar=io.StringIO(), seconds=0)
    result = make_trainer(configured(epochs=4), dataset, callbacks=[progress], log=progress.log).fit()
    all_looks = [line for line in lines.getvalue().splitlines() if " GiB" in line]
    looks = [look for look in all_looks if "evaluating" not in look]
    under_way = [re.match(r"Epoch \d/4, evaluating \d+ %, \d+ %", look)[0] for look in all_looks if look not in looks]
    assert under_way[:3] == [f"Epoch {e}/4, evaluating {p} %, {d} %" for e, p, d in ((1, 50, 25), (1, 100, 25), (2, 50, 50))]
    assert len(under_way) == 2 * (4 + 1)  # two layers; four validations and the test
    assert [re.match(r"Epoch \d/4, \d+ %", look)[0] for look in looks[:4]] == [f"Epoch 1/4, {p} %" for p in (8, 17, 25, 25)]
    assert len(looks) == 4 * (3 + 1)
    later, last = result.history[1:], result.history[-1]
    busy = sum(epoch.waiting + epoch.training for epoch in later)
    assert f"loss {last.loss:.4f}, val {100 * last.val_score:.1f} % (best {100 * result.val_score:.1f} %), " in looks[-1]
    assert f", {human(9 / busy)} batches/s, {human(sum(epoch.edges for epoch in later) / busy)} edges/s, " in looks[-1]
    assert f", waiting {100 * sum(epoch.waiting for epoch in later) / busy:.0f} %, " in looks[-1]
    assert looks[-1].startswith("Epoch 4/4, 100 %, 00:00 left, ")


def test_after_a_resume_the_bar_goes_on(dataset, tmp_path):
    class Stop:
        def on_step(self, trainer, step):
            if (step.epoch, step.step) == (2, 1):
                raise KeyboardInterrupt

    config = configured(epochs=3, checkpoint_every=1)
    make_trainer(config, dataset, folder=tmp_path, callbacks=[Stop()], log=None).fit()
    lines = io.StringIO()
    trainer = make_trainer(config, dataset, folder=tmp_path, callbacks=[Progress(lines=lines, seconds=0)], log=None)
    trainer.resume()
    trainer.fit()
    assert lines.getvalue().startswith("Epoch 2/3, 56 %, ")  # 4 batches were saved


@pytest.mark.parametrize("screen", [io.StringIO, Terminal])
def test_before_and_after_a_training_an_evaluation_shows_nothing(screen, dataset):
    lines, bar = io.StringIO(), screen()
    trainer = make_trainer(configured(epochs=1), dataset, callbacks=[Progress(lines=lines, bar=bar, seconds=0)], log=None)
    trainer.evaluate(dataset.val)
    assert lines.getvalue() == bar.getvalue() == ""
    trainer.fit()
    shown = lines.getvalue(), bar.getvalue()
    trainer.evaluate(dataset.test)
    assert (lines.getvalue(), bar.getvalue()) == shown != ("", "")


@pytest.mark.parametrize("screen", [io.StringIO, Terminal])
def test_a_callback_that_evaluates_before_the_first_batch(screen, dataset):
    """Nothing is done then: no time that is left, and no loss."""

    class Early:
        def on_fit_begin(self, trainer):
            trainer.evaluate(dataset.val)

    lines, bar = io.StringIO(), screen()
    watching = [Progress(lines=lines, bar=bar, seconds=0), Early()]
    make_trainer(configured(epochs=1), dataset, callbacks=watching, log=None).fit()
    shown = lines.getvalue() if screen is io.StringIO else bar.getvalue()
    assert "Epoch 0/1, evaluating 50 %" in shown
    assert not re.search(r"Epoch 0/1, [^\n\r]*(left|batches/s|edges/s|waiting)", shown)


@pytest.mark.parametrize(("steps", "epochs"), [(10, 4), (0, 4), (10, 0)])
@pytest.mark.parametrize("screen", [io.StringIO, Terminal])
def test_every_event_at_any_time_and_of_nothing(screen, steps, epochs):
    progress = Progress(lines=io.StringIO(), bar=screen(), seconds=0)
    config = SimpleNamespace(epochs=epochs, log_every=0)
    trainer = SimpleNamespace(state=State(), loader=range(steps), config=config, metric=METRICS["accuracy"])
    events = [("on_evaluate", 0, 0), ("on_evaluate", 1, None), ("on_evaluate", 3, 2), ("on_step", None), ("on_epoch", None)]
    for begins in (False, True, True):
        if begins:
            progress.on_fit_begin(trainer)
        for event, *what in events:
            getattr(progress, event)(trainer, *what)
        progress.on_fit_end(trainer, None)
        progress.on_exception(trainer, ValueError())


def test_streams_that_are_not_there(dataset, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    progress = Progress(seconds=0)
    make_trainer(configured(epochs=1), dataset, callbacks=[progress], log=progress.log).fit()


# ---- where it is shown


def test_a_bar_and_the_lines_above_it(dataset):
    terminal = Terminal()
    progress = Progress(lines=terminal, bar=terminal, seconds=0)
    make_trainer(configured(epochs=3, log_every=2), dataset, callbacks=[progress], log=progress.log).fit()
    text = terminal.getvalue()
    assert [bar[:3] for bar in bars(text)][-1] == (3, 3, 100)
    assert {bar[:3] for bar in bars(text)} >= {(1, 3, 11), (2, 3, 44), (3, 3, 78)}
    shown = [line for line in screen(text) if line]
    assert [line.split(" Loss")[0] for line in shown] == [
        f"Epoch 00{n}{batch}" for n in (1, 2, 3) for batch in (" Batch 002", "")
    ]


def test_short_epochs_share_a_line_above_a_bar_and_the_last_has_one(dataset):
    terminal = Terminal()
    progress = Progress(lines=terminal, bar=terminal, seconds=0)
    make_trainer(configured(epochs=9), dataset, callbacks=[progress], log=progress.log).fit()
    shown = [line for line in screen(terminal.getvalue()) if line]
    assert len(shown) < 9 and shown[-1].startswith("Epoch 009 Loss")


@pytest.mark.parametrize("disabled", [False, True])
def test_without_a_terminal_or_a_wish_for_bars_each_epoch_has_its_line(disabled, dataset, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1" if disabled else "")
    lines, bar = (Terminal(), Terminal()) if disabled else (io.StringIO(), io.StringIO())
    progress = Progress(lines=lines, bar=bar)
    make_trainer(configured(epochs=5), dataset, callbacks=[progress], log=progress.log).fit()
    assert [line[:9] for line in lines.getvalue().splitlines()] == [f"Epoch 00{n}" for n in range(1, 6)]
    assert bar.getvalue() == ""


def test_lines_that_go_to_a_file_are_all_there_though_the_bar_has_a_terminal(dataset):
    lines, terminal = io.StringIO(), Terminal()
    progress = Progress(lines=lines, bar=terminal, seconds=0)
    make_trainer(configured(epochs=9), dataset, callbacks=[progress], log=progress.log).fit()
    assert [line[:9] for line in lines.getvalue().splitlines()] == [f"Epoch 00{n}" for n in range(1, 10)]
    assert bars(terminal.getvalue()) and not any(screen(terminal.getvalue()))


def test_the_training_without_edges_has_a_bar_too(dataset):
    terminal = Terminal()
    progress = Progress(lines=io.StringIO(), bar=terminal, seconds=0)
    run(configured(epochs=2), dataset, progress=[progress], log=progress.log)
    percents = [percent for _, _, percent, _ in bars(terminal.getvalue())]
    assert percents.count(17) == 2 and percents[-1] == 100
    assert "0 edges/s" in bars(terminal.getvalue())[-1][3]


# ---- how it ends


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_an_error_leaves_no_bar_no_thread_and_no_file(error, dataset):
    class Broken:
        def on_step(self, trainer, step):
            if step.step == 1:
                raise error

    terminal = Terminal()
    progress = Progress(lines=terminal, bar=terminal, seconds=0)
    before = threading.active_count(), open_files()
    with pytest.raises(type(error)):
        make_trainer(configured(num_threads=2), dataset, callbacks=[progress, Broken()], log=progress.log).fit()
    assert (threading.active_count(), open_files()) == before
    assert bars(terminal.getvalue()) and not any(screen(terminal.getvalue()))


def open_files():
    """Descriptors of this process; 0 where the system does not list them."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def on_a_terminal(*arguments, interrupt=False, columns=110):
    """(exit code, all that a ``graphsage`` on a terminal wrote); interrupt: types Ctrl-C when the first bar is seen."""
    import fcntl
    import pty
    import termios

    pid, terminal = pty.fork()
    if not pid:
        os.environ["PYTHONPATH"] = str(Path(graphsage.__file__).parents[1])
        os.environ.pop("TQDM_DISABLE", None)
        os.execv(sys.executable, [sys.executable, "-m", "graphsage", *arguments])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    text = b""
    try:
        while more := os.read(terminal, 65536):
            text += more
            if interrupt and b"left, loss" in text:
                os.write(terminal, b"\x03")
                interrupt = False
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), text.decode().replace("\r\n", "\n")


TRAIN = ["train", "sbm:nodes=300,classes=3", "--no-save", "--no-baseline", "--device", "cpu", "--epochs"]


@pytest.mark.skipif(os.name == "nt", reason="pseudo terminals of POSIX")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_command_on_a_terminal():
    code, text = on_a_terminal(*TRAIN, "300")
    assert code == 0 and bars(text)
    assert all(len(line) <= 110 for part in text.split("\r") for line in part.split("\n"))
    shown = screen(text)
    assert not any("left, loss" in line for line in shown)
    assert shown[-2].startswith("The model is that of epoch ")
    assert shown.index("Test accuracy:") == 1 + next(at for at, line in enumerate(shown) if line.startswith("Epoch 300 Loss"))


@pytest.mark.parametrize(("columns", "begins"), [(110, r"Epoch 1/2 \|.{10}\| "), (60, "1/2, "), (40, "1/2, ")])
def test_a_bar_of_a_narrow_terminal(columns, begins, dataset, monkeypatch):
    monkeypatch.setattr("graphsage.base.progress.Display.width", lambda display: columns)
    terminal = Terminal()
    progress = Progress(lines=io.StringIO(), bar=terminal, seconds=0)
    make_trainer(configured(epochs=2), dataset, callbacks=[progress], log=None).fit()
    drawn = [part.removeprefix("\x1b[K") for part in terminal.getvalue().split("\r")]
    assert any(re.match(begins, part) for part in drawn)
    assert all("batches/s" in part for part in drawn if re.search("2/2[ ,]", part) and "evaluating" not in part)
    assert max(len(part.rstrip()) for part in drawn) < columns


@pytest.mark.skipif(os.name == "nt", reason="pseudo terminals of POSIX")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("columns", [0, 1])  # 0: a terminal that nobody told its size
def test_a_terminal_without_room(columns):
    code, text = on_a_terminal(*TRAIN, "300", columns=columns)
    assert code == 0 and "The model is that of epoch " in text and "Traceback" not in text


@pytest.mark.skipif(os.name == "nt", reason="pseudo terminals of POSIX")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_ctrl_c_on_a_terminal_leaves_no_bar():
    code, text = on_a_terminal(*TRAIN, "1000000", interrupt=True)
    assert code == 130
    shown = screen(text)
    assert not any("left, loss" in line for line in shown)
    assert shown.count("Ctrl-C: ending after this step (Ctrl-C again: at once)") == 1
