"""``graphsage completion``: what the Tab key completes, for bash and zsh, written by shtab."""

from importlib.util import find_spec

from graphsage.cli.arguments import Refused

COMPLETION = """Print what makes the Tab key complete commands, flags, choices, datasets and files.
It needs shtab: pip install 'graphsage[completion]'.
"""

EXAMPLES = """bash: this line in ~/.bashrc
  eval "$(graphsage completion bash)"

zsh: once, into a folder of $fpath
  graphsage completion zsh > ~/.zsh/functions/_graphsage
"""

PLACES = ("FOLDER", "FILE", "RUN")  # metavars of what is a path
#: Names of datasets, and files; _shtab_compgen_files and _files are shtab's and zsh's.
PREAMBLE = {
    "bash": '_graphsage_dataset() {{ compgen -W "{names}" -- "$1"; _shtab_compgen_files "$1"; }}',
    "zsh": "_graphsage_dataset() {{ _alternative 'datasets:dataset:({names})' 'files:file:_files' }}",
}


def add_completion(commands, parser):
    """The ``completion`` command of the whole program's ``parser``."""
    text = "make the Tab key complete commands and flags"
    command = commands.add_parser("completion", help=text, description=COMPLETION, epilog=EXAMPLES)
    command.add_argument("shell", choices=tuple(PREAMBLE), help="the shell that is to complete")
    command.set_defaults(command=lambda options: print(_script(parser, options.shell)))


def _script(parser, shell):
    if find_spec("shtab") is None:
        raise Refused("completion needs shtab: pip install 'graphsage[completion]', or pip install shtab")
    import shtab

    from graphsage.data.catalogue import list_datasets

    dataset = dict.fromkeys(PREAMBLE, "_graphsage_dataset")
    for command in parser.commands.values():
        for action in command._actions:  # argparse has no public name for them
            if action.metavar in PLACES or action.metavar == "DATASET":
                action.complete = shtab.FILE if action.metavar in PLACES else dataset
    preamble = {name: text.format(names=" ".join(list_datasets())) for name, text in PREAMBLE.items()}
    return shtab.complete(parser, shell=shell, root_prefix="graphsage", preamble=preamble)
