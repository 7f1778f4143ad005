"""Recent: the last edges of a row in the order of their times."""

from dataclasses import dataclass
from typing import Any

from graphsage.base.jit import inline, prefetch
from graphsage.sampling.gaps import skip_gaps


@dataclass(frozen=True)
class Recent:
    """The min(k, degree) edges of a row with the latest times; of equal times those that stand last in the row.

    Needs times: of the graph's edges, or of its nodes. Nothing of it is random: every epoch sees the same neighbours.
    """

    by_time = True
    by_weight = False
    replace = False

    def scratch(self, k: int) -> int:
        """int64 entries that ``pick_recent`` needs."""
        return 1

    def parameters(self, stand_in: bool, rows: Any, key: Any) -> tuple:
        """What kernels take as ``draw``."""
        return False, stand_in, None


@inline
def pick_recent(draw, k, indices, positions, start, head, degree, key, hop_key, table, excluded, gaps):
    """The last k positions of the row from ``head`` on to ``positions[start:]``, asking for ``indices`` there."""
    for j in range(k):
        positions[start + j] = head + degree - k + j
    prefetch(indices, head + degree - k)
    skip_gaps(excluded, gaps, positions, start, k)
