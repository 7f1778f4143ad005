"""Rows of integers by place are those by hashes, whatever comes in which order, and however far apart."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from graphsage.data.tables import integer_rows
from graphsage.data.tables.ids import NodeIndex, as_texts
from graphsage.data.tables.integer_rows import IntegerRows

pa = pytest.importorskip("pyarrow")

near, any_integer = st.integers(0, 40), st.integers(-(2**63), 2**63 - 1)
columns = st.lists(st.lists(near | any_integer, max_size=12) | st.lists(near, max_size=12), max_size=5)


@given(columns, st.lists(near | any_integer, unique=True, max_size=9), st.booleans(), st.booleans())
def test_rows_are_those_by_hashes(parts, known, grows, has_texts):
    by_place, by_hash = (NodeIndex(pa.array(known, pa.int64()), grows=grows) for _ in range(2))
    by_hash._places = None
    parts = [pa.array(part, pa.int64()) for part in parts]
    for part in [*parts, *([pa.array(["7", "x"], pa.large_string())] if has_texts else []), *parts[::-1]]:
        rows, wanted = by_place.rows(part), by_hash.rows(part)
        assert rows.dtype == wanted.dtype == np.int32
        names, others = (index.ids.to_pylist() for index in (by_place, by_hash))
        assert [names[row] if row >= 0 else None for row in rows] == [others[row] if row >= 0 else None for row in wanted]
    (ids, places), (wanted, _) = by_place.ordered(len(known)), by_hash.ordered(len(known))
    assert ids.equals(wanted) and [ids[place] for place in places.tolist()] == list(by_place.ids)


def test_integers_far_apart_have_no_place():
    small = integer_rows.SMALL
    assert IntegerRows.fits(np.array([0, small - 1]), 2) and not IntegerRows.fits(np.array([0, small]), 2)
    assert IntegerRows.fits(np.array([small]), small) and not IntegerRows.fits(np.array([-1]), small)
    index = NodeIndex(pa.array([5, 7]), grows=True)
    assert index.rows(pa.array([7, 9])).tolist() == [1, 2] and index._places is not None
    assert index.rows(pa.array([7, 10**15])).tolist() == [1, 3] and index._places is None
    assert as_texts(index.ids).to_pylist() == ["5", "7", "9", str(10**15)]
