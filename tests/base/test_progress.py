"""Progress of a long read: lines where nobody watches, a bar on a terminal, nothing where nobody asked."""

import io
import re
import sys
import threading

import pytest

from graphsage.base import progress


def test_lines_come_every_few_seconds(monkeypatch, capsys):
    times = iter([0, 1, 5, 6, 9, 10])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    with progress.reading("edges.csv") as report:
        for share in (0.1, 0.456, 0.6, 0.8, 1):
            report(share)
    assert capsys.readouterr().err == "reading edges.csv: 46% in 5 s\nreading edges.csv: 100% in 10 s\n"


def test_a_terminal_has_a_bar_that_goes(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress.reading("edges.csv") as report:
        report(0.5)
        report(1.5)
    shown = capsys.readouterr().err
    assert "reading edges.csv:   0%|" in shown and shown.endswith("\r") and "\n" not in shown


def test_a_task_is_told_after_a_while_with_the_time_that_is_left(monkeypatch, capsys):
    times = iter([0, 1, 2, 6, 8, 15])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    with progress.progress_of("writing") as report:
        for done in (0, 10, 20, 30, 40):
            report(done, 40)
    assert capsys.readouterr().err == (
        "writing: 25% in 2 s, about 6 s left\n"
        "writing: 75% in 8 s, about 3 s left\n"
    )


def test_a_bar_that_comes_late_counts_from_the_beginning(monkeypatch, capsys):
    """10 of 40 rows after 5 s: 15 s are left. tqdm has a clock of its own, which begins with its bar."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    times = iter([0, 5])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    with progress.progress_of("writing") as report:
        report(10, 40)
    assert re.search(r"writing:  25%\|.*\| 00:05 \(left: 00:15\)", capsys.readouterr().err)


def test_no_thread_stays_when_a_bar_is_gone(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    before = threading.active_count()
    with progress.reading("edges.csv") as report:
        report(0.5)
    assert threading.active_count() == before


def test_silence(capsys):
    with progress.silent("edges.csv") as report:
        report(0.5)
    assert capsys.readouterr() == ("", "")


# ---- what is not known, and where nothing can be drawn


@pytest.mark.parametrize(
    ("done", "total", "part"), [(0, 0, 0), (3, 0, 0), (3, None, 0), (0, 4, 0), (3, 4, 0.75), (5, 4, 1), (-1, 4, 0)]
)
def test_share(done, total, part):
    assert progress.share(done, total) == part


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("screen", [io.StringIO, Terminal])
def test_a_total_that_is_not_known_is_no_error(screen, monkeypatch):
    monkeypatch.setattr(sys, "stderr", screen())
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(progress, "EVERY", 0)
    with progress.progress_of("writing") as report, progress.reading("edges.csv") as read:
        for done, total in ((0, 0), (5, 0), (5, None), (9, 4)):
            report(done, total)
            read(done)


@pytest.mark.parametrize("columns", ["0", "1", "10"])
def test_a_terminal_of_few_columns(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.reading("edges.csv") as report:
        report(0.5)
    assert sys.stderr.getvalue().endswith("\r")


def test_a_dumb_terminal_has_lines_and_nothing_drawn(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(progress, "EVERY", 0)
    with progress.reading("edges.csv") as report:
        report(0.5)
    assert sys.stderr.getvalue() == "reading edges.csv: 50% in 0 s\n"


def test_no_standard_error_at_all(monkeypatch, capsys):
    """As under pythonw; ``print(file=None)`` would take standard output."""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(progress, "EVERY", 0)
    with progress.reading("edges.csv") as report:
        report(0.5)
    assert capsys.readouterr().out == ""
