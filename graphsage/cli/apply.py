"""``graphsage evaluate``, ``predict`` and ``embed``: a trained model on the graph of its training, a grown one, or another."""

from dataclasses import fields
from numbers import Integral, Real
from pathlib import Path

from graphsage.base.files import readable
from graphsage.base.progress import progress_of
from graphsage.cli.arguments import (
    add_flag,
    add_split,
    given_split,
    in_its_place,
    integers,
    let_threads_sleep,
    node_rows,
    of_the_system,
    user_input,
)
from graphsage.cli.console import on_one_line
from graphsage.config.settings import TrainConfig

PARTS = ("train", "val", "test")
LABELS = {"train": "train", "val": "validation", "test": "test", "all": "all with a label"}
FEW = 5  # rows, and columns of an embedding, that are shown

HOW = """
RUN is the folder of a run (`graphsage train --out RUN`), or its model.safetensors.
DATASET may be any graph whose nodes have the same features: the one of the training
(default), the same one grown by new nodes and edges, or another. The model needs no
further training for nodes that it has never seen. A folder with tables is read as
the tables of the training were: same columns, same classes.
Outputs are exact, from all neighbours, unless --sampled is given. A model that learned
by --draw weighted or recent, or from nodes with times, which see what was there until
then, has none of all neighbours: its own are always --sampled.
"""

EVALUATE = f"""Compare a trained model's predictions with the labels of a graph: loss, and every
score that suits the task.
{HOW}"""

PREDICT = f"""Predict the class of each node and its probability, or its numbers, into a table
with a row a node under its own id. Where a node has several labels, the table has
those whose probability is above the label's threshold, which was chosen on the
validation nodes (1/2 where there were none), and a column for the probability of each.
{HOW}"""

EMBED = f"""Write an embedding of each node: what goes into the model's last layer, float32.

NAME.npy has one row a node in the graph's order, and is written without being held
in memory; NAME.parquet has the nodes' own ids as well. A model of one layer has no
embedding: what goes into its last layer are the features.
{HOW}"""

EXAMPLES = {
    "evaluate": """examples:
  graphsage evaluate runs/cora-1                     on the graph it was trained on
  graphsage evaluate runs/cora-1 --sampled           as in training, from drawn neighbours
  graphsage evaluate runs/twitch-de-1 twitch-fr      on another country's graph
""",
    "predict": """examples:
  graphsage predict runs/debian-1                    all nodes, to runs/debian-1/predict.csv
  graphsage predict runs/debian-1 --nodes bash,vim --probabilities
  graphsage predict runs/cora-1 --part test --out test.parquet
  graphsage predict runs/mine-1 path/to/grown/folder --out new.csv
""",
    "embed": """examples:
  graphsage embed runs/debian-1                      to runs/debian-1/embed.npy
  graphsage embed runs/mine-1 path/to/grown/folder --out new.parquet
""",
}


def add_apply(commands):
    """The three commands."""
    _add(commands, "evaluate", "score a trained model on a graph", EVALUATE, _evaluate)
    predict = _add(commands, "predict", "predict labels of nodes with a trained model", PREDICT, _predict)
    only = predict.add_mutually_exclusive_group()
    text = "these nodes only, in this order: numbers, or names where the nodes have some ('\"a, b\",c': one has a comma)"
    only.add_argument("--nodes", type=readable, metavar="A,B", help=text)
    only.add_argument("--part", choices=PARTS, help="the nodes of this part of the split only")
    text = "a column for the probability of each class"
    predict.add_argument("--probabilities", action="store_true", help=text)
    predict.add_argument("--out", metavar="FILE", help="NAME.csv or NAME.parquet (default: predict.csv in the run's folder)")
    embed = _add(commands, "embed", "write an embedding of each node with a trained model", EMBED, _embed)
    embed.add_argument("--out", metavar="FILE", help="NAME.npy or NAME.parquet (default: embed.npy in the run's folder)")


