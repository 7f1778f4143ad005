"""``graphsage evaluate``, ``predict`` and ``embed``: a trained model on the graph of its training, a grown one, or another."""

from argparse import BooleanOptionalAction
from dataclasses import fields
from functools import partial
from pathlib import Path

from graphsage.base.files import readable
from graphsage.base.progress import progress_of
from graphsage.base.told import side_by_side
from graphsage.cli import apply_links
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
from graphsage.cli.exact_room import check_memory, exact_room
from graphsage.cli.next_step import after_training
from graphsage.cli.ranked import on_all, refuse_several
from graphsage.cli.tables_shown import score_rows, show_embedding, show_first, write_embeddings, write_rows
from graphsage.config.settings import TrainConfig

PARTS = ("train", "val", "test")
LABELS = {"train": "train", "val": "validation", "test": "test", "all": "all with a label"}

HOW = """
RUN is the folder of a run (`graphsage train` names it at its end), or the file
model.safetensors in it. {several}

DATASET may be any graph whose nodes have the same features: the one of the training
(default), the same one grown by new nodes and edges, or another. The model needs no
further training for nodes that it has never seen. A folder with tables is read as the
tables of the training were: same columns, same classes.

Outputs are exact, from all neighbours, unless --sampled is given. A model that learned
by --draw weighted or recent, or from nodes with times, is always asked as it learned,
by drawn neighbours. Where exact outputs need more memory than is free (or --memory), they
go through files, and a line says so.
"""
AVERAGED = HOW.format(several="""Of several runs (`train --runs N`) the probabilities are averaged;
name a folder in theirs for one of them.""")

EVALUATE = f"""Compare a trained model's predictions with the labels of a graph: loss, and every
score that suits the task. A model of links is compared with the links that the training
kept for validation and test.
{AVERAGED}"""

PREDICT = f"""Predict the class of each node and its probability, or its numbers. They go into a table
with a row for each node, under its own id. Where nodes have several labels, the table has
those whose probability is above the label's threshold, which was chosen on the validation
nodes (1/2 where there were none), and a column for the probability of each label.

A model of links gives the probability of each pair in FILE (--pairs), or the best partners
of some nodes (--nodes) among all nodes that they are not linked with.
{AVERAGED}"""

EMBED = f"""Write an embedding of each node: what goes into the model's last layer, float32.

NAME.npy has a row for each node, in the graph's order. It is written piece by piece, never
held in memory. NAME.parquet has the nodes' own ids as well. After a kill the same command
goes on where it was, in the folder NAME.npy.unfinished. Where nodes have types
there is a file for each, NAME.TYPE.npy. A model of one layer has no embedding: what
goes into its last layer are the features. Of a model of links, and of one trained
without labels, the embedding is what the last layer makes.
{HOW.format(several="Of several runs name one: runs/NAME/0.")}"""

EXAMPLES = {
    "evaluate": """examples:
  graphsage evaluate runs/cora-1                 on the graph of its training
  graphsage evaluate runs/cora-1 --sampled       by neighbours that are drawn
  graphsage evaluate runs/twitch-de-1 twitch-fr  on another country's graph
""",
    "predict": """examples:
  graphsage predict runs/debian-1      all nodes, into runs/debian-1/predict.csv
  graphsage predict runs/debian-1 --nodes bash,vim --probabilities
  graphsage predict runs/cora-1 --part test --out test.parquet
  graphsage predict runs/cora-2        the mean of `train cora --runs 10`
  graphsage predict runs/mine-1 path/to/grown/folder --out new.csv
  graphsage predict runs/links-1 --pairs pairs.csv  is each pair a link?
  graphsage predict runs/links-1 --nodes bash,vim --top 10
""",
    "embed": """examples:
  graphsage embed runs/debian-1                  into runs/debian-1/embed.npy
  graphsage embed runs/mine-1 path/to/grown/folder --out new.parquet
""",
}


