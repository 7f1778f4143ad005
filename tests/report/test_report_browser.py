"""The report in a real browser, as wide as a desktop's and a phone's: nothing sticks out, all text can be read."""

import numpy as np
import pytest
from helpers.pages import measured
from helpers.reports import data, embeddings, guesses, history, log_of, result_of
from report_picture import browser, save_picture

from graphsage.report.report import write_report

pytestmark = pytest.mark.skipif(browser() is None, reason="no Chromium is installed")
WIDTHS = {"desktop": 1280, "phone": 390}
LONG = "a_name_without_an_end_" * 12


def report(folder, dataset, command):
    pytest.importorskip("matplotlib")
    outputs = guesses(dataset)
    result = result_of(dataset, outputs, history=history(12, training=1.0, waiting=0.5, evaluating=0.25))
    return write_report(folder / "report.html", dataset=dataset, config=_config(), result=result, log=log_of(result),
                        outputs=outputs, embed=embeddings, majority=0.1, features_only=0.2, command=command)  # fmt: skip


def _config():
    from helpers.blocks import configured

    return configured(epochs=12)


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_nothing_sticks_out(task, width, tmp_path):
    changes = {} if task == "regression" else {"class_names": (LONG, "b", "c " * 90, "never")}
    found = measured(report(tmp_path, data(task, name=LONG, **changes), f"graphsage train {LONG}"), width, tmp_path)
    needed, given = found["page"]
    assert given == width and needed <= given
    assert found["out"] == [] and found["loaded"] == []
    assert found["text"] >= 9


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_many_classes_scroll_in_their_box(width, tmp_path):
    labels = np.arange(200) % 58
    outputs = np.random.default_rng(7).normal(size=(200, 58)).astype(np.float32)
    dataset = data("multiclass", labels=labels, class_names=[f"section-{k}" for k in range(58)])
    result = result_of(dataset, outputs)
    path = tmp_path / "report.html"
    write_report(path, dataset=dataset, config=_config(), result=result, log=log_of(result), outputs=outputs, embed=embeddings)
    found = measured(path, width, tmp_path)
    assert found["page"] == [width, width] and found["out"] == []
    assert found["text"] >= 8


def test_what_sticks_out_is_found(tmp_path):
    path = tmp_path / "wide.html"
    path.write_text('<body style="margin: 0"><p style="width: 500px">x</p>')
    found = measured(path, 390, tmp_path)
    assert found["page"] == [500, 390] and len(found["out"]) == 1 and "500px" in found["out"][0]


def test_the_picture_for_readme(tmp_path):
    """The heading and the curves, in a file that a page can carry."""
    save_picture(report(tmp_path, data("multiclass"), None), tmp_path / "report.png")
    image = pytest.importorskip("PIL.Image").open(tmp_path / "report.png")
    assert image.size == (1160, 1000) and len(image.getcolors()) > 20
    assert (tmp_path / "report.png").stat().st_size < 200_000
