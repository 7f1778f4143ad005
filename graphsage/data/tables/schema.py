"""The schema of a dataset that came from tables: how its columns became features and labels. A dict that JSON can hold:

    form, version       FORM, VERSION
    directed            whether edges run one way only
    columns             a list, in the order of the features:
        {"name", "kind": "number", "mean", "deviation"}     (value - mean) / deviation; missing: 0
        {"name", "kind": "date", "mean", "deviation"}       the same of the days since 1970-01-01
        {"name", "kind": "category", "values": [text]}      a column for each value, 1 where it is that; missing: all 0
        {"name", "kind": "words", "words": [text]}          a column for each word; of a text with k of the words each is 1/k
        {"name", "kind": "vector", "means", "deviations"}   a column for each number, scaled like a number; missing: all 0
    array               columns of features.npy, which come last and as they are; 0 without one
    nodes               where there are neither columns nor an array: which nodes it is about, see ``check_nodes``; else None
    label               None, or {"column": "label" or "labels", "task", "classes": [text]}; no classes in a regression
    reading             what was asked for, {setting: value} of ``TableConfig``; imports of before have none, and are read again

That of a typed dataset is {type: such a schema}, with one ``directed`` and one ``reading`` in all, and a label in one at most.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from hashlib import sha256
from math import isfinite

from graphsage.config.table_config import AUTO, NAMING, NOTHING, TABLE_DEFAULTS, TableConfig
from graphsage.data.errors import DatasetError, told_of

FORM, VERSION = "graphsage table schema", 1
SCALED = ("number", "date")
LISTED = {"category": "values", "words": "words", "vector": "means"}  # what of a spec there is a column for
LABELS = {"multiclass": "label", "regression": "label", "multilabel": "labels"}  # the column of each task


def made_schema(columns, array, label, directed, reading):
    """The schema of these parts; reading: ``TableConfig``."""
    parts = {"directed": directed, "columns": columns, "array": array, "nodes": None, "label": label}
    return {"form": FORM, "version": VERSION, **parts, "reading": _plain(reading)}


def _plain(reading):
    """As JSON has it."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(reading).items()}


def reading_of(schema):
    """The ``TableConfig`` by which a schema was made; the defaults where it says nothing."""
    schema = _one_of(schema)
    return TABLE_DEFAULTS if "reading" not in schema else TableConfig(**_whole(schema["reading"]))


def _whole(reading):
    """With what files of before do not say, as they were read."""
    return {**dict.fromkeys(NAMING, AUTO), "time": NOTHING, "node_time": NOTHING} | reading


def is_read_so(schema, reading):
    """Was it made by this ``TableConfig``?"""
    schema = _one_of(schema)
    return "reading" in schema and _whole(schema["reading"]) == _plain(reading)


def is_typed(schema):
    """Is it the schema of a typed dataset?"""
    return isinstance(schema, Mapping) and bool(schema) and all(isinstance(of, Mapping) for of in schema.values())


def _one_of(schema):
    return next(iter(schema.values())) if is_typed(schema) else schema


def is_directed(schema):
    """Do edges run one way only, by a schema of either kind?"""
    return _one_of(schema).get("directed") is True


def no_splits(schema, reading):
    """The columns that are no split by a schema: what it reads as features (a mask perhaps, before), or was asked to."""
    return {spec["name"] for spec in schema["columns"]} | {*reading.category, *reading.number, *reading.drop}


def tables_given(keywords, schema):
    """The ``TableConfig`` of those ``keywords`` {name: value} that are its fields; DatasetError for any beside a ``schema``."""
    tables = TableConfig(**{field.name: keywords[field.name] for field in fields(TableConfig)})
    if schema is not None and tables != TableConfig():
        raise DatasetError("schema says how columns are read: leave the settings of tables out beside it")
    return tables


def given_tables(reading):
    """{setting: value} of a ``TableConfig`` that are not left open, for ``load_dataset``."""
    return {name: value for name, value in asdict(reading).items() if value is not None}


def tables_of(dataset, reading):
    """``reading`` with all that the dataset's tables were read by, so that a file of it says the same again."""
    return reading if dataset.schema is None else reading.or_else(reading_of(dataset.schema))