def add_apply(commands):
    """The three commands."""
    evaluate = _add(commands, "evaluate", "score a trained model on a graph", EVALUATE, _evaluate)
    predict = _add(commands, "predict", "predict labels of nodes with a trained model", PREDICT, _predict)
    only = predict.add_mutually_exclusive_group()
    text = "these nodes only, in this order: ids, or numbers if there are none; quotes go around a comma ('\"a, b\",c')"
    only.add_argument("--nodes", type=readable, metavar="A,B", help=text)
    only.add_argument("--part", choices=PARTS, help="the nodes of this part of the split only")
    text = "a column for the probability of each class"
    for parser in (evaluate, predict):
        _add_after(parser)
    apply_links.add_flags(predict, only)
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
    text = "with --sampled: neighbours drawn for each node, a number for each layer; -1 takes all (default: as in training)"
    parser.add_argument("--fanouts", type=integers, metavar="K,K", help=text)
    parser.add_argument("--seed", type=int, metavar="N", help="with --sampled: fixes the draws (default: 0)")
    for name in ("device", "memory"):
        add_flag(parser, next(field for field in fields(TrainConfig) if field.name == name))
    parser.set_defaults(command=partial(on_all, command), ranked=True)
    return parser


def _add_after(parser):
    """What comes after the model."""
    text = "RUN must be the folder of several runs (`graphsage train --runs N`); their probabilities are averaged in any case"
    parser.add_argument("--runs", action="store_true", help=text)
    text = "spread the labels of the graph's training nodes along edges, too (default: as in training)"
    parser.add_argument("--correct-and-smooth", action=BooleanOptionalAction, help=text)


def _evaluate(options):
    with user_input():
        trained, dataset, how, _ = _given(options)
        of_links = trained.task == "links"
        trained.check(dataset, **({} if of_links else {"labels": True}), **how)
    if of_links:
        _say_if_other(options, trained, dataset)
        apply_links.evaluate(options, trained, dataset, how)
        return
    with of_the_system(), progress_of("evaluating") as progress, exact_room(options, trained) as room:
        scores = trained.evaluate(dataset, **how, **room, progress=progress)
    print(dataset.summary())
    _say_of_several(options, trained)
    _say_if_other(options, trained, dataset)
    if options.dataset is not None:
        print("The split is that of this dataset: in any part of it there may be nodes that the model was trained on.")
    print("\n".join(side_by_side(_scores(scores, trained.metric))))
    if scores["all"].get("micro_f1") == 0:
        print("A micro-F1 of 0 %: no node gets a label that it has. Train longer, or with a smaller --weight-decay.")
    else:
        print(after_training(options.run, "nodes", several=options.runs, dataset=options.dataset))


def _predict(options):
    with user_input():
        trained, dataset, how, path = _given(options, "predict", (".csv", ".parquet"))
        of_links, extra = trained.task == "links", {"probabilities": options.probabilities}
        nodes = None if of_links else _nodes(options, dataset)
        trained.check(dataset, **how)
    if of_links:
        _say_if_other(options, trained, dataset)
        apply_links.predict(options, trained, dataset, how, path)
        return
    from graphsage.training.label_task import targets_of
    from graphsage.training.thresholds import told_of_nobody

    targets = targets_of(dataset)
    with of_the_system(), exact_room(options, trained, path) as room:
        with progress_of("predicting") as progress:
            found = trained.predict(dataset, nodes, **how, **room, progress=progress)
        write_rows(path, found, targets, **extra)

    _say_of_several(options, trained)
    _say_if_other(options, trained, dataset)
    show_first(path, found, targets, **extra)
    if trained.task == "multilabel" and (line := told_of_nobody(found.labels)):
        print(line)


def _embed(options):
    with user_input():
        trained, dataset, how, path = _given(options, "embed", (".npy", ".parquet"))
        trained.check(dataset, embeds=True, **how)
    with of_the_system(), progress_of("embedding") as progress, exact_room(options, trained, path) as room:
        found = write_embeddings(path, trained, dataset, progress=progress, **how, **room)
    _say_if_other(options, trained, dataset)
    for place, rows, names, kind in found:
        show_embedding(place, rows, names, kind)


# ---- what was asked for


