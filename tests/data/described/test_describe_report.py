"""The report and the picture of a description: what stands in them, how wide they are, and that odd data have them too."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from helpers.described import dataset_of, small

from graphsage.data.described.describe import describe
from graphsage.data.described.describe_report import largest_classes
from graphsage.graph.graph import Graph

PNG = b"\x89PNG\r\n\x1a\n"

SMALL = """\
graph
  nodes                              7
  edges                              9   not symmetric
  self loops                         1    11.1 %
  repeated edges                     1    11.1 %
  isolated nodes                     2    28.6 %
  connected components               3
  nodes of the largest               4    57.1 %

neighbours of a node: 1.3 on average
  percentile                      0 %      25 %      50 %      75 %      90 %      99 %     100 %
  neighbours                        0         0         1         2         3         3         3

  neighbours                     nodes
  0                                  2    28.6 %   ###########################
  1                                  2    28.6 %   ###########################
  2 to 3                             3    42.9 %   ########################################

classes: 4 (3 of them with nodes)
  c                                  3    50.0 %   ########################################
  a                                  2    33.3 %   ###########################
  b                                  1    16.7 %   #############
  nodes without a label              1    14.3 %

homophily
  edge                           0.500   share of the edges that join nodes of one class
  adjusted                       0.238   0: no more than by chance, 1: all edges do

  share of a class's edges that stay in it
  c                              0.667   ###########################
  a                              0.667   ###########################
  b                              0.000

split
  train                              2    28.6 %   ###########
  val                                1    14.3 %   ######
  test                               0     0.0 %
  in none                            4    57.1 %   #######################

features
  columns                            2   dense
  values that are not 0        35.71 %
  rows of zeros                      3    42.9 %
  other rows               not normalised"""


def many_classes(num_classes):
    """Class k has k + 1 nodes, the names are long, and nothing is joined."""
    labels = np.repeat(np.arange(num_classes), np.arange(1, num_classes + 1))
    names = [f"{'a long name ' * 3}{k}" for k in range(num_classes)]
    return describe(dataset_of(Graph.from_edges([], [], len(labels)), labels, class_names=names))


ODD = {
    "no nodes": lambda: describe(dataset_of(Graph.from_edges([], [], 0), [], np.empty((0, 3)))),
    "no labels": lambda: describe(dataset_of(Graph.from_edges([0], [1], 2))),
    "one class": lambda: describe(dataset_of(Graph.from_edges([0], [1], 2), [0, 0])),
    "a class without edges": lambda: describe(dataset_of(Graph.from_edges([0], [1], 3), [0, 0, 1])),
    "several labels": lambda: describe(dataset_of(Graph.from_edges([0], [1], 2), np.array([[1, 0], [1, 1]]))),
    "targets": lambda: describe(dataset_of(Graph.from_edges([0], [1], 2), [0.5, 1.5])),
    "many classes": lambda: many_classes(30),
}


def test_the_whole_report():
    assert str(describe(small())) == SMALL


def test_a_bar_too_short_to_show_is_a_dot():
    graph = Graph.from_edges(np.arange(1, 301), np.arange(300), 301)
    lines = str(describe(dataset_of(graph))).splitlines()
    assert "  0                                  1     0.3 %   ." in lines
    assert "  1                                300    99.7 %   " + 40 * "#" in lines


@pytest.mark.parametrize(("num_classes", "shown"), [(0, 0), (3, 3), (13, 13), (14, 12), (30, 12)])
def test_the_largest_classes_stand_alone(num_classes, shown):
    alone, rest = largest_classes(many_classes(num_classes))
    assert alone.tolist() == list(range(num_classes - 1, num_classes - 1 - shown, -1))
    assert sorted([*alone, *rest]) == list(range(num_classes))


def test_the_rest_of_many_classes_is_summed_up_and_long_names_are_cut():
    found = many_classes(14)
    assert "  2 more classes                     3     2.9 %\n" in str(found)
    assert "  a long name a long na...          14    13.3 %   " + 40 * "#" in str(found)


def test_tasks_without_classes():
    text = str(ODD["targets"]())
    assert "\ntargets: 1\n" in text and "class" not in text and "homophily" not in text
    text = str(ODD["several labels"]())
    assert "\nclasses: 2, any number a node\n" in text and "homophily" not in text
    assert "  class 0                            2   100.0 %   " + 40 * "#" in text
    assert "  class 1                            1    50.0 %   " + 20 * "#" in text


def test_numbers_that_do_not_exist_are_left_out():
    assert "nan" not in "".join(str(make()) for make in ODD.values())
    assert f"\n  adjusted{31 * ' '}0: no more" in str(ODD["one class"]())
    assert f"\n  class 1{32 * ' '}no edges\n" in str(ODD["a class without edges"]())


def test_a_little_less_than_nothing_is_nothing():
    assert f"\n  adjusted{23 * ' '}0.000   " in str(replace(describe(small()), adjusted_homophily=-1e-5))


def test_norms():
    found = describe(small())
    assert str(replace(found, row_norm=1)).endswith("  other rows               each adds up to 1")
    assert str(replace(found, row_norm=2)).endswith("  other rows               each has length 1")


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_the_report_is_narrow_and_plain(make):
    huge = replace(make(), degree_percentiles=dict.fromkeys((0, 25, 50, 75, 90, 99, 100), 10**6))
    assert max(map(len, str(huge).splitlines())) <= 100
    assert str(huge).isascii() and str(huge) == "\n".join(line.rstrip() for line in str(huge).splitlines())


# ---- picture


@pytest.mark.parametrize("make", [lambda: describe(small()), *ODD.values()], ids=["small", *ODD])
def test_a_picture_of_anything(make, tmp_path):
    plots = pytest.importorskip("graphsage.data.described.plots")
    path = tmp_path / "found.of_any_name"
    plots.save_png(make(), path)
    data = path.read_bytes()
    assert data.startswith(PNG)
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (1440, 1080)


def test_the_panels(tmp_path, monkeypatch):
    plots = pytest.importorskip("graphsage.data.described.plots")
    drawn = []
    monkeypatch.setattr(plots.Figure, "savefig", lambda figure, *a, **k: drawn.append(figure))
    plots.save_png(describe(small()), tmp_path / "unused")
    degrees, splits, classes, shares = drawn[0].axes
    line, points = (curve.get_xydata().tolist() for curve in degrees.lines)
    assert (degrees.get_xscale(), degrees.get_yscale()) == ("log", "log")
    assert points == [[1, 2], [2, 2], [3, 1]] and line == [[1, 5], [2, 3], [3, 1]]
    assert [bar.get_width() for bar in splits.patches] == [2, 1, 0, 4]
    assert [bar.get_width() for bar in classes.patches] == [3, 2, 1]
    assert [text.get_text() for text in classes.get_yticklabels()] == ["c  3", "a  2", "b  1"]
    assert [bar.get_width() for bar in shares.patches] == [2 / 3, 2 / 3, 0]
    assert shares.lines[0].get_xdata() == [0.5, 0.5]


def test_drawing_leaves_pyplot_alone():
    pytest.importorskip("matplotlib")
    program = "import sys, graphsage.data.described.plots; print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
