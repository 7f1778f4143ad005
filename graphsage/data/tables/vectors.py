"""Columns whose cells are vectors: lists of numbers in a text ("[0.1, 0.2]", "0.1 0.2", "0.1;0.2") or of a parquet file."""

import numpy as np

from graphsage.data.tables.numbers import NUMBER, STRAY_SHARE, refuse_text

ITEM = NUMBER.strip("^$")
BETWEEN = r"(?:\s*[,;|]\s*|\s+)"
INSIDE = rf"\s*{ITEM}(?:{BETWEEN}{ITEM})+\s*[,;]?\s*"
BRACKETED = rf"^(?:\[{INSIDE}\]|\({INSIDE}\)|\{{{INSIDE}\}})$"
BARE = rf"^{INSIDE}$"
EDGES = r"^[\[({\s]+|[\])},;\s]+$"


def is_list(column):
    """Is it a column of lists, of a parquet file?"""
    return "list<" in str(column.type)


def vectors_in(column):
    """(rows int64[n]: nodes with a vector, widths int64[N]: 0 where there is none, flat float64 of all numbers), or None.

    None: most cells are no vectors. Lists of integers without brackets that are of several lengths are none either: tags, say.
    """
    import pyarrow.compute as pc

    if is_list(column):
        return _unfolded(column)
    present = len(column) - column.null_count
    first = column.drop_null()[:100]
    if not present or str(column.type) != "large_string" or not pc.any(_is_vector(first)).as_py():
        return None
    found = pc.fill_null(_is_vector(column), False)
    if pc.sum(found).as_py() < (1 - STRAY_SHARE) * present:
        return None
    return _unfolded(_split(column, found)) if _is_meant(column, found) else None


def _is_vector(texts):
    import pyarrow.compute as pc

    return pc.or_(pc.match_substring_regex(texts, BRACKETED), pc.match_substring_regex(texts, BARE))


def _split(column, found):
    """large_list<double> of the texts; null where it is no vector."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.if_else(found, column, pa.scalar(None, column.type))
    lists = pc.split_pattern_regex(pc.replace_substring_regex(texts, EDGES, ""), BETWEEN)
    digits = pc.utf8_ltrim(pc.list_flatten(lists), "+")
    return pa.LargeListArray.from_arrays(_offsets(lists), pc.cast(digits, pa.float64()))


def _offsets(lists):
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())


def _is_meant(column, found):
    """Are they vectors: with brackets, with points, or of one length?"""
    import pyarrow.compute as pc

    texts = column.filter(found)
    if pc.any(pc.match_substring_regex(texts, r"[\[({.]")).as_py():
        return True
    widths = pc.list_value_length(pc.split_pattern_regex(pc.replace_substring_regex(texts, EDGES, ""), BETWEEN)).to_numpy()
    return np.bincount(widths).max() >= (1 - STRAY_SHARE) * len(widths)


def _unfolded(lists):
    import pyarrow.compute as pc

    widths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = pc.list_flatten(lists).to_numpy(zero_copy_only=False).astype(np.float64)
    return np.flatnonzero(widths), widths, flat


def matrix_of(table, name, column, found, width=None):
    """float64 [N, width] of ``vectors_in``, rows of NaN where there is none. A row of another width is refused with its line.

    width: that of a training; None: that of most.
    """
    rows, widths, flat = found
    width = int(np.bincount(widths[rows]).argmax()) if width is None and len(rows) else width or 0
    odd = (widths != width) & (column.is_valid().to_numpy(zero_copy_only=False))
    if odd.any():
        at = int(np.argmax(odd))
        what = f"{widths[at]} numbers" if widths[at] else "no list of numbers"
        refuse_text(table, 0, name, column, at, f"that is {what}, where a vector has {width}: all must have as many")
    matrix = np.full((len(column), width), np.nan)
    matrix[rows] = flat.reshape(len(rows), width)
    if not np.isfinite(matrix[rows]).all():
        at = int(rows[np.argmin(np.isfinite(matrix[rows]).all(axis=1))])
        refuse_text(table, 0, name, column, at, "a vector's numbers must be there and finite")
    return matrix
