"""``graphsage train``: settings from flags, one or more runs, and what they came to."""

import argparse
import os
import shlex
import sys
from contextlib import contextmanager
from dataclasses import fields, replace

from graphsage.cli.arguments import Refused, add_flag, in_its_place, let_threads_sleep, user_input
from graphsage.cli.console import OutputLost
from graphsage.config.presets import CHOICES
from graphsage.config.settings import GROUPS, LEARNED, RunConfig
from graphsage.config.settings_by_name import PARTS, with_settings
from graphsage.config.table_config import TASKS

OF_RUN = ("split", "runs", "baseline", "tensorboard")  # settings that are flags of their own, before the groups

TRAIN = """Train a GraphSAGE model to tell the class of each node, several labels a node, or numbers;
or (--task links) which nodes are linked, or (--task unsupervised) embeddings without
a look at the labels, from nodes that meet on random walks.

Each epoch prints the training loss and the validation score (accuracy; micro-F1 of
several labels; R^2 of numbers). The model that is best on validation is kept and
tested once, beside baselines: what is most frequent (or the mean), what the labels of
neighbours say (label propagation), gradient-boosted trees on features, and on those and
the mean of the neighbours' (where scikit-learn is installed: pip install
'graphsage[baselines]'; they are left out, and a line says so, where they would take
minutes), and the same model trained without edges (from each node's own features only).
One line says which is best, or that the test nodes are too few to tell.
Numbers may have any unit: they are standardised inside, and predictions and losses
(squared errors) are in theirs. A node gets the labels whose probability is above the
label's threshold, which is chosen on the validation nodes.
With --task links no labels are needed. Some of the links are kept for validation and
test, drawn by the seed or (--split-by time) the latest; the others are what the model
learns from and sees. Each kept link is ranked among --candidates pairs that are none.
Beside the model stand common neighbours, Adamic-Adar, preferential attachment, and the
same model without edges.
Ctrl-C ends the training after the step under way, saves it, and --resume goes on;
with --no-save it tests what there is. `kill PID` (SIGTERM) does the same.
Where nobody reads what is printed (`| head`), a training that is saved goes on.
"""

TRAIN_EXAMPLES = """three ways to train:
  --batch-size 512                          an epoch uses each training node once
  --batch-size 16 --batches-per-epoch 20    an epoch is 20 random batches
  --batch-size full --optimizer rprop       an epoch is one step on the whole graph, nothing is sampled

examples:
  graphsage train --epochs 3                the bundled Debian graph
  graphsage train cora --runs 10            ten seeds, mean and standard deviation
  graphsage train cora --num-layers 3 --fanouts 10,5,5
  graphsage train sbm:nodes=20000,classes=10,homophily=0.7    a random graph
  graphsage train cora --task links         which papers cite each other; then predict RUN --pairs FILE
  graphsage train my_links --task links --split-by time --negatives 5
"""


def add_train(commands):
    """The ``train`` command."""
    parser = commands.add_parser(
        "train",
        help="train a GraphSAGE model and compare it with baselines",
        usage="graphsage train [DATASET] [flags]",
        description=TRAIN,
        epilog=TRAIN_EXAMPLES,
    )
    text = "name (see `graphsage datasets`), folder, or sbm:OPTIONS or rmat:OPTIONS to make one (default: debian)"
    parser.add_argument("dataset", nargs="?", default=argparse.SUPPRESS, metavar="DATASET", help=text)
    text = "what is learned: the label (multiclass: a class a node; regression: a number; auto: by how it is written), "
    text += "which nodes are linked (links), or embeddings without labels (unsupervised)"
    parser.add_argument("--task", choices=(*TASKS, *LEARNED[1:]), default=argparse.SUPPRESS, help=f"{text} (default: auto)")
    text = "defaults that fit the graph, for what no other flag sets; auto looks at the number of training nodes and at their "
    text += "labels; plain: the default that is said beside each flag (default: auto; with --config: what it says)"
    parser.add_argument("--preset", choices=CHOICES, default=argparse.SUPPRESS, help=text)
    for field in fields(RunConfig):
        if field.name in OF_RUN:
            add_flag(parser, field)
    group = parser.add_argument_group("the folder of the run")
    text = "where everything is saved (default: runs/DATASET-1, or -2, ...; several runs: a folder SEED inside for each)"
    group.add_argument("--out", metavar="FOLDER", help=text)
    group.add_argument("--no-save", action="store_false", dest="save", help="save nothing")
    text = "take settings from the config.toml of a run; flags go before them"
    group.add_argument("--config", metavar="FILE", help=text)
    text = "go on with a run that was interrupted: its folder, or a checkpoint in it"
    group.add_argument("--resume", metavar="FOLDER", help=text)
    for title, kind in {**{name: kind for name, kind in PARTS.items() if name != "train"}, **GROUPS}.items():
        group = parser.add_argument_group(title, kind.__doc__.partition("\n")[0].replace("``", ""))
        for field in fields(kind):
            if field.name != "task":  # which stands above, and says more
                add_flag(group, field)
    parser.set_defaults(command=_train)