def _add(commands, name, help_text, description, command):
    parser = commands.add_parser(
        name,
        help=help_text,
        usage=f"graphsage {name} RUN [DATASET] [flags]",
        description=description,
        epilog=EXAMPLES[name],
    )
    parser.add_argument("run", metavar="RUN", help="folder of a run, or its model.safetensors")
    text = "name, folder, or file NAME.npz of a graph (default: the one of the training)"
    parser.add_argument("dataset", nargs="?", metavar="DATASET", help=text)
    add_split(parser)
    parser.add_argument("--sampled", action="store_true", help="from neighbours drawn at random, as in training")
    text = "with --sampled: neighbours drawn a layer, seeds' side first; -1 takes all (default: as in training)"
    parser.add_argument("--fanouts", type=integers, metavar="K,K", help=text)
    parser.add_argument("--seed", type=int, metavar="N", help="with --sampled: of the draws (default: 0)")
    add_flag(parser, next(field for field in fields(TrainConfig) if field.name == "device"))
    parser.set_defaults(command=command)
    return parser


def _evaluate(options):
    with user_input():
        trained, dataset, how, _ = _given(options)
        trained.check(dataset, labels=True, **how)
    with of_the_system(), progress_of("evaluating") as progress:
        scores = trained.evaluate(dataset, **how, progress=progress)
    print(dataset.summary())
    _say_if_other(options, trained, dataset)
    if options.dataset is not None:
        print("The split is that of this dataset: in any part of it there may be nodes that the model was trained on.")
    print(_table(_scores(scores, trained.metric)))
    if scores["all"].get("micro_f1") == 0:
        print("A micro-F1 of 0 %: no node gets a label that it has. Train longer, or with a smaller --weight-decay.")


def _predict(options):
    with user_input():
        trained, dataset, how, path = _given(options, "predict", (".csv", ".parquet"))
        nodes, extra = _nodes(options, dataset), {"probabilities": options.probabilities}
        trained.check(dataset, **how)
    found = _predicted(path, trained, dataset, nodes, how, extra)
    from graphsage.training.thresholds import told_of_nobody

    first = found[:FEW].columns(dataset, **extra)
    _say_if_other(options, trained, dataset)
    print(f"Saved in {path}: {len(found):,} rows{', of which the first' if len(found) > FEW else ''}")
    rows = [[*map(_cell, first)], *([_cell(value) for value in row] for row in zip(*first.values()))]
    print(_table([row[:FEW] for row in rows]))
    if trained.task == "multilabel" and (line := told_of_nobody(found.labels)):
        print(line)


def _predicted(path, trained, dataset, nodes, how, extra):
    """The ``Predictions``, written to ``path``."""
    from graphsage.trained.tables_out import write_table

    with of_the_system(), progress_of("predicting") as progress:
        found = trained.predict(dataset, nodes, **how, progress=progress)
    with of_the_system(), progress_of("writing") as progress:
        write_table(path, _chunks(found, dataset, extra, progress))
    return found


def _embed(options):
    with user_input():
        trained, dataset, how, path = _given(options, "embed", (".npy", ".parquet"))
        trained.check(dataset, embeds=True, **how)
    import numpy as np

    from graphsage.trained.outputs import write_embedding
    from graphsage.trained.predictions import node_names

    with of_the_system(), progress_of("embedding") as progress:
        rows = write_embedding(path, trained, dataset, **how, progress=progress)
    shape = ", ".join(f"{size:,}" for size in rows.shape)
    _say_if_other(options, trained, dataset)
    print(f"Saved in {path}: float32 [{shape}], a row a node in the graph's order, of which the first begin")
    names = node_names(dataset, np.arange(len(rows))[:FEW])
    print(_table([[_cell(name), *map(_cell, row[:FEW])] for name, row in zip(names, rows)]))


def _chunks(found, dataset, extra, progress):
    """The columns of the predictions, so many rows at a time."""
    from graphsage.trained.tables_out import slices

    for rows in slices(len(found)):
        yield found[rows].columns(dataset, **extra)
        progress(min(rows.stop, len(found)), len(found))


