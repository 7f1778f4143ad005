"""Columns are what they say: missing values, vectors, codes, ids of other systems, what was asked for; values by numpy."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.table_files import write_tables

from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data import DatasetError
from graphsage.data.tables.folder import read_folder
from graphsage.data.tables.import_report import import_report
from graphsage.data.tables.schema import checked_schema
from graphsage.graph.features import SparseFeatures

pytest.importorskip("pyarrow")

COUNT = 40
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(COUNT, 3)).round(3)


def column(folder, cells, name="x", **reading):
    """(features, ``Column``, dataset) of a table of nodes with one column, a cell a node."""
    rows = "".join(f'{node},{node % 2},"{cell}"\n' for node, cell in enumerate(cells))
    write_tables(folder, "source,target\n0,1\n1,2\n", f"id,label,{name}\n{rows}")
    dataset, found = read_folder(folder, progress=silent, reading=replace(TABLE_DEFAULTS, **reading))
    features = dataset.features.to_scipy().toarray() if isinstance(dataset.features, SparseFeatures) else dataset.features
    return features, found.columns[0], dataset


def scaled(values):
    """(value - mean) / deviation of what is there, column by column; 0 where there is none."""
    values = np.asarray(values, float).reshape(len(values), -1)
    return np.nan_to_num((values - np.nanmean(values, 0)) / np.nanstd(values, 0))


# ---- missing

WORDS = [
    "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "none", "?", "-", "unknown", "Unknown", "<NA>", "#N/A", "NaT", "",
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_missing_is_that_in_every_kind_of_column(tmp_path, word):
    gaps = [node % 4 == 0 for node in range(COUNT)]
    numbers = [word if gap else node / 4 for node, gap in enumerate(gaps)]
    features, found, _ = column(tmp_path / "n", numbers)
    np.testing.assert_allclose(features, scaled([np.nan if gap else node / 4 for node, gap in enumerate(gaps)]), atol=1e-6)
    counted = {word: 10} if word else {}
    assert (found.spec["kind"], found.missing, found.words) == ("number", 10, counted)
    dates = [word if gap else f"2024-01-{1 + node % 28:02}" for node, gap in enumerate(gaps)]
    features, found, _ = column(tmp_path / "d", dates)
    assert (found.spec["kind"], found.missing, found.words) == ("date", 10, counted) and not features[gaps].any()
    features, found, _ = column(tmp_path / "c", [word if gap else "de" if node % 3 else "fr" for node, gap in enumerate(gaps)])
    assert (found.spec["values"], found.missing, found.words) == (["de", "fr"], 10, counted)
    assert features.sum(1).tolist() == [1.0 - gap for gap in gaps]
    texts = [word if gap else f"a big word{node} here{node % 7}" for node, gap in enumerate(gaps)]
    features, found, _ = column(tmp_path / "w", texts)
    assert (found.spec["kind"], found.missing, found.words) == ("words", 10, counted) and "big" in found.spec["words"]
    features, found, _ = column(tmp_path / "v", [word if gap else f"[{node}, 2.5]" for node, gap in enumerate(gaps)])
    assert (found.spec["kind"], found.missing, found.words) == ("vector", 10, counted) and not features[gaps].any()


def test_minus_one_among_numbers_and_categories_is_a_value(tmp_path):
    values = [-1 if node % 4 else node / 4 for node in range(COUNT)]
    np.testing.assert_allclose(column(tmp_path, values)[0], scaled(values), atol=1e-6)
    assert column(tmp_path, ["-1" if node % 2 else "a" for node in range(COUNT)])[1].spec["values"] == ["-1", "a"]


def test_words_can_be_added_and_taken_back(tmp_path):
    cells = [["n.d.", "-9", 1.5, 2.5][node % 4] for node in range(COUNT)]
    _, found, _ = column(tmp_path, cells, missing=("N.D.", "-9"))
    assert (found.spec["kind"], found.missing, found.words) == ("number", 20, {"n.d.": 10, "-9": 10})
    countries = [["NA", "unknown", "de", "fr"][node % 4] for node in range(COUNT)]
    assert column(tmp_path, countries, not_missing=("na",))[1].spec["values"] == ["NA", "de", "fr"]
    assert column(tmp_path, countries, not_missing=("NA", "unknown"))[1].missing == 0
    mostly = ["NA"] * (COUNT - 2) + ["de", "fr"]  # no column of numbers that are missing, with two mistakes in it
    assert column(tmp_path, mostly, not_missing=("NA",))[1].spec["values"] == ["NA", "de", "fr"]


def test_many_question_marks_are_missing_and_nearly_only_those_are_refused(tmp_path):
    _, found, dataset = column(tmp_path, [node / 4 if node % 8 == 0 else "?" for node in range(COUNT)])
    assert (found.missing, found.words) == (35, {"?": 35})
    nearly = ["1.5", "2.5", "?", *["NA"] * 37]
    told = r"nodes.csv: x has a number at 2 nodes, and a word for a missing one at 38: 37 NA, 1 \?; --number x takes it all the"
    with pytest.raises(DatasetError, match=told + " same, --drop x leaves it out$"):
        column(tmp_path, nearly)
    assert column(tmp_path, nearly, number=("x",))[1].missing == 38
    assert column(tmp_path, ["1.5", "2.5", *[""] * 38])[1].missing == 38  # empty cells are no words


def test_a_word_among_numbers_that_may_mean_missing_is_asked_about(tmp_path):
    cells = [["n.d.", 1.5, 2.5, 3.5, "tbd"][node % 5] for node in range(COUNT)]
    told = "nodes.csv: x has a number at 24 nodes and words at 16: 8 n.d., 8 tbd; --missing n.d.,tbd says that they mean a"
    with pytest.raises(DatasetError, match=told + " missing one, --category x that all are categories$"):
        column(tmp_path, cells)
    assert column(tmp_path, cells, category=("x",))[1].spec["values"] == ["1.5", "2.5", "3.5", "n.d.", "tbd"]
    several = [node / 2 if node % 3 else f"{node}a b" for node in range(COUNT)]  # every one another: texts
    assert column(tmp_path, several)[1].spec["kind"] == "words"


# ---- vectors

FORMS = ["[{}, {}, {}]", "[{},{},{}]", "[{} {}  {}]", "[ {} , {} , {} ]", "({}, {}, {})", "{} {} {}", "{};{};{}", "{}; {}; {}",
         "{}|{}|{}", "{},{},{}", "{}\t{}\t{}", "[{}, {}, {},]", "{{{}, {}, {}}}", "+{} {} {}",
         "array([{}, {}, {}])", "array([{}, {}, {}], dtype=float32)", "tensor([{}, {}, {}])",
         "c({}, {}, {})", "[np.float64({}), np.float32({}), np.float64({})]"]


@pytest.mark.parametrize("form", FORMS)
def test_lists_of_numbers_in_a_text_are_vectors(tmp_path, form):
    values = np.abs(VECTORS) if form[0] == "+" else VECTORS
    features, found, dataset = column(tmp_path, [form.format(*row) for row in values.tolist()])
    assert found.spec["kind"] == "vector" and dataset.num_features == 3
    np.testing.assert_allclose(features, scaled(values), atol=1e-5)
    assert checked_schema(dataset.schema) is dataset.schema
    again, _ = read_folder(tmp_path, schema=dataset.schema, progress=silent)
    assert np.array_equal(again.features, dataset.features)


def test_a_list_of_one_number_is_a_vector_too(tmp_path):
    features, found, _ = column(tmp_path, [f"[{value}]" for value in VECTORS[:, 0].tolist()])
    assert found.spec["kind"] == "vector"
    np.testing.assert_allclose(features, scaled(VECTORS[:, :1]), atol=1e-5)


@pytest.mark.parametrize("odd", ["[]", "[0.5, nan]", "[0.5, null]", "[NaN NaN]", "[0.5 ... 1.5]", "array([])"])
@pytest.mark.parametrize("count", [10, COUNT])
def test_vectors_without_all_of_their_numbers_are_no_words(tmp_path, odd, count):
    """Also where so many lack one that the column is none of vectors."""
    cells = [odd if node % (COUNT // count) == 0 else f"[{node}.5, 2]" for node in range(COUNT)]
    with pytest.raises(DatasetError, match="nodes.csv line 2: x is .*, and a vector's numbers must be there and finite"):
        column(tmp_path, cells)


@pytest.mark.parametrize("kind", ["list", "fixed size", "large", "integers"])
def test_lists_of_a_parquet_file_are_vectors(tmp_path, kind):
    import pyarrow as pa
    from pyarrow import parquet

    item = pa.int16() if kind == "integers" else pa.float32()
    types = {"fixed size": pa.list_(item, 3), "large": pa.large_list(item)}
    rows = [None if node == 7 else (row * 100).round().tolist() for node, row in enumerate(VECTORS)]
    rows = [row and list(map(int, row)) for row in rows] if kind == "integers" else rows
    write_tables(tmp_path, "source,target\n0,1\n", None)
    table = {"id": range(COUNT), "label": [0, 1] * 20, "x": pa.array(rows, types.get(kind, pa.list_(item)))}
    parquet.write_table(pa.table(table), tmp_path / "nodes.parquet")
    dataset, found = read_folder(tmp_path, progress=silent)
    wanted = scaled([[np.nan] * 3 if row is None else row for row in rows])
    np.testing.assert_allclose(dataset.features, wanted, atol=1e-5)
    assert (found.columns[0].spec["kind"], found.columns[0].missing) == ("vector", 1)
    assert "  x                        vector    3 numbers; 1 missing (2.5%): the mean" in import_report(dataset, found)
    if kind == "fixed size":
        return
    table["x"] = pa.array([*rows[:-1], [1, 2]], types.get(kind, pa.list_(item)))
    parquet.write_table(pa.table(table), tmp_path / "nodes.parquet")
    with pytest.raises(DatasetError, match=r"nodes.parquet row 40: x is .*, and that is 2 numbers, where a vector has 3: all"):
        read_folder(tmp_path, progress=silent)


def test_lists_that_are_empty_or_asked_for_as_something_else(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    write_tables(tmp_path, "source,target\n0,1\n", None)
    table = {"id": range(2), "x": pa.array([[], []], pa.list_(pa.float32())), "y": pa.array([[1, 2], [3, 4]])}
    parquet.write_table(pa.table(table), tmp_path / "nodes.parquet")
    dataset, found = read_folder(tmp_path, progress=silent)
    assert dataset.features.tolist() == [[-1, -1], [1, 1]] and found.columns[1].note == "no node has a vector"
    with pytest.raises(DatasetError, match="nodes.parquet: y holds lists of numbers, which are vectors: no category or number"):
        read_folder(tmp_path, progress=silent, reading=replace(TABLE_DEFAULTS, category=("y",)))


@pytest.mark.parametrize("odd, rule", [
    ("[1, 2]", "that is 2 numbers, where a vector has 3: all must have as many"), ("[1, 2, x]", "that is no list of numbers"),
    ("[1, nan, 3]", "that is no list of numbers"), ("5", "that is no list of numbers"),
    ("[1, 2, 1e999]", "a vector's numbers must be there and finite"),
])
def test_a_vector_that_does_not_fit_is_named_with_its_line(tmp_path, odd, rule):
    cells = [f"[{node}, 2, {node / 2}]" for node in range(COUNT)]
    cells[7] = odd
    with pytest.raises(DatasetError, match=rf"nodes.csv line 9: x is .*, and {rule}"):
        column(tmp_path, cells)
    fitting = column(tmp_path / "fits", [f"[{node}, 2, {node / 2}]" for node in range(COUNT)])[2]
    with pytest.raises(DatasetError, match=rf"nodes.csv line 9: x is .*, and {rule}"):
        read_folder(tmp_path, schema=fitting.schema, progress=silent)


@pytest.mark.parametrize("cells", [
    [" ".join(map(str, range(node % 5 + 2))) for node in range(COUNT)],  # tags: lists of integers of several lengths
    [f"{node} Main Street {node % 7}" for node in range(COUNT)],
    [f"{node % 3}" for node in range(COUNT)],
    [f"({node % 3}.5, {node % 3 + 1}.5]" for node in range(COUNT)], [f"[{node % 3}, {node % 3 + 1})" for node in range(COUNT)],
    [str(["red", "blue", f"n{node % 7}"]) for node in range(COUNT)],
])
def test_other_texts_are_no_vectors(tmp_path, cells):
    assert column(tmp_path, cells)[1].spec["kind"] != "vector"


# ---- codes

CODES = [[253, 270, 355, 100, 134][node % 5] for node in range(COUNT)]


def test_whole_numbers_that_repeat_get_a_hint_and_can_be_categories(tmp_path):
    features, found, dataset = column(tmp_path, CODES, "major")
    assert found.spec["kind"] == "number" and dataset.num_features == 1
    assert dataset.notes == ("few whole numbers that repeat: major (--category: they are codes, not numbers)",)
    features, found, dataset = column(tmp_path, CODES, "major", category=("major",))
    assert found.spec["values"] == ["100", "134", "253", "270", "355"] and not dataset.notes
    assert features.tolist() == [[float(code == int(value)) for value in found.spec["values"]] for code in CODES]
    assert column(tmp_path, CODES, "major", number=("major",))[2].notes == ()
    floats = [f"{code}.0" if node else "" for node, code in enumerate(CODES)]  # as pandas writes them where one is missing
    assert column(tmp_path, floats, category=("x",))[1].spec["values"] == found.spec["values"]


@pytest.mark.parametrize("cells", [
    [node / 4 for node in range(COUNT)], [node % 2 for node in range(COUNT)], [node // 2 for node in range(COUNT)]
])
def test_other_numbers_get_no_hint(tmp_path, cells):
    assert column(tmp_path, cells)[2].notes == ()


def test_more_than_a_hundred_categories_are_sparse_rows(tmp_path):
    codes = [7 * node for node in range(150)]
    features, found, dataset = column(tmp_path, codes, category=("x",))
    assert isinstance(dataset.features, SparseFeatures) and dataset.num_features == 150
    assert features[:, found.spec["values"].index("7")].tolist() == (np.arange(150) == 1).tolist()


def test_columns_can_be_dropped(tmp_path):
    _, found, dataset = column(tmp_path, CODES, drop=("x", "label"))
    _, found = read_folder(tmp_path, progress=silent, reading=replace(TABLE_DEFAULTS, drop=("x",)))
    assert [column.note for column in found.columns] == ["dropped, as was asked for"]
    assert dataset.num_features == COUNT and (dataset.labels == -1).all()


@pytest.mark.parametrize("reading, sentence", [
    ({"category": ("y",)}, r"--category names the column 'y', and .*nodes.csv has label, x$"),
    ({"number": ("label",)}, r"--number names the column label, which is no feature: --task says what it is$"),
    ({"drop": ("id",)}, r"--drop names the column 'id', and .*nodes.csv has label, x$"),
])
def test_a_column_that_is_not_there_is_named(tmp_path, reading, sentence):
    with pytest.raises(DatasetError, match=sentence):
        column(tmp_path, CODES, **reading)


def test_a_number_that_was_asked_for_must_be_one(tmp_path):
    with pytest.raises(DatasetError, match=r"nodes.csv line 2: x is 'old', and must be a number, as it was asked for as one$"):
        column(tmp_path, ["old", *range(20), *["new"] * 19], number=("x",))


# ---- ids of other systems

IDS = {
    "user_id": [17 * node + 1000 for node in range(COUNT)], "userId": [f"u{node}" for node in range(COUNT)],
    "URL": [f"https://example.org/{node}" for node in range(COUNT)], "uuid": [f"{node:032x}" for node in range(COUNT)],
    "e-mail": [f"a{node}@b.org" for node in range(COUNT)], "account": [(7919 * node) % COUNT + 1000 for node in range(COUNT)],
    "page": [f"https://example.org/{node}" for node in range(COUNT)],
    "what": [f"{node * 2654435761 % 2**32:08x}0" for node in range(COUNT)],
    "doi": [f"10.1000/{node}" if node else "" for node in range(COUNT)],
}


@pytest.mark.parametrize("name", IDS)
def test_ids_of_other_systems_are_left_out_and_told(tmp_path, name):
    _, found, dataset = column(tmp_path, IDS[name], name)
    assert found.spec is None and found.note.startswith("it looks like ids: ")
    assert dataset.notes == (f"left out: {name}, which look like ids (--number or --category takes them)",)
    features, found, dataset = column(tmp_path, IDS[name], name, category=(name,))
    assert found.spec["kind"] == "category" and not dataset.notes
    if name in ("user_id", "account"):
        features, found, _ = column(tmp_path, IDS[name], name, number=(name,))
        np.testing.assert_allclose(features, scaled(IDS[name]), atol=1e-6)


@pytest.mark.parametrize("name, cells", [
    ("income", [1000 * (node % 39) for node in range(COUNT)]), ("group_id", [node % 3 for node in range(COUNT)]),
    ("size", [node * 7 if node % 9 else "" for node in range(COUNT)]), ("x", [node / 4 for node in range(COUNT)]),
    ("title", [f"The big graph {node}" for node in range(COUNT)]),
    ("tags", [f"a{node};b;c{node % 5}" for node in range(COUNT)]),
    ("grid", [node + 0.5 for node in range(COUNT)]), ("change", [node - 20 for node in range(COUNT)]),
])
def test_what_only_looks_alike_is_a_feature(tmp_path, name, cells):
    assert column(tmp_path, cells, name)[1].spec is not None


def test_few_nodes_tell_no_ids_without_a_name(tmp_path):
    assert column(tmp_path, range(19))[1].spec["kind"] == "number" and column(tmp_path, range(20))[1].spec is None
