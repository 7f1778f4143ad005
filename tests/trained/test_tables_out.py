"""Tables are read back equal, whatever stands in their cells: by Python's csv, by pyarrow and by this package."""

import csv

import numpy as np
import pytest

import graphsage as gs
from graphsage.trained.tables_out import write_table

STRANGE = [
    "a,b", 'q"uo"te', '"', "line\nbreak", "cr\rhere", "crlf\r\nx", " lead", "trail ", "\ttab", "=1+1", "+1", "-1", "@x", "日本",
    "é", "", "NA", "null", "None", "'", "\\", "a;b", "\0nul", "\ufeffmark", "#hash", "\u2028", "\x1b[31m", "\x0b\x0c", "\x85",
]  # fmt: skip


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_python_reads_back_what_was_written(tmp_path):
    write_table(tmp_path / "t.csv", [{'a,"b"\r': STRANGE, "x": np.arange(len(STRANGE))}])
    assert read(tmp_path / "t.csv") == [['a,"b"\r', "x"], *([text, str(row)] for row, text in enumerate(STRANGE))]
    write_table(tmp_path / "t.csv", [{"node": STRANGE}])
    assert read(tmp_path / "t.csv")[1:] == [[text] for text in STRANGE]


def test_plain_tables_are_written_as_before(tmp_path):
    chunks = [{"node": ["a", "b c"], "x": np.array([0.1, np.nan], np.float32)}, {"node": ["d"], "x": ["1"]}]
    write_table(tmp_path / "t.csv", chunks)
    assert (tmp_path / "t.csv").read_bytes() == b"node,x\na,0.1\nb c,\nd,1\n"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_arrow_reads_back_what_was_written(suffix, tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow.csv"), pytest.importorskip("pyarrow.parquet")
    write_table(tmp_path / f"t{suffix}", [{"node": STRANGE, "x": np.arange(len(STRANGE))}])
    if suffix == ".csv":
        options = arrow.ParseOptions(newlines_in_values=True)
        kinds = arrow.ConvertOptions(column_types={"node": "string"}, strings_can_be_null=False)
        found = arrow.read_csv(tmp_path / "t.csv", parse_options=options, convert_options=kinds)
    else:
        found = parquet.read_table(tmp_path / "t.parquet")
    assert found["node"].to_pylist() == STRANGE


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_half_a_character_is_an_escape(suffix, tmp_path):
    """Neither file can hold it: bytes of a file's name, or half of a pair."""
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    write_table(tmp_path / f"t{suffix}", [{"node": ["\udce9", "\ud800", "日", None]}])
    if suffix == ".csv":
        assert read(tmp_path / "t.csv")[1:] == [["\\xe9"], ["\\ud800"], ["日"], [""]]
    else:
        from pyarrow import parquet

        assert parquet.read_table(tmp_path / "t.parquet")["node"].to_pylist() == ["\\xe9", "\\ud800", "日", None]


def test_our_own_reader_reads_back_what_was_written(tmp_path):
    """But for spaces and a mark of the byte order around an id, which are no part of it, and what means missing."""
    pytest.importorskip("pyarrow")
    ids = [text for text in STRANGE if text and text == text.strip().strip("\ufeff") and text not in ("NA", "null", "None")]
    write_table(tmp_path / "nodes.csv", [{"id": ids, "label": ["ab"[row % 2] for row in range(len(ids))]}])
    write_table(tmp_path / "edges.csv", [{"source": ids, "target": ids[1:] + ids[:1]}])
    dataset = gs.load_dataset(tmp_path, progress=False)
    assert dataset.node_ids.tolist() == ids
    assert dataset.graph.num_edges == 2 * len(ids)
