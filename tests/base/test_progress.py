"""Progress of a long read: lines where nobody watches, a bar on a terminal, nothing where nobody asked."""

import sys

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


def test_silence(capsys):
    with progress.silent("edges.csv") as report:
        report(0.5)
    assert capsys.readouterr() == ("", "")
