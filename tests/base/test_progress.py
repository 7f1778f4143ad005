"""Progress of a long read: lines where nobody watches, a bar on a terminal, nothing where nobody asked."""

import re
import sys
import threading

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
