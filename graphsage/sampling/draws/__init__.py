"""The draws, one file each: the rules by which the edges of a row are chosen.

A draw is a small frozen record. ``parameters`` hands the kernels what its stages read: ``takes_all`` says which rows are taken
whole, ``entries`` how many entries a row has by that, ``pick`` writes the positions of k. Another draw is another file with
those, and a line in ``DRAWS``.
"""

from graphsage.base.checks import one_of
from graphsage.sampling.draws.uniform import Uniform, entries, pick, takes_all

__all__ = ["DRAWS", "Uniform", "as_draw", "entries", "pick", "takes_all"]

DRAWS = {"uniform": Uniform}


def as_draw(draw, replace):
    """The record of a draw that was named, or given as a record; ``replace`` belongs to a named one."""
    if type(draw) in DRAWS.values():
        if replace and not draw.replace:
            raise ValueError(f"replace = True and draw = {draw} disagree: say it in the draw")
        return draw
    return DRAWS[one_of("draw", draw, tuple(DRAWS))](replace)
