"""The grammar of the command line: flags from config fields, and errors of one sentence."""

import argparse
import os
import re
from contextlib import contextmanager
from dataclasses import fields
from shutil import get_terminal_size
from textwrap import fill
from types import NoneType
from typing import get_args

from graphsage.cli.other_names import hint
from graphsage.config.named_values import as_relation_fanouts
from graphsage.config.settings import RunConfig

METAVARS = {int: "N", float: "X", str: "NAME"}
WIDEST = 100  # columns of a help text: longer lines are hard to read
LONGEST = 50  # characters of choices that stand behind a flag; more of them stand in its text


class Refused(Exception):
    """What the user can mend. Everything else is our mistake, and shows its traceback."""


@contextmanager
def user_input():
    """Errors in here are about what was typed or about the dataset: one sentence. A TypeError is a fault of ours."""
    with of_the_system():
        try:
            yield
        except ValueError as error:
            raise Refused(str(error)) from error


@contextmanager
def of_the_system():
    """In here, what was typed has been checked: only what the system refuses - a disk, the memory - is one sentence."""
    try:
        yield
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error
    except ValueError as error:
        from graphsage.base.checks import TooLarge  # here: numpy would slow down what needs none

        if not isinstance(error, TooLarge):
            raise
        raise Refused(str(error)) from error


def let_threads_sleep():
    """Before torch is loaded: its idle threads would spin, and take the cores from whoever else has work.

    On two cores with two other busy processes a training took 31 s instead of 12; on idle ones it makes no difference.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@contextmanager
def in_its_place(run, command):
    """Where ``run`` is one, an error says that its dataset may have moved, and which ``command`` names the new place."""
    from graphsage.data.errors import DatasetError

    try:
        yield
    except DatasetError as error:
        if not run:
            raise
        raise ValueError(f"{error}; the run was trained on it: if it moved, {command}") from error


class Parser(argparse.ArgumentParser):
    """argparse with one sentence instead of a page of usage; no flag is understood by its first letters, which would
    be another's as soon as there is one more.
    """

    commands = {}  # of the whole program: {name: ``Parser``}

    def __init__(self, **options):
        super().__init__(formatter_class=Help, allow_abbrev=False, **options)
        self.set_defaults(parser=self)

    def error(self, message):
        self.exit(2, f"graphsage: {message} (try: {self.prog} --help)\n")

    @property
    def flags(self):
        """All that begins with a dash."""
        return list(self._option_string_actions)  # argparse has no public name for it


class Help(argparse.RawDescriptionHelpFormatter):
    """Paragraphs are filled to the width of the terminal; lines that begin with a space stand as they are."""

    def __init__(self, prog):
        super().__init__(prog, max_help_position=28, width=min(get_terminal_size().columns, WIDEST) - 2)

    def _fill_text(self, text, width, indent):
        return "\n\n".join(_filled(part, width, indent) for part in text.strip("\n").split("\n\n"))


def _filled(text, width, indent):
    if any(line.startswith(" ") for line in text.splitlines()):
        return indent + text.replace("\n", "\n" + indent)
    return fill(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


class HelpOf(argparse.Action):
    """A flag that prints the help of another parser, its ``const``, and ends."""

    def __call__(self, parser, *rest):
        self.const.print_help()
        parser.exit()


def parsed(parser, arguments):
    """The options; of an unknown flag it is told what may have been meant."""
    options, unknown = parser.parse_known_args(_joined(arguments))
    if unknown:
        flag = unknown[0].partition("=")[0]
        known = {name: command.flags for name, command in parser.commands.items()}
        options.parser.error(f"{flag!r} is not understood" + hint(flag, options.parser.flags, known))
    return options


def _joined(arguments):
    """``--fanouts -1,10`` as ``--fanouts=-1,10``: argparse takes what begins with a dash for a flag."""
    joined = []
    for argument in arguments:
        if joined and re.match(r"-[\d.]", argument) and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def add_flag(group, field):
    """One flag a config field; a flag that was not given stays out, so that the config's own default holds."""
    flag, text = "--" + field.name.replace("_", "-"), field.metadata["help"]
    if "default" not in text:
        text += f" (default: {_shown(field.default)})"
    extra = {"default": argparse.SUPPRESS, "help": text.replace("%", "%%")}
    kinds = set(get_args(field.type)) - {NoneType} or {field.type}
    if bool in kinds:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, **extra)
    elif field.name == "fanouts":
        group.add_argument(flag, type=integers, metavar="K,K", **extra)
    elif field.name == "relation_fanouts":
        group.add_argument(flag, type=_relation_fanouts, metavar="NAME=K,K", **extra)
    elif field.type == tuple[str, ...] | None:
        group.add_argument(flag, type=names, metavar="A,B", **extra)
    elif field.name == "split":
        group.add_argument(flag, type=_split, metavar="N", **extra)
    elif field.name == "class_weights":
        group.add_argument(flag, type=_class_weights, metavar="NAME|X,X", **extra)
    elif field.name == "memory":
        group.add_argument(flag, type=str, metavar="SIZE", **extra)
    elif field.name == "batch_size":
        group.add_argument(flag, type=_batch_size, metavar="B", **extra)
    else:
        kind = str if str in kinds else kinds.pop()
        choices = field.metadata.get("choices")
        is_short = choices is not None and len(",".join(choices)) <= LONGEST
        if choices and not is_short:
            extra["help"] = f"{', '.join(choices)}: {extra['help']}"
        group.add_argument(flag, type=kind, choices=choices, metavar=None if is_short else METAVARS[kind], **extra)