# ---- what was asked for


def _given(options, name=None, suffixes=()):
    """(``Trained``, ``NodeDataset``, keywords of its methods, path of the output); what is quick to check comes first."""
    let_threads_sleep()
    from graphsage.data.catalogue import load_dataset
    from graphsage.trained.save import load_trained, trained_on
    from graphsage.trained.tables_out import check_path

    trained = load_trained(options.run)
    is_sampled = options.sampled or trained.is_drawn
    for flag in ("fanouts", "seed"):
        if getattr(options, flag) is not None and not is_sampled:
            raise ValueError(f"--{flag} is for --sampled: exact outputs are from all neighbours")
    path = check_path(_out(options, f"{name}{suffixes[0]}"), suffixes) if suffixes else None
    wanted = {"name_or_path": options.dataset} if options.dataset is not None else trained_on(options.run)
    schema = {} if trained.schema is None else {"schema": trained.schema}
    command = f"graphsage {options.parser.prog.split()[-1]} {options.run} DATASET"
    with in_its_place(options.dataset is None, command):
        dataset = load_dataset(**{**wanted, **given_split(options), **schema})
    how = {"device": options.device} if "device" in options else {}
    if is_sampled:
        how |= {"fanouts": options.fanouts or (None if trained.is_drawn else trained.fanouts), "seed": options.seed or 0}
    return trained, dataset, how, path


def _out(options, default):
    """Where to write: --out, or a file beside the model."""
    run = Path(options.run)
    return (run if run.is_dir() else run.parent) / default if options.out is None else options.out


def _nodes(options, dataset):
    """Rows of the nodes asked for; None for all."""
    if options.nodes is not None:
        return node_rows("--nodes", dataset, options.nodes)
    return None if options.part is None else sorted(getattr(dataset, options.part).tolist())


# ---- what is shown


def _say_if_other(options, trained, dataset):
    """A line where the data are not those of the training: others were named, they have grown, or they were changed."""
    from graphsage.runs.checkpoint import differences, identity
    from graphsage.runs.run_folder import identity_in

    run = Path(options.run)
    then = identity_in(run if run.is_dir() else run.parent) or {}
    changes = differences(then, identity(dataset.row_normalized() if trained.normalized_features else dataset))
    if "split" in options:  # another was asked for
        changes = [change for change in changes if not change.startswith(("split", "labels"))]
    sizes = [change for change in changes if "checksum" not in change]
    if changes:
        other = dict.fromkeys(change.partition(" checksum")[0].removeprefix("all ") for change in changes)
        print(f"Not the data of the training: {'; '.join(sizes) or 'as many, but other ' + ', '.join(other)}.")


def _scores(scores, metric):
    """Rows of a table, the titles first; the score that chose the model is the first of the scores."""
    from graphsage.training.records import loss_text
    from graphsage.training.tasks import METRICS

    first = next(iter(scores.values()))
    names = sorted((name for name in first if name in METRICS), key=lambda name: name != metric)
    titles = ["", "nodes", "loss", *(METRICS[name].label for name in names)]
    shown = {name: METRICS[name].shown for name in names}
    cells = {part: [shown[n](of[n]) if of[n] is not None else "-" for n in names] for part, of in scores.items()}
    return [titles] + [
        [LABELS[part], f"{of['nodes']:,}", loss_text(of["loss"]), *cells[part]] for part, of in scores.items()
    ]


def _cell(value):
    if isinstance(value, str):
        return on_one_line(value)
    return f"{value:.4g}" if isinstance(value, Real) and not isinstance(value, Integral) else str(value)


def _table(rows):
    """Columns side by side: the first from the left, the others from the right."""
    rows = [[cell.strip() for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "  " + "  ".join(f"{cell:{'>' if place else '<'}{width}}" for place, (cell, width) in enumerate(zip(row, widths)))
        for row in rows
    )