def check_nodes(schema, ids, *, is_own):
    """The schema for nodes with these ids. Without features a model knows its nodes by their number, and no others."""
    if schema["columns"] or schema["array"]:
        return schema
    found = sha256("\n".join(map(str, ids.to_pylist())).encode()).hexdigest()
    if not is_own and schema["nodes"] != found:
        raise DatasetError("the model was trained on a graph without features: it knows the nodes there, and not those here")
    return {**schema, "nodes": found}


def checked_schema(schema):
    """``schema`` if it is one; DatasetError, one sentence, for anything else: it may come from a stranger's file."""
    if not isinstance(schema, dict) or schema.get("form") != FORM:
        raise DatasetError(f"schema must be a dict whose form is {FORM!r}, got {schema!r:.80}")
    if schema.get("version") != VERSION:
        found = schema.get("version")
        raise DatasetError(f"schema has version {found!r:.20}, and this graphsage reads version {VERSION}: install a newer one")
    if type(schema.get("directed")) is not bool:
        raise DatasetError(f"schema: directed must be true or false, got {schema.get('directed')!r:.80}")
    if type(schema.get("array")) is not int or not 0 <= schema["array"] < 2**31:
        raise DatasetError(f"schema: array must be a number of columns, got {schema.get('array')!r:.80}")
    columns = schema.get("columns")
    if not isinstance(columns, list) or not all(map(_is_column, columns)):
        raise DatasetError(f"schema: columns must be a list of numbers, dates, categories, words, vectors, got {columns!r:.80}")
    if len({spec["name"] for spec in columns}) < len(columns):
        raise DatasetError(f"schema: each column must have a name of its own, got {columns!r:.80}")
    if not isinstance(schema.get("nodes", ...), (str, type(None))):
        raise DatasetError(f"schema: nodes must be a text or null, got {schema.get('nodes')!r:.80}")
    if not _is_label(schema.get("label", ...)):
        raise DatasetError(f"schema: label must be null or name column, task and classes, got {schema.get('label')!r:.80}")
    if not _is_reading(schema):
        raise DatasetError(f"schema: reading must be settings of tables, got {schema['reading']!r:.80}")
    return schema


def checked_typed_schema(schema):
    """``schema`` if it is that of a typed dataset; DatasetError for anything else."""
    if not is_typed(schema):
        raise DatasetError(f"schema must be a dict {{type: schema}}, as there are several types of nodes; got {schema!r:.80}")
    for kind, own in schema.items():
        with told_of(f"schema of {kind}"):
            checked_schema(own)
    how = {(own["directed"], repr(own.get("reading"))) for own in schema.values()}
    if len(how) > 1 or len([own for own in schema.values() if own["label"]]) > 1:
        raise DatasetError("schema must have one directed and one reading for all types, and a label in one of them at most")
    return schema


def num_outputs_of(spec):
    """Feature columns that one column of a table makes."""
    key = LISTED.get(spec["kind"])
    return 1 if key is None else len(spec[key])


def _is_column(spec):
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str) or not isinstance(spec.get("kind"), str):
        return False
    if spec["kind"] in SCALED:
        return _is_scale(spec.get("mean"), spec.get("deviation"))
    if spec["kind"] == "vector":
        scales = [spec.get("means"), spec.get("deviations")]
        fit = all(isinstance(values, list) for values in scales) and len(scales[0]) == len(scales[1]) > 0
        return fit and all(map(_is_scale, *scales))
    key = LISTED.get(spec["kind"])
    return key is not None and _is_list_of_texts(spec.get(key)) and len(spec[key]) > 0


def _is_scale(mean, deviation):
    return all(type(value) in (int, float) and isfinite(value) for value in (mean, deviation)) and deviation > 0


def _is_reading(schema):
    try:
        return isinstance(reading_of(schema), TableConfig)
    except (TypeError, ValueError):
        return False


def _is_label(spec):
    if spec is None:
        return True
    if not isinstance(spec, dict) or spec.get("task") not in LABELS or spec.get("column") != LABELS[spec["task"]]:
        return False
    return "classes" not in spec if spec["task"] == "regression" else _is_list_of_texts(spec.get("classes"))


def _is_list_of_texts(values):
    return isinstance(values, list) and all(isinstance(v, str) for v in values) and len(set(values)) == len(values)
