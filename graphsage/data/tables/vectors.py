"""Columns whose cells are vectors: lists of numbers in a text ("[0.1, 0.2]", "0.1 0.2", "0.1;0.2") or of a parquet file."""

import numpy as np

from graphsage.data.tables.numbers import NUMBER, STRAY_SHARE, refuse_text

ITEM = NUMBER.strip("^$")
BETWEEN = r"(?:\s*[,;|]\s*|\s+)"
INSIDE = rf"\s*{ITEM}(?:{BETWEEN}{ITEM})+\s*[,;]?\s*"
BRACKETED = rf"^(?:\[\s*{ITEM}\s*,?\s*\]|\[{INSIDE}\]|\({INSIDE}\)|\{{{INSIDE}\}})$"
BARE = rf"^{INSIDE}$"
#: what would be a vector if its numbers were all there: "[0.1, nan]", "[1 2 ... 9]", "[]"
LACKING = rf"(?:{ITEM}|nan|null|none|-?inf|\.\.\.|[\s,;|])*"
NEARLY = rf"(?i)^(?:\[{LACKING}\]|\{{{LACKING}\}})$"  # (0.1, 0.2] is an interval
#: how Python and R write one beside its numbers: array([1, 2], dtype=float32), tensor([1, 2]), c(1, 2), np.float64(1)
WRITTEN = ((r"np\.float[0-9]+\(([^()]*)\)", r"\1"), (r"(?s)^[a-z.]*(?:array|tensor|\bc)(\(.*\))$", r"\1"),
           (r"(?s)^\((\[.*\])(?:,\s*dtype=[\w.]+)?\)$", r"\1"))  # fmt: skip
HEAD = 100  # texts that are looked at first
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
    if not present or str(column.type) != "large_string":
        return None
    if not pc.any(_is_vector(_as_numbers_alone(column.drop_null()[:HEAD]))).as_py():
        return None
    column = _as_numbers_alone(column)
    found = pc.fill_null(_is_vector(column), False)
    if pc.sum(found).as_py() < (1 - STRAY_SHARE) * present:
        return None
    return _unfolded(_split(column, found)) if _is_meant(column, found) else None


def refuse_nearly_vectors(table, name, column):
    """Raise where nearly all texts are vectors but for numbers that are missing: nobody means words by them."""
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(_as_numbers_alone(column.drop_null()[:HEAD]), NEARLY)).as_py():
        return
    column = _as_numbers_alone(column)
    nearly = pc.fill_null(pc.match_substring_regex(column, NEARLY), False)
    if pc.sum(nearly).as_py() >= (1 - STRAY_SHARE) * (len(column) - column.null_count):
        odd = pc.and_(nearly, pc.invert(pc.fill_null(_is_vector(column), False))).to_numpy(zero_copy_only=False)
        rule = "a vector's numbers must be there and finite (leave it empty where there is none)"
        refuse_text(table, 0, name, column, int(np.argmax(odd)), rule)


def _as_numbers_alone(texts):
    """Without what Python and R write beside the numbers of a vector."""
    import pyarrow.compute as pc

    for rule, kept in WRITTEN:
        texts = pc.replace_substring_regex(texts, rule, kept)
    return texts


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
