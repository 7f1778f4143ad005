"""The ids of nodes in tables, integers or texts, and the rows that they stand for.

``graphsage.base.id_rule`` says which texts are the same id: a whole number is that integer ("7", "7.0"; not "007" nor "+7").
Ids are integers where all of them are, else they are texts, all of them.
"""

import numpy as np

from graphsage.base.id_rule import EXACT, FLOATED, IN_QUOTES, INVISIBLE
from graphsage.data.tables.table_files import quoted

NO_IDS = ("nan", "NaN", "NA", "N/A", "<NA>", "NaT", "None", "null", "NULL")  # among integers: a value that is missing


def ids_in(table, first, name, column):
    """A part of a column of ids, int64 or texts, each in its one spelling. first: the row of the part's first.

    DatasetError with the line for one that is missing, and for a float that is no integer or may have been another one.
    """
    _refuse_missing(table, first, name, column, column)
    whole, wrong = (_of_texts if str(column.type) == "large_string" else _of_numbers)(table, name, column)
    if wrong.any():
        at = int(np.argmax(wrong))
        rule = "ids must be integers or texts (a float may have lost digits)"
        table.refuse(first + at, f"{name} is {quoted(column[at].as_py())}: {rule}")
    ids = as_ids(whole)
    if str(ids.type) == "large_string":
        _refuse_empty(table, first, name, ids)
        _refuse_missing(table, first, name, column, as_ids(_without_marks(ids)))
    return ids


def _refuse_missing(table, first, name, column, ids):
    """Raise about the first null of integers ``ids``; of texts too, if that is how they came."""
    if not ids.null_count or (ids is not column and str(ids.type) != "int64"):
        return
    at = int(np.argmax(ids.is_null().to_numpy(zero_copy_only=False)))
    found = column[at].as_py()
    table.refuse(first + at, f"{name} is empty" if found is None else f"{name} is {quoted(found)}, and all others are integers")


def _refuse_empty(table, first, name, ids):
    """Raise about the first text in which there is nothing but what was around it."""
    import pyarrow.compute as pc

    empty = pc.equal(pc.binary_length(ids), 0).to_numpy(zero_copy_only=False)
    if empty.any():
        table.refuse(first + int(np.argmax(empty)), f"{name} is empty")


def _of_texts(table, name, column):
    """(the column with whole numbers as integers, bool[n]: which of them may have lost digits)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _bare(column)
    floated = pc.match_substring_regex(column, FLOATED)
    none = np.zeros(len(column), bool)
    if not pc.any(floated).as_py():
        return column, none
    values = pc.cast(pc.if_else(floated, column, pa.scalar(None, pa.large_string())), pa.float64())
    floated = pc.and_(floated, pc.fill_null(pc.equal(values, pc.floor(values)), False))
    wrong = pc.or_(pc.greater_equal(pc.abs(values), EXACT["float64"]), pc.match_substring(column, "E+"))
    wrong = pc.fill_null(pc.and_(floated, wrong), False).to_numpy(zero_copy_only=False)
    if wrong.any():
        return column, wrong
    _tell(table, name, column.filter(floated))
    whole = as_texts(pc.cast(pc.if_else(floated, values, pa.scalar(None, pa.float64())), pa.int64()))
    return pc.if_else(floated, whole, column), none


def _tell(table, name, floated):
    """A line about ids that are written as floats."""
    if len(floated):
        text = floated[0].as_py()
        table.note(f"{table.path.name}: {name} has whole numbers written as {text}: taken for the integer {float(text):.0f}")


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


def _of_numbers(table, name, column):
    """The same of integers and floats; a float that is no integer is wrong too."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(column.type):
        return column, np.zeros(len(column), bool)
    values = column.to_numpy()
    wrong = (values != np.floor(values)) | (np.abs(values) >= EXACT[table.float_of(name)])
    table.note(f"{table.path.name}: {name} is a column of floats: taken for integers")
    return (column if wrong.any() else pc.cast(column, pa.int64())), wrong


def _without_marks(ids):
    """Texts without those that stand for a missing value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_in(ids, value_set=pa.array(NO_IDS, pa.large_string())), pa.scalar(None, pa.large_string()), ids)


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

    def rows(self, ids):
        """int32 rows of a column of ids (as ``as_ids`` gives it), -1 for one that is not known."""
        import pyarrow.compute as pc

        ids = self._of_one_kind(ids)
        if self.grows:
            self._grow(pc.unique(ids))
        return pc.fill_null(pc.index_in(ids, value_set=self.ids), -1).to_numpy()

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
