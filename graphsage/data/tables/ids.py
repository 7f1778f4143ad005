"""The ids of nodes in tables, integers or texts, and the rows that they stand for.

``graphsage.base.id_rule`` says which texts are the same id: a whole number is that integer ("7", "7.0"; not "007" nor "+7").
Ids are integers where all of them are, else they are texts, all of them.
"""

from dataclasses import dataclass

import numpy as np

from graphsage.base.id_rule import EXACT, FLOATED, IN_QUOTES, INVISIBLE
from graphsage.data.missing import MISSING
from graphsage.data.tables.integer_rows import IntegerRows
from graphsage.data.tables.table_files import quoted

LOST = ": ids must be integers or texts (a float may have lost digits)"


def ids_in(table, first, name, column):
    """A part of a column of ids, int64 or texts, each in its one spelling. first: the row of the part's first.

    DatasetError with the line for one that is missing, and for a float that is no integer or may have been another one.
    """
    if column.null_count:
        _refuse(table, first, name, column, column.is_null().to_numpy(zero_copy_only=False), "is empty")
    ids = as_ids(column)
    if str(ids.type) == "int64":  # what most tables have
        return ids
    if str(ids.type) == "double":
        return _of_floats(table, first, name, ids)
    listed = ids.dictionary_encode()  # each text is looked at once: in half the time, where edges repeat them
    whole = _of_texts(table, name, listed.dictionary)
    for wrong, rule in whole.wrong:
        if wrong.any():
            _refuse(table, first, name, column, wrong[listed.indices.to_numpy()], rule)
    return ids if whole.ids.equals(listed.dictionary) else whole.ids.take(listed.indices)


def _refuse(table, first, name, column, wrong, rule):
    """Raise about the first of the ids that are ``wrong``, a bool[n]."""
    at = int(np.argmax(wrong))
    found = column[at].as_py()
    table.refuse(first + at, f"{name} {rule}" if rule == "is empty" else f"{name} is {quoted(found)}{rule}")


@dataclass
class _Spelled:
    """Ids in their one spelling, and [(bool[n]: which are wrong, what a sentence says of them)]."""

    ids: object
    wrong: list


def _of_texts(table, name, texts):
    """The ``_Spelled`` of distinct texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, null = _bare(texts), pa.scalar(None, pa.float64())
    floated = pc.match_substring_regex(texts, FLOATED)
    values = pc.cast(pc.if_else(floated, texts, pa.scalar(None, pa.large_string())), pa.float64())
    floated = pc.and_(floated, pc.fill_null(pc.equal(values, pc.floor(values)), False))
    values = pc.if_else(floated, values, null)
    lost = pc.or_(pc.greater_equal(pc.abs(values), EXACT["float64"]), pc.and_(floated, pc.match_substring(texts, "E+")))
    if pc.any(floated).as_py() and not pc.any(lost).as_py():
        table.note(_floats_told(table, name, texts.filter(floated)[0].as_py()))
        texts = pc.if_else(floated, as_texts(pc.cast(values, pa.int64())), texts)
    marks = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(MISSING, pa.large_string()))  # among integers: missing
    are_strays = str(as_ids(texts.filter(pc.invert(marks))).type) == "int64"
    empty = pc.equal(pc.binary_length(texts), 0)
    wrong = [(lost, LOST), (empty, "is empty"), (pc.and_(marks, are_strays), ", and all others are integers")]
    found = [(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), rule) for mask, rule in wrong]
    return _Spelled(as_ids(texts), found)


def _floats_told(table, name, text):
    """A line about ids that are written as floats."""
    return f"{table.path.name}: {name} has whole numbers written as {text}: taken for the integer {float(text):.0f}"


def _bare(column):
    """Texts without what is around them: invisible characters, and quotes (a space before one leaves it in the text)."""
    import pyarrow.compute as pc

    column = _trimmed(column)
    if not pc.any(pc.match_substring_regex(column, IN_QUOTES)).as_py():
        return column
    return _trimmed(pc.replace_substring_regex(column, IN_QUOTES, r"\1\2"))


def _trimmed(column):
    import pyarrow.compute as pc

    return pc.utf8_trim_whitespace(pc.utf8_trim(pc.utf8_trim_whitespace(column), INVISIBLE))


def _of_floats(table, first, name, column):
    """Floats as the integers that they stand for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = column.to_numpy()
    wrong = (values != np.floor(values)) | (np.abs(values) >= EXACT[table.float_of(name)])
    if wrong.any():
        _refuse(table, first, name, column, wrong, LOST)
    table.note(f"{table.path.name}: {name} is a column of floats: taken for integers")
    return pc.cast(column, pa.int64())


