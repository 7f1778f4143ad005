"""``graphsage tune``: a search over the settings of ``train``, on validation."""

import argparse
import shlex
import textwrap
from contextlib import contextmanager
from dataclasses import fields, replace

from graphsage.cli.arguments import Refused, add_flag, in_its_place, let_threads_sleep, user_input
from graphsage.cli.train import configured, preset_of
from graphsage.config.presets import CHOICES
from graphsage.config.settings import GROUPS, LEARNED, RunConfig
from graphsage.config.settings_by_name import PARTS
from graphsage.config.table_config import TASKS
from graphsage.runs.search_space import SPACE, TRIALS

OF_RUN = ("split", "baseline")  # settings of a run that are flags here
NOT_SEARCHED = ("save",)  # groups of settings that no trial reads
TUNE = """Search for the settings of `graphsage train` that score best on validation.

Each trial is a training without the test nodes. The first has the settings that
train would have; the others are suggested by what the trials before came to (by
Optuna: pip install 'graphsage[tune]'), and one that falls behind the others ends
early. At the end the best is trained once more and tested, beside the baselines.
Any flag of `train` that you give is fixed, and is not searched.
Ctrl-C ends the search after the step under way, and --resume goes on with it; so
it does after a kill. All trials train with --seed, and the same seed on the same
machine makes the same trials.
"""

EXAMPLES = """examples:
  graphsage tune cora                          30 trials
  graphsage tune cora --trials 100 --minutes 60
  graphsage tune debian --aggregator mean --fanouts 10,10    these two are fixed
  graphsage tune --resume runs/cora-tune-1 --trials 50       20 trials more
"""


def add_tune(commands):
    """The ``tune`` command."""
    parser = commands.add_parser(
        "tune",
        help="search for the settings of train that score best on validation",
        usage="graphsage tune [DATASET] [flags]",
        description=f"{TUNE}\n{_space()}",
        epilog=EXAMPLES,
    )
    text = "name (see `graphsage datasets`), or folder (default: debian)"
    parser.add_argument("dataset", nargs="?", default=argparse.SUPPRESS, metavar="DATASET", help=text)
    parser.add_argument("--trials", type=int, metavar="N", help=f"trials in all (default: {TRIALS})")
    parser.add_argument("--minutes", type=float, metavar="M", help="no trial begins after so many (default: no limit)")
    text = "what is learned, as in train (default: auto)"
    parser.add_argument("--task", choices=(*TASKS, *LEARNED[1:]), default=argparse.SUPPRESS, help=text)
    text = "the settings that the search starts from, as in train (default: auto)"
    parser.add_argument("--preset", choices=CHOICES, default=argparse.SUPPRESS, help=text)
    for field in fields(RunConfig):
        if field.name in OF_RUN:
            add_flag(parser, field)
    _add_folder(parser.add_argument_group("the folder of the search"))
    for title, kind in {**{name: kind for name, kind in PARTS.items() if name != "train"}, **GROUPS}.items():
        if title not in NOT_SEARCHED:
            _add_settings(parser.add_argument_group(title, kind.__doc__.partition("\n")[0].replace("``", "")), kind)
    parser.set_defaults(command=_tune)


def _add_folder(group):
    text = "where trials and the best model are saved (default: runs/DATASET-tune-1, or -2, ...)"
    group.add_argument("--out", metavar="FOLDER", help=text)
    text = "where the search starts: the config.toml of a run; flags go before it, and are fixed"
    group.add_argument("--config", metavar="FILE", help=text)
    group.add_argument("--resume", metavar="FOLDER", help="go on with the search in this folder")


def _add_settings(group, kind):
    for field in fields(kind):
        if field.name != "task":  # which stands above
            add_flag(group, field)


def _space():
    """The table of what is searched, for people."""
    width = max(map(len, SPACE)) + 2
    lines = ["what is searched, where it fits, beside the value of the start:"]
    for name, searched in SPACE.items():
        values = " ".join(_shown(value) for value in searched.values)
        indents = {"initial_indent": f"  {name:{width}}", "subsequent_indent": " " * (width + 2)}
        lines += textwrap.wrap(f"{values}: {searched.reason}", 78, **indents)
    return "\n".join(lines)