def _train(options):
    with user_input():
        config, fill, start = _job(options)
        let_threads_sleep()
        # torch: only now, and only for valid settings
        from graphsage.data.catalogue import load_dataset
        from graphsage.data.tables.schema import given_tables, tables_of
        from graphsage.runs.progress_bar import Progress
        from graphsage.runs.run import compare, make_trainer, run_all, summary
        from graphsage.runs.run_folder import lasting_name
        from graphsage.tensors.device import describe

        with in_its_place(options.resume, f"graphsage train DATASET --resume {options.resume}"):
            dataset = load_dataset(config.dataset, split=config.split, **given_tables(config.tables))
        config = replace(config, dataset=lasting_name(config.dataset), tables=tables_of(dataset, config.tables))
        config, preset = fill(config, dataset)
        trainer = make_trainer(replace(config, runs=1), dataset)
        folder, resume = start(config)  # the last of what the user may have to mend
    if folder is not None:
        sys.stdout.meanwhile = f"the training goes on without it, and is saved in {folder}"
    with _training(folder, config.task):
        print(summary(config, trainer))
        if preset:
            print(preset)
        print(f"Training on {describe(trainer.device)}, {_seeds(config)}" + (f", in {folder}" if folder else ""), flush=True)
        if config.tensorboard:
            print(f"Watch it: tensorboard --logdir {folder}", flush=True)
        progress = Progress()
        results = run_all(config, dataset, trainer=trainer, folder=folder, resume=resume, progress=[progress], log=progress.log)
    if len(results) < config.runs:
        print(f"Interrupted: {len(results)} of {config.runs} runs count.")
    is_cut = len(results) < config.runs or results[-1].interrupted
    if any(result.result.test_score is not None or not result.interrupted for result in results):
        print(compare(results, config.task, dataset))
    if is_cut and folder is not None:
        _say_how_to_go_on(folder, config.task)
    return 130 if is_cut else 0


def _seeds(config):
    first, last = config.train.seed, config.train.seed + config.runs - 1
    return f"seed {first}" if first == last else f"seeds {first} to {last}"


@contextmanager
def _training(folder, task):
    """Around the training: errors that the user can mend become a sentence."""
    from graphsage.base.checks import TooLarge
    from graphsage.base.files import InUse
    from graphsage.runs.checkpoint import CheckpointError
    from graphsage.training.records import TrainingStopped

    try:
        yield
    except (TrainingStopped, CheckpointError, TooLarge, InUse) as error:
        raise Refused(str(error)) from error
    except OutputLost as lost:  # only without a folder
        if lost.is_silent:
            print(f"graphsage: {lost}: the training ends, as --no-save keeps nothing of it", file=sys.stderr)
        raise
    except KeyboardInterrupt:
        if folder is not None:
            _say_how_to_go_on(folder, task)
        raise


def _say_how_to_go_on(folder, task):
    name = shlex.quote(str(folder))
    print(f"Go on with it:       graphsage train --resume {name}")
    if os.path.exists(os.path.join(folder, "model.safetensors")):
        use = "Embed what there is: graphsage embed" if task == "unsupervised" else "Score what there is: graphsage evaluate"
        print(f"{use} {name}")


# ---- what to do


def _job(options):
    """(RunConfig, function(RunConfig, dataset) -> (final one, the line on its preset), function(final RunConfig) -> (folder or
    None, what to resume)) of a new run or one to go on with."""
    if options.resume is not None:
        return _resumed(options)
    flags = {name: value for name, value in vars(options).items() if name != "preset"}
    config = with_settings(RunConfig() if options.config is None else _config_of(options.config), flags)
    if not options.save:
        if options.out is not None:
            raise ValueError("--out names a folder to save in, and --no-save says to save nothing: leave one out")
        unused = [name for name in ("checkpoint_every", "checkpoint_seconds", "keep_checkpoints") if name in vars(options)]
        if unused:
            flag = "--" + unused[0].replace("_", "-")
            raise ValueError(f"{flag} is about saving, and --no-save says to save nothing: leave one out")
        if config.tensorboard:
            raise ValueError("--tensorboard writes into the folder of the run, and --no-save says to make none: leave one out")
        return config, _preset(options, config), lambda config: (None, False)
    return config, _preset(options, config), lambda config: (_made(config, options.out), False)


def _preset(options, config):
    """function(RunConfig, dataset) -> (final one, the line on its preset): of the flag, else of the file, else auto."""
    name = getattr(options, "preset", "auto" if options.config is None else config.preset)
    given = vars(options).keys() | (set() if options.config is None else _settings_in(options))

    def fill(config, dataset):
        from graphsage.runs.suggested import filled  # brings numba

        return (config, "") if name is None else filled(config, dataset, name, given)

    return fill


def _settings_in(options):
    from graphsage.config.toml import is_whole, settings_in

    if "preset" in options and is_whole(options.config):
        rule = f"would change nothing, as {options.config} names every setting: leave one out"
        raise ValueError(f"--preset {options.preset} {rule}")
    return settings_in(options.config)


def _config_of(path):
    from graphsage.config.toml import read_config
    from graphsage.data.catalogue import recorded

    config = read_config(path)
    return replace(config, dataset=recorded(config.dataset))


def _made(config, out):
    from graphsage.runs.run_folder import make_run_folder

    return make_run_folder(config, out)


def _resumed(options):
    from graphsage.data.catalogue import recorded
    from graphsage.runs.resume import free
    from graphsage.runs.run_folder import open_run_folder

    folder, checkpoint, config = open_run_folder(options.resume)
    settings = {field.name for kind in (RunConfig, *PARTS.values()) for field in fields(kind)}
    may_change = free(config.train) | {"dataset"}  # its folder may have moved: what is in it must be the same
    fixed = [name for name in vars(options) if name in settings - may_change]
    if fixed or options.config or options.out or not options.save:
        flags = ", ".join("--" + name.replace("_", "-") for name in sorted(may_change - {"dataset"}))
        rule = "goes on with the settings and the folder of the run"
        raise ValueError(f"--resume {rule}: beside it only {flags} may be given, and the place of a dataset that moved")
    config = with_settings(replace(config, dataset=recorded(config.dataset)), vars(options))

    return config, lambda config, dataset: (config, ""), lambda config: (folder, checkpoint or True)
