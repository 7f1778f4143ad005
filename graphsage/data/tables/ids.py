"""The ids of nodes in tables, integers or texts, and the rows that they stand for.

A text that is an integer as Python writes it ("7", "-12"; not "007" nor "+7") is that integer. Ids are integers where all of
them are, else they are texts, all of them.
"""

import numpy as np


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

    def ordered(self):
        """(ids in rising order, int32: the row of each of the present rows in that order)."""
        import pyarrow.compute as pc

        order = pc.sort_indices(self.ids)
        places = np.empty(len(order), np.int32)
        places[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
        return self.ids.take(order), places

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
