"""What a model says, as tables: the whole in a file, its first rows on the screen."""

from numbers import Integral, Real

from graphsage.base.progress import progress_of
from graphsage.base.told import side_by_side
from graphsage.cli.arguments import of_the_system
from graphsage.cli.console import on_one_line

FEW = 5  # rows, and columns of an embedding, that are shown


def write_rows(path, found, dataset, **extra):
    """Write the table ``found`` (``Predictions`` and the like), some rows at a time; extra: keywords of its ``columns``."""
    from graphsage.trained.tables_out import slices, write_table

    def chunks(progress):
        for rows in slices(len(found)):
            yield found[rows].columns(dataset, **extra)
            progress(min(rows.stop, len(found)), len(found))

    with of_the_system(), progress_of("writing") as progress:
        write_table(path, chunks(progress))


def show_first(path, found, dataset, few=FEW, **extra):
    """A line about the file, and the first rows of the table in it."""
    first = found[:few].columns(dataset, **extra)
    print(f"Saved in {path}: {len(found):,} rows{', of which the first' if len(found) > few else ''}")
    rows = [[*map(cell, first)], *([cell(value) for value in row] for row in zip(*first.values()))]
    print("\n".join(side_by_side([row[:FEW] for row in rows])))


def write_embeddings(path, trained, dataset, **how):
    """Write the embeddings of a trained model; [(path, rows, names of the first nodes, what a row is of)], one a type."""
    import numpy as np

    from graphsage.trained.outputs import typed_names, write_embedding, write_typed_embedding
    from graphsage.trained.predictions import node_names

    if not hasattr(trained, "embedded"):  # one type
        rows = write_embedding(path, trained, dataset, **how)
        return [(path, rows, node_names(dataset, np.arange(len(rows))[:FEW]), "node")]
    found = write_typed_embedding(path, trained, dataset, **how)
    return [(place, rows, typed_names(dataset, kind)[:FEW], kind) for kind, (place, rows) in found.items()]


def show_embedding(path, rows, names, kind):
    """Lines about a file of embeddings, and how its first rows begin."""
    shape = ", ".join(f"{size:,}" for size in rows.shape)
    each = "a node" if kind == "node" else f"for each {kind}"
    print(f"Saved in {path}: float32 [{shape}], a row {each} in the graph's order, of which the first begin")
    print("\n".join(side_by_side([[cell(name), *map(cell, row[:FEW])] for name, row in zip(names, rows)])))


def cell(value):
    """A value for the screen."""
    if isinstance(value, str):
        return on_one_line(value)
    return f"{value:.4g}" if isinstance(value, Real) and not isinstance(value, Integral) else str(value)


def score_rows(scores, metric, metrics, labels, of="nodes"):
    """Rows of a table of {part: {"loss", ``of``: how many, name: score}}, the titles first.

    metric: the name of the score that chose the model, which is the first; metrics: {name: ``Metric``}; labels: of the parts.
    """
    from graphsage.training.records import loss_text

    first = next(iter(scores.values()))
    names = sorted((name for name in first if name in metrics), key=lambda name: name != metric)
    titles = ["", of, "loss", *(metrics[name].label for name in names)]
    shown = {name: metrics[name].shown for name in names}
    cells = {part: [shown[n](found[n]) if found[n] is not None else "-" for n in names] for part, found in scores.items()}
    return [titles] + [
        [labels[part], f"{found[of]:,}", loss_text(found["loss"]), *cells[part]] for part, found in scores.items()
    ]