def _shown(value):
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


# ---- what it does


def _tune(options):
    with user_input():
        config, space, fill = _job(options)
        let_threads_sleep()
        from graphsage.data.catalogue import load_dataset
        from graphsage.data.tables.schema import given_tables, tables_of
        from graphsage.runs.progress_bar import Progress
        from graphsage.runs.run_folder import lasting_name
        from graphsage.runs.search import tune
        from graphsage.runs.search_study import optuna_of

        optuna_of()
        with in_its_place(options.resume, f"graphsage tune DATASET --resume {options.resume}"):
            dataset = load_dataset(config.dataset, split=config.split, **given_tables(config.tables))
        config = replace(config, dataset=lasting_name(config.dataset), tables=tables_of(dataset, config.tables))
        config, preset = fill(config, dataset)
        folder, progress = _folder(config, options), Progress()
        begin = f"Searching the settings of {dataset.name or config.dataset}, in {folder}"
        print(*filter(None, [preset, begin]), sep="\n", flush=True)
    with _searching(folder):
        result = tune(
            dataset,
            config,
            trials=TRIALS if options.trials is None else options.trials,
            minutes=options.minutes,
            folder=folder,
            space=space,
            resume=options.resume is not None,
            callbacks=[progress],
            log=progress.log,
        )
        _tell(result, config, dataset, folder)
    return 130 if result.interrupted else 0


def _job(options):
    """(``RunConfig`` to start from, names of the settings to search, None: those of the search that is resumed;
    function(RunConfig, dataset) -> (the same with its preset, the line on that))."""
    given = vars(options)
    settings = {field.name for kind in (RunConfig, *PARTS.values()) for field in fields(kind)} - {"dataset", "task", "preset"}
    fixed = {name for name in given if name in settings}
    if options.resume is not None:
        return _resumed(options, fixed), None, lambda config, dataset: (config, "")
    if options.config is None:
        base = RunConfig()
    else:
        from graphsage.config.toml import read_config
        from graphsage.data.catalogue import recorded

        base = read_config(options.config)
        base = replace(base, dataset=recorded(base.dataset), runs=1)
    fixed |= {"fanouts"} if "num_layers" in fixed else set()
    config = configured(base, {name: value for name, value in given.items() if name != "preset"})
    return config, [name for name in SPACE if name not in fixed], preset_of(options, config)


def _resumed(options, fixed):
    from graphsage.data.catalogue import recorded
    from graphsage.runs.search_study import start_in

    if fixed or options.config or options.out or "task" in options or "preset" in options:
        raise ValueError(
            "--resume goes on with the settings and the folder of the search: beside it only --trials, --minutes and the place "
            "of a dataset that moved may be given"
        )
    config = start_in(options.resume)
    return replace(config, dataset=vars(options).get("dataset", recorded(config.dataset)))


def _folder(config, options):
    from pathlib import Path

    from graphsage.runs.run_folder import first_free

    if options.resume is not None:
        return Path(options.resume)
    if options.out is not None:
        return Path(options.out)
    return first_free((Path(config.dataset).stem.partition(":")[0] or "run") + "-tune")


@contextmanager
def _searching(folder):
    """Around the search: errors that the user can mend become a sentence, and it is told how to go on."""
    from graphsage.training.records import TrainingStopped

    try:
        with user_input():
            yield
    except TrainingStopped as error:
        raise Refused(str(error)) from error
    except KeyboardInterrupt:
        print(f"Go on with it: graphsage tune --resume {shlex.quote(str(folder))}")
        raise


def _tell(result, config, dataset, folder):
    """What the test came to, and what to type next."""
    from graphsage.runs.run import compare
    from graphsage.runs.search_lines import command_of

    name = shlex.quote(str(folder))
    if result.run is not None:
        print(compare([result.run], config.task, dataset))
    if result.interrupted:
        print(f"Go on with it:       graphsage tune --resume {name}")
    print(f"Train the best:      {command_of(result.best_config)}")
    print(f"    or:              graphsage train --config {name}/best.toml")
