"""``graphsage train``: settings from flags, one or more runs, and what they came to."""

import argparse
import os
import shlex
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import fields, replace

from graphsage.base.told import shown
from graphsage.cli.arguments import HelpOf, Parser, Refused, add_flag, in_its_place, let_threads_sleep, user_input
from graphsage.cli.console import OutputLost
from graphsage.cli.next_step import after_training
from graphsage.cli.ranked import one_training
from graphsage.cli.train_texts import EXAMPLES, MANUAL, MORE, TRAIN
from graphsage.config.depth import implied, of_one_depth
from graphsage.config.groups import ModelConfig
from graphsage.config.presets import CHOICES
from graphsage.config.run_files import CONFIG
from graphsage.config.settings import GROUPS, LEARNED, RunConfig, TrainConfig
from graphsage.config.settings_by_name import PARTS, by_name, with_settings
from graphsage.config.table_config import TASKS

OF_RUN = ("split", "runs", "baseline", "tensorboard")  # settings that are flags of their own, before the groups

#: The flags that ``--help`` shows, those that people change first; ``--help-all`` shows them before the others.
FIRST = (
    "task", "epochs", "batch_size", "fanouts", "num_layers", "hidden_features", "aggregator", "dropout", "learning_rate",
    "seed", "runs", "device",
)  # fmt: skip


def add_train(commands):
    """The ``train`` command."""
    usage = "graphsage train [DATASET] [flags]"
    text = "train a GraphSAGE model and compare it with baselines"
    parser = commands.add_parser("train", help=text, usage=usage, description=MANUAL, epilog=EXAMPLES, add_help=False)
    short = Parser(usage=usage, description=TRAIN, epilog=EXAMPLES + MORE, add_help=False)
    for kind in (parser, short):
        _add_first(kind, short)
    _add_rest(parser)
    parser.set_defaults(command=_train, ranked=True)


def _add_first(parser, short):
    text = "name (see `graphsage datasets`), folder, or sbm:, rmat: or typed:OPTIONS to make one (default: debian)"
    parser.add_argument("dataset", nargs="?", default=argparse.SUPPRESS, metavar="DATASET", help=text)
    about = {"nargs": 0, "default": argparse.SUPPRESS}
    parser.add_argument("-h", "--help", action=HelpOf, const=short, help="show the flags that people change first", **about)
    parser.add_argument("--help-all", action="help", help="show every flag, by group")
    group = parser.add_argument_group("people change first")
    text = "what is learned: the label (multiclass: a class of each node; regression: a number; auto: by how it is written), "
    text += "which nodes are linked (links), or embeddings without labels (unsupervised)"
    group.add_argument("--task", choices=(*TASKS, *LEARNED[1:]), default=argparse.SUPPRESS, help=f"{text} (default: auto)")
    text = "defaults that fit the graph, where no other flag says; auto chooses by the number of training nodes and by their "
    text += "labels; plain: the default that is named beside each flag (default: auto; with --config: what the file says)"
    group.add_argument("--preset", choices=CHOICES, default=argparse.SUPPRESS, help=text)
    known = {field.name: field for kind in (TrainConfig, ModelConfig, RunConfig) for field in fields(kind)}
    for name in FIRST[1:]:
        add_flag(group, known[name])
    text = "folder where everything is saved (default: runs/DATASET-1, or -2, ...; of several runs each has a folder in it)"
    group.add_argument("--out", metavar="FOLDER", help=text)
    text = "go on with a run that was interrupted: its folder, or a checkpoint in it; auto: with the run in --out, or begin it "
    text += "there, for whoever is started again by torchrun or a cluster"
    group.add_argument("--resume", metavar="FOLDER", help=text)


def _add_rest(parser):
    group = parser.add_argument_group("the run", "What is run, and what is kept of it.")
    for field in fields(RunConfig):
        if field.name in OF_RUN:
            _add_unless_first(group, field)
    group.add_argument("--no-save", action="store_false", dest="save", help="save nothing")
    text = "take settings from the config.toml of a run; flags beside it go before them"
    group.add_argument("--config", metavar="FILE", help=text)
    for title, kind in {**{name: kind for name, kind in PARTS.items() if name != "train"}, **GROUPS}.items():
        group = parser.add_argument_group(title, kind.__doc__.partition("\n")[0].replace("``", ""))
        for field in fields(kind):
            _add_unless_first(group, field)


def _add_unless_first(group, field):
    if field.name not in FIRST:
        add_flag(group, field)


def _train(options):
    with one_training() as ranks:
        return _trained(options, ranks)


