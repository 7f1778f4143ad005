"""The draws, one file each: the rules by which the edges of a row are chosen.

A draw is a small frozen record. ``parameters`` hands the kernels what its two stages read: ``entries`` says how many entries a
row has, ``pick`` writes their positions. Another draw is another file with those, and a line in ``DRAWS``.
"""

from graphsage.base.checks import one_of
from graphsage.sampling.draws.uniform import Uniform, entries, pick

__all__ = ["DRAWS", "Uniform", "as_draw", "entries", "pick"]

DRAWS = {"uniform": Uniform}


def as_draw(draw, replace):
    """The record of a draw that was named, or given as a record; ``replace`` belongs to a named one."""
    if type(draw) in DRAWS.values():
        return draw
    return DRAWS[one_of("draw", draw, tuple(DRAWS))](replace)