def add_split(parser):
    """The flag that chooses one of a dataset's splits."""
    add_flag(parser, next(field for field in fields(RunConfig) if field.name == "split"))


def given_split(options):
    """{"split": number} if it was given."""
    return {"split": options.split} if "split" in options else {}


def node_rows(flag, dataset, text):
    """Rows of nodes that were typed, with commas between: by the dataset's own ids where it has them, else by number.

    An id with a comma in it stands in quotes, as in a table; alone it needs none.
    """
    import csv

    rows_of, parts = _rows_of(dataset), next(csv.reader([text], skipinitialspace=True), [])
    rows, alone = [rows_of(part) for part in parts], rows_of(text) if "," in text and '"' not in text else None
    if alone is not None and None not in rows:
        raise ValueError(f"{flag}: {text!r} is the id of a node, and so are its parts: write quotes around an id with a comma")
    if alone is not None:
        return [alone]
    if None in rows or not rows:
        _refuse_node(flag, dataset, parts[rows.index(None)] if rows else text)
    return rows


def _rows_of(dataset):
    """The row of a node by its text, None for none: by its id, else by its number unless ids are numbers."""
    from graphsage.base.id_rule import RowsByName, id_of  # here: it brings numpy

    names = RowsByName([] if dataset.node_ids is None else dataset.node_ids.tolist())

    def row(text):
        found, number = names.row(text), id_of(text)
        if found is None and type(number) is int and 0 <= number < dataset.num_nodes and not _has_numbers(dataset):
            return number
        return found

    return row


def _has_numbers(dataset):
    """Whether ids are numbers: then what is no id is no row's number either."""
    return dataset.node_ids is not None and dataset.node_ids.dtype.kind == "i"


def _refuse_node(flag, dataset, text):
    number, names = f"a number below {dataset.num_nodes}", dataset.node_ids is not None
    rule = "one of its ids" if _has_numbers(dataset) else f"a name, or {number}" if names else number
    raise ValueError(f"{flag}: {text.strip()!r} is not a node of {dataset.name or 'the dataset'}: give {rule}")


def _shown(default):
    if isinstance(default, bool):
        return "yes" if default else "no"
    return ",".join(map(str, default)) if isinstance(default, tuple) else default


def integers(text):
    """A flag's type: integers with commas between."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be integers with commas between, such as 10,10; got {text!r}") from None


def names(text):
    """A flag's type: texts with commas between."""
    found = tuple(part.strip() for part in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError(f"must be texts with commas between; got {text!r}")
    return found


def _split(text):
    if text == "time":
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be an integer or 'time'; got {text!r}") from None


def _class_weights(text):
    """Numbers with commas between; the settings know which names there are."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        return text


def _relation_fanouts(text):
    try:
        return as_relation_fanouts(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).partition("relation_fanouts ")[2] or str(error)) from None


def _batch_size(text):
    if text == "full":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be an integer or 'full'; got {text!r}") from None