def _trained(options, ranks):
    """The exit code. ranks: the processes that train together, of which the first knows settings, files and folders."""
    with user_input():
        config, fill, start = _job(options) if ranks.rank == 0 else (None, None, None)
        config = ranks.first(lambda: config)
        let_threads_sleep()
        # torch: only now, and only for valid settings
        from graphsage.data.catalogue import load_dataset
        from graphsage.data.tables.schema import given_tables, tables_of
        from graphsage.runs.progress_bar import Progress
        from graphsage.runs.run import make_trainer, run_all, summary, with_updates
        from graphsage.runs.run_folder import lasting_name
        from graphsage.shards.cut import are_shards
        from graphsage.tensors.device import describe

        together = nullcontext() if are_shards(config.dataset) else ranks.local_first()  # shards are opened by all at once
        with in_its_place(options.resume, f"graphsage train DATASET --resume {options.resume}"), together:
            dataset = load_dataset(config.dataset, split=config.split, **given_tables(config.tables))
        config = replace(config, dataset=lasting_name(config.dataset), tables=tables_of(dataset, config.tables))
        config, preset = ranks.first(lambda: fill(config, dataset))
        config = with_updates(config)
        trainer = make_trainer(replace(config, runs=1), dataset)
        folder, resume = ranks.first(lambda: start(config))  # the last of what the user may have to mend
    if folder is not None:
        sys.stdout.meanwhile = f"the training goes on without it, and is saved in {folder}"
    with _training(folder, config.task):
        lines = [*implied(vars(options), config), *filter(None, [preset])]
        print(summary(config, trainer), *lines, sep="\n")
        print(f"Training on {describe(trainer.device)}, {_seeds(config)}" + (f", in {folder}" if folder else ""), flush=True)
        if config.tensorboard:
            print(f"Watch it: tensorboard --logdir {folder}", flush=True)
        progress = Progress()
        results = run_all(config, dataset, trainer=trainer, folder=folder, resume=resume, progress=[progress], log=progress.log)
    is_cut = len(results) < config.runs or results[-1].interrupted
    if ranks.rank == 0:
        _say_what_it_came_to(config, dataset, results, folder, is_cut)
    return 130 if is_cut else 0


def _say_what_it_came_to(config, dataset, results, folder, is_cut):
    from graphsage.runs.run import compare

    if len(results) < config.runs:
        print(f"Interrupted: {len(results)} of {config.runs} runs count.")
    if any(result.result.test_score is not None or not result.interrupted for result in results):
        print(compare(results, config.task, dataset))
    if is_cut and folder is not None:
        _say_how_to_go_on(folder, config.task)
    elif folder is not None:
        print(after_training(folder, config.task, several=config.runs > 1))


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
    if options.resume == "auto" and _is_begun(options):
        return _taken_up(options)
    if options.resume not in (None, "auto"):
        return _resumed(options)
    flags = {name: value for name, value in vars(options).items() if name != "preset"}
    config = configured(RunConfig() if options.config is None else _config_of(options.config), flags)
    if not options.save:
        if options.out is not None:
            raise ValueError("--out names a folder to save in, and --no-save says to save nothing: leave one out")
        unused = [name for name in ("checkpoint_every", "checkpoint_seconds", "keep_checkpoints") if name in vars(options)]
        if unused:
            flag = "--" + unused[0].replace("_", "-")
            raise ValueError(f"{flag} is about saving, and --no-save says to save nothing: leave one out")
        if config.tensorboard:
            raise ValueError("--tensorboard writes into the folder of the run, and --no-save says to make none: leave one out")
        return config, preset_of(options, config), lambda config: (None, False)
    return config, preset_of(options, config), lambda config: (_made(config, options.out), False)


def preset_of(options, config):
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
    from graphsage.runs.resume import free
    from graphsage.runs.run_folder import open_run_folder

    folder, checkpoint, config = open_run_folder(options.resume)
    may_change = free(config.train) | {"dataset"}  # its folder may have moved: what is in it must be the same
    fixed = [name for name in vars(options) if name in by_name(config).keys() - may_change]
    if fixed or options.config or options.out or not options.save:
        flags = ", ".join("--" + name.replace("_", "-") for name in sorted(may_change - {"dataset"}))
        rule = "goes on with the settings and the folder of the run"
        raise ValueError(f"--resume {rule}: beside it only {flags} may be given, and the place of a dataset that moved")
    return _as_it_was(options, config, folder, checkpoint)


def _as_it_was(options, config, folder, checkpoint=None):
    from graphsage.data.catalogue import recorded

    config = configured(replace(config, dataset=recorded(config.dataset)), vars(options))
    return config, lambda config, dataset: (config, ""), lambda config: (folder, checkpoint or True)


def _is_begun(options):
    """Is there a run in --out?"""
    if options.out is None or not options.save:
        raise ValueError("--resume auto goes on with the run in --out, or begins it there: give --out FOLDER, and no --no-save")
    return os.path.exists(os.path.join(options.out, CONFIG))


def _taken_up(options):
    """The run in --out, if it is the one that the flags describe."""
    from graphsage.runs.resume import free
    from graphsage.runs.run_folder import open_run_folder

    folder, _, config = open_run_folder(options.out)
    given = vars(options).keys() | (set() if options.config is None else _settings_in(options))
    wanted = configured(config if options.config is None else _config_of(options.config), vars(options))
    for name in sorted(given & by_name(config).keys() - free(config.train) - {"dataset", "preset"}):
        then, now = by_name(config)[name], by_name(wanted)[name]
        if then != now:
            rule = f"{folder} holds a run with {name} = {shown(then)}, and {shown(now)} is asked for"
            raise ValueError(f"--resume auto: {rule}: give the flags of that run, or another --out")
    return _as_it_was(options, config, folder)


def configured(base, given):
    """``base`` (``RunConfig``) with the settings that are in ``given``, by their fields' names, and what depth implies."""
    return with_settings(base, of_one_depth(base, given))
