"""Messages: what was packed comes out, whatever its sizes."""

import numpy as np
import pytest

from graphsage.shards.message import head_of, packed, unpacked

ARRAYS = [
    np.arange(3, dtype=np.int32), np.empty((0, 4), np.float32), np.array([True]), np.arange(12.0).reshape(3, 4)[:, ::2],
    np.array([2**63], np.uint64),
]  # fmt: skip


@pytest.mark.parametrize("count", range(len(ARRAYS) + 1))
def test_what_was_packed_comes_out(count):
    message = packed(6, ["rows", {"key": 2**64 - 1, "name": "ä"}], ARRAYS[:count])
    values, arrays = unpacked(message)
    assert values == ["rows", {"key": 2**64 - 1, "name": "ä"}]
    assert head_of(message[:24])[0] == len(message)
    assert head_of(message)[2] == 6
    for found, expected in zip(arrays, ARRAYS[:count], strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
