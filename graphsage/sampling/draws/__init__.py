"""The draws, one file each: the rules by which the edges of a row are chosen.

A draw is a small frozen record. ``by_time`` and ``by_weight`` say which order and arrays of the rows it reads; ``parameters``
are what the kernels take, first of all (replace, stand_in), which the size rule reads (``sizes.py``); and a function of its own
writes the positions of k < degree edges. Another draw is another file with those, and a line in ``DRAWS`` and ``PICKS``.
"""

from graphsage.base.checks import one_of
from graphsage.base.jit import inline, inline_by_length
from graphsage.sampling.draws.labor import Labor, ask_row, pick_labor
from graphsage.sampling.draws.recent import Recent, pick_recent
from graphsage.sampling.draws.sizes import entries, takes_all
from graphsage.sampling.draws.uniform import Uniform, pick_uniform
from graphsage.sampling.draws.weighted import Weighted, pick_weighted

__all__ = [
    "DRAWS", "Draw", "Labor", "Recent", "Uniform", "Weighted", "as_draw", "ask_ahead", "entries", "pick", "refuse_unfit",
    "takes_all",
]  # fmt: skip

Draw = Uniform | Weighted | Recent | Labor

DRAWS = {"uniform": Uniform, "weighted": Weighted, "recent": Recent, "labor": Labor}

#: ``pick(draw, k, indices, positions, start, head, degree, key, hop_key, table, excluded, gaps)``: k < degree positions (with
#: replacement any k) of the row that begins at ``head`` and has ``degree`` edges beside its gaps (``graphsage.sampling.gaps``),
#: to ``positions[start:]``. key: of the row. By the number of parameters.
PICKS = {2: pick_uniform, 3: pick_recent, 4: pick_labor, 5: pick_weighted}
pick = inline_by_length(PICKS)


@inline
def _ask_nothing(draw, indptr, indices, v):
    pass


#: ``ask_ahead(draw, indptr, indices, v)``: ask for what ``pick`` will read of row v.
ask_ahead = inline_by_length({length: ask_row if found is pick_labor else _ask_nothing for length, found in PICKS.items()})


def as_draw(draw, replace):
    """The record of a draw that was named, or given as a record; ``replace`` belongs to a named one."""
    if type(draw) in DRAWS.values():
        if replace and not draw.replace:
            raise ValueError(f"replace = True and draw = {draw} disagree: say it in the draw")
        return draw
    made = DRAWS[one_of("draw", draw, tuple(DRAWS))]
    if "replace" in made.__dataclass_fields__:
        return made(replace)
    if replace:
        raise ValueError(f'draw = "{draw}" takes distinct edges: replace = True is for "uniform" and "weighted"')
    return made()


def refuse_unfit(draw, graph, weights):
    """Raise if ``graph`` (None: one without) has weights that the draw would pass over, or none where it draws by them."""
    if draw.by_weight and (graph is None or graph.weights is None):
        rule = "pass Graph.from_edges(..., weights=); of tables: a column weight of edges"
        raise ValueError(f"draw = {draw} needs weights, and the graph has none: {rule}")
    if not draw.by_weight and graph is not None:
        graph.refuse_weights("refuse" if weights == "auto" else weights)
