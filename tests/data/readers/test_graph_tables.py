"""What values of other programs become in a column, and which names columns get."""

import math

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")
from graphsage.data.readers.graph_tables import column_of, edge_table, tables_of  # noqa: E402 - pyarrow first


@pytest.mark.parametrize("values, kind, held", [
    ([1, None, np.int32(3)], "int64", [1, None, 3]),
    ([1, 2.5, math.nan], "double", [1.0, 2.5, None]),
    ([True, None, False], "bool", [True, None, False]),
    (["a", None, "b c"], "string", ["a", None, "b c"]),
    (["a", 1, 2.5], "large_string", ["a", "1", "2.5"]),
    ([2**70, 1], "large_string", [str(2**70), "1"]),
    ([[1, 2], (3.5,), None, []], "list<item: double>", [[1.0, 2.0], [3.5], None, []]),
    ([["a", "b"], ["c"]], "list<item: string>", [["a", "b"], ["c"]]),
    ([["a", 1], ["c"]], "string", ['["a", 1]', '["c"]']),
    ([{"a": 1}, [["x"]]], "string", ['{"a": 1}', '[["x"]]']),
    ([np.array([1, 2]), np.float32(3)], "large_string", ["[1, 2]", "3.0"]),
    ([None, None], "null", [None, None]),
])
def test_columns(values, kind, held):
    column = column_of(values)
    assert (str(column.type), column.to_pylist()) == (kind, held)


def test_attributes_that_are_called_as_our_columns_are():
    made = tables_of([(5, {"id": "x", "ID": 1}), ("b", {})], [(5, "b", {"source": "web", "target": 2})])
    assert made.nodes.column_names == ["id", "id (attribute)", "ID (attribute)"]
    assert made.nodes["id"].to_pylist() == ["5", "b"]
    assert made.edges.column_names == ["source", "target", "source (attribute)", "target (attribute)"]


def test_weights_of_one_are_none():
    assert edge_table([0, 1], [1, 2], [1, 1])[0].column_names == ["source", "target"]
    table, notes = edge_table([0, 1], [1, 2], [1, math.nan])
    assert table.column_names[2] == "weight of the file"
    assert notes == ["weight is not used: it is not a number >= 0 at every edge"]
