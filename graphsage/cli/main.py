"""The ``graphsage`` command. torch and numba are imported only inside the commands that need them."""

import sys

from graphsage.base.interrupt import raised_sigterm
from graphsage.base.memory import keep_memory
from graphsage.cli.arguments import Parser, Refused, parsed
from graphsage.cli.console import OutputLost, consoles
from graphsage.cli.ranked import refuse_several, said_once

EXAMPLES = """examples:
  graphsage train                         the bundled Debian graph, in a minute
  graphsage train cora --runs 10          Cora, ten seeds, mean and deviation
  graphsage train cora --batch-size full --optimizer rprop
  graphsage runs                          the runs there are, and their scores
  graphsage predict runs/debian-1         the class of each node, by that model
  graphsage import my_graph               your own graph, from tables
  graphsage datasets info debian          what is in a dataset
  graphsage sample debian --seeds bash,libc6 --fanouts 5,5
"""


def main(arguments=None):
    """Run one command line, the process's own unless ``arguments`` are given; returns the exit code: 0, 2 for what the user can
    mend, 130 after Ctrl-C or SIGTERM.

    A reader of the output who leaves, as ``head`` does, is no error; a disk that is full is one.
    """
    if arguments is None:
        keep_memory()  # of a process that is the command's alone
    try:
        with consoles() as out:
            code = _code_of(sys.argv[1:] if arguments is None else arguments)
        return code or (0 if out.lost is None or out.lost.is_silent else 2)
    except OutputLost as lost:
        with consoles():
            if not lost.is_silent:
                print(f"graphsage: {lost}; what was saved before is whole", file=sys.stderr)
        return 0 if lost.is_silent else 2


def _code_of(arguments):
    try:
        with raised_sigterm():
            with said_once():
                options = parsed(_parser(), arguments)
            return _done(options)
    except SystemExit as end:  # argparse
        return end.code
    except (KeyboardInterrupt, SystemError) as error:
        if not _is_interrupt(error):
            raise
        print("graphsage: interrupted", file=sys.stderr)
        return 130


def _done(options):
    try:
        if "ranked" not in options:
            refuse_several()
        return options.command(options)
    except Refused as error:
        if options.debug:
            raise
        if str(error):  # else another process of the training has said it
            print(f"graphsage: {error}", file=sys.stderr)
        return 2


def _is_interrupt(error):
    """Is this Ctrl-C? A kernel makes a SystemError of it."""
    if isinstance(error, KeyboardInterrupt):
        return True
    from graphsage.base.jit import is_interrupt

    return is_interrupt(error)


def _parser():
    # here, where Ctrl-C is heard already
    from graphsage.cli.apply import add_apply
    from graphsage.cli.completion import add_completion
    from graphsage.cli.datasets import add_datasets
    from graphsage.cli.import_ import add_import
    from graphsage.cli.runs import add_runs
    from graphsage.cli.sample import add_sample
    from graphsage.cli.shard import add_shard
    from graphsage.cli.train import add_train
    from graphsage.cli.tune import add_tune

    parser = Parser(
        prog="graphsage",
        description="Train graph neural networks on sampled neighbourhoods.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.set_defaults(command=_no_command, debug=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    add_train(commands)
    add_tune(commands)
    add_runs(commands)
    add_apply(commands)
    add_import(commands)
    add_datasets(commands)
    add_sample(commands)
    add_shard(commands)
    add_completion(commands, parser)
    parser.commands = commands.choices
    for command in commands.choices.values():
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _no_command(options):
    if options.version:
        from importlib.metadata import version

        print(version("graphsage"))
    else:
        options.parser.print_help()
