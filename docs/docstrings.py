"""The package's docstrings as reStructuredText.

They are written for the terminal: paragraphs, of which some list "name: what it is" with deeper lines going on, bullets that
begin with *, and tables, which are deeper or have gaps of three spaces. The * and _ of formulas would be markup here.
"""

import re
from dataclasses import fields, is_dataclass

ITEM = re.compile(r"(?!int|float|bool)[a-z][\w.]*(?:=[\w.\[\]()\"-]+)?(?:, [a-z]\w*(?:=\w+)?)*: ")


def as_rst(lines):
    """Lines of reStructuredText for the lines of a docstring, whose indentation is taken off already."""
    out = []
    for paragraph in "\n".join(lines).strip("\n").split("\n\n"):
        out += [*_paragraph(paragraph.split("\n")), ""]
    return out


def _paragraph(lines):
    if all(line.startswith("    ") for line in lines) or sum("   " in line.strip() for line in lines) > 1:
        return ["::", "", *("    " + line for line in lines)]
    out = []
    for line in lines:
        if line.startswith("* "):
            out += ["", "* " + escaped(line[2:])]
        elif found := ITEM.match(line):
            name = found[0].removesuffix(": ")
            out += ["", f"* ``{name}``: {escaped(line[found.end() :])}"]
        elif line.startswith(" ") or (in_list(out) and out[-1][-1] not in ".:"):  # goes on with the line before
            out += ["  " * in_list(out) + escaped(line.strip())]
        else:
            out += [""] * in_list(out) + [escaped(line)]
    return out


def in_list(out):
    """Does the last line belong to a list?"""
    return bool(out) and out[-1].startswith(("* ", "  "))


def escaped(text):
    """Outside of ``literals``, signs that mark up something are just signs."""
    parts = re.split(r"(``.+?``)", text)
    text = "".join(part if part.startswith("``") else re.sub(r"([*_|`\\])", r"\\\1", part) for part in parts)
    return re.sub(r"^(?=\w\.( |$))", r"\\", text)  # "N." alone would begin a numbered list


def settings(record):
    """The fields of a configuration as a list: name, default, and what it is."""
    return [f"* ``{f.name} = {f.default!r}``: {escaped(f.metadata['help'])}" for f in fields(record) if "help" in f.metadata]


def setup(app):
    """Called by Sphinx: docs/conf.py names this module as an extension."""

    def process(app, what, name, thing, options, lines):
        lines[:] = as_rst(lines) + (settings(thing) if what == "class" and is_dataclass(thing) else [])

    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True}