def _given(options, name=None, suffixes=()):
    """(``Trained``, ``NodeDataset``, keywords of its methods, path of the output); what is quick to check comes first."""
    let_threads_sleep()
    from graphsage.data.catalogue import load_dataset
    from graphsage.shards.cut import are_shards
    from graphsage.trained.averaged import is_of_several, load_runs
    from graphsage.trained.save import load_trained, trained_on
    from graphsage.trained.tables_out import check_path

    options.runs = "runs" in options and (options.runs or is_of_several(options.run))
    trained = load_runs(options.run) if options.runs else load_trained(options.run)
    if trained.task == "unsupervised" and name != "embed":
        raise ValueError(f"{options.run} was trained without labels and gives embeddings alone: graphsage embed {options.run}")
    apply_links.refuse_unused(options, trained)
    is_sampled = options.sampled or trained.is_drawn
    for flag in ("fanouts", "seed"):
        if getattr(options, flag) is not None and not is_sampled:
            raise ValueError(f"--{flag} is for --sampled: exact outputs are from all neighbours")
    check_memory(options, is_sampled)
    path = check_path(_out(options, f"{name}{suffixes[0]}"), suffixes) if suffixes else None
    wanted = {"name_or_path": options.dataset} if options.dataset is not None else trained_on(_one_run(options))
    schema = {} if trained.schema is None else {"schema": trained.schema}
    command = f"graphsage {options.parser.prog.split()[-1]} {options.run} DATASET"
    if not are_shards(wanted["name_or_path"]):
        refuse_several()
    with in_its_place(options.dataset is None, command):
        dataset = load_dataset(**{**wanted, **given_split(options), **schema})
    how = {"device": options.device} if "device" in options else {}
    if getattr(options, "correct_and_smooth", None) is not None:
        how |= {"correct_and_smooth": options.correct_and_smooth}
    if is_sampled:
        how |= {"fanouts": options.fanouts or (None if trained.is_drawn else trained.fanouts), "seed": options.seed or 0}
    return trained, dataset, how, path


def _out(options, default):
    """Where to write: --out, or a file beside the model; of a process that is not the first, a file that is thrown away."""
    if options.aside is not None:
        return Path(options.aside, Path(options.out or default).name)
    run = Path(options.run)
    return (run if run.is_dir() else run.parent) / default if options.out is None else options.out


def _one_run(options):
    """The run, or the first of several, which are of one dataset."""
    from graphsage.trained.averaged import run_folders

    return run_folders(options.run)[0] if options.runs else options.run


def _nodes(options, dataset):
    """Rows of the nodes asked for; None for all."""
    if options.nodes is not None:
        from graphsage.data.nodes_of_type import nodes_of_type

        return node_rows("--nodes", nodes_of_type(dataset, getattr(dataset, "target", None)), options.nodes)
    return None if options.part is None else sorted(getattr(dataset, options.part).tolist())


# ---- what is shown


def _say_of_several(options, trained):
    if options.runs:
        told = f"The mean of the probabilities of {len(trained.members)} runs"
        print(f"{told}; `graphsage runs {options.run}` has the mean of their scores.")


def _say_if_other(options, trained, dataset):
    """A line where the data are not those of the training: others were named, they have grown, or they were changed."""
    from graphsage.runs.checkpoint import differences, identity
    from graphsage.runs.run_folder import identity_in

    run = Path(_one_run(options))
    then = identity_in(run if run.is_dir() else run.parent) or {}
    seen = trained.featured(dataset)
    seen = seen.row_normalized() if trained.normalized_features else seen
    if trained.task == "links":
        if trained.how_split is None:  # by the caller: there is nothing to compare
            return
        seen = trained.split(seen)
    changes = differences(then, identity(seen))
    if "split" in options:  # another was asked for
        changes = [change for change in changes if not change.startswith(("split", "labels"))]
    sizes = [change for change in changes if "checksum" not in change]
    if changes:
        other = dict.fromkeys(change.partition(" checksum")[0].removeprefix("all ") for change in changes)
        print(f"Not the data of the training: {'; '.join(sizes) or 'as many, but other ' + ', '.join(other)}.")


def _scores(scores, metric):
    """Rows of a table, the titles first; the score that chose the model is the first of the scores."""
    from graphsage.training.tasks import METRICS

    return score_rows(scores, metric, METRICS, LABELS)