def as_ids(column):
    """A column of texts as int64 where all are integers, else as it is; so is a column of numbers (of a parquet file)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if str(column.type) != "large_string":
        return column
    try:
        numbers = pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        return column
    return column if pc.any(pc.not_equal(as_texts(numbers), column)).as_py() else numbers


def as_texts(column):
    """A column of ids as texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.cast(column, pa.large_string())


def places_of(texts, known):
    """int32: the place of each text among ``known``, -1 for one that is not there or missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    places = pc.index_in(texts, value_set=pa.array(known, pa.large_string()), skip_nulls=True)
    return pc.fill_null(places, -1).to_numpy(zero_copy_only=False)


def first_repeat(ids):
    """(row, earlier row) of the first id that is listed twice, or None."""
    codes = ids.dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    if len(first) == len(codes):
        return None
    again = np.ones(len(codes), bool)
    again[first] = False
    row = int(np.argmax(again))
    return row, int(np.argmax(codes == codes[row]))


class NodeIndex:
    """The rows of ids. ids: the id of each row, int64 or texts, distinct, none missing.

    grows=True: an id that is not known yet gets the next row, and ids that turn out to be texts make all of them texts.
    """

    def __init__(self, ids, *, grows=False):
        self.ids, self.grows = ids, grows
        self._places = IntegerRows()
        if not self._add_places(ids):
            self._places = None

    def rows(self, ids):
        """int32 rows of a column of ids (as ``as_ids`` gives it), -1 for one that is not known."""
        import pyarrow.compute as pc

        ids = self._of_one_kind(ids)
        if self._places is not None and (rows := self._by_place(ids)) is not None:
            return rows
        self._places = None  # a text, or integers far apart: what comes is looked up by hashes
        if self.grows:
            self._grow(pc.unique(ids))
        return pc.fill_null(pc.index_in(ids, value_set=self.ids), -1).to_numpy()

    def _by_place(self, ids):
        """The rows of integers; None where they are not, or too far apart."""
        import pyarrow as pa

        if str(self.ids.type) != "int64":
            return None
        ids = ids.to_numpy()
        rows = self._places.rows(ids)
        new = np.unique(ids[rows < 0]) if self.grows else ids[:0]
        if not len(new):
            return rows
        if not self._add_places(new := pa.array(new), len(self.ids)):
            return None
        self.ids = pa.concat_arrays([self.ids, new])
        return self._places.rows(ids)

    def _add_places(self, ids, first=0):
        """Give ids the rows from ``first`` on; whether that can be."""
        if str(ids.type) != "int64" or not IntegerRows.fits(ids := ids.to_numpy(), first + len(ids)):
            return False
        self._places.add(ids, first)
        return True

    def ordered(self, first=0):
        """(ids, those from row ``first`` on in rising order; int32: the row of each of the present rows in that order)."""
        import pyarrow as pa
        import pyarrow.compute as pc

        order = np.concatenate([np.arange(first), first + pc.sort_indices(self.ids[first:]).to_numpy().astype(np.int64)])
        places = np.empty(len(order), np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return self.ids.take(pa.array(order)), places

    def _of_one_kind(self, ids):
        """``ids`` as the kind of the known ones; integers among texts are those texts."""
        if ids.type == self.ids.type:
            return ids
        if self.grows and len(self.ids) == 0:
            self.ids = self.ids.cast(ids.type)
        elif str(ids.type) == "int64":
            return as_texts(ids)
        else:
            self.ids = as_texts(self.ids)
        return ids

    def _grow(self, ids):
        import pyarrow as pa
        import pyarrow.compute as pc

        new = ids.filter(pc.invert(pc.is_in(ids, value_set=self.ids)))
        self.ids = pa.concat_arrays([self.ids, new]) if len(new) else self.ids


def names_of(ids):
    """What a Graph keeps of ids: None where row i is node i, int64[N], or an object array of texts."""
    values = ids.to_numpy(zero_copy_only=False)
    if values.dtype == np.int64:
        return None if np.array_equal(values, np.arange(len(values))) else values
    return values
