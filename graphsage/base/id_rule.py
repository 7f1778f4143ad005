"""One id, one node: which spellings of an id name the same node.

A whole number is that integer, however it comes: 7, ``np.int64(7)``, 7.0, "7", " 7 ", "7.0" (as pandas writes a column in
which a value was missing once), "1e+05" (as R writes 100000). Any other text is itself, without spaces, invisible characters
and quotes around it: "007" is not 7.
"""

import re
from functools import cached_property

import numpy as np

EXACT = {"float16": 2**11, "float32": 2**24, "float64": 2**53}  # from here on a float may stand for several integers
#: what an integer becomes that went through a float; a capital E is a spreadsheet's, which drops digits
FLOATED = r"^-?(?:(?:0|[1-9][0-9]*)\.0+|[1-9](?:\.[0-9]+)?[eE]\+[0-9]{1,3})$"
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"  # byte order marks and joiners, as they come with copied cells
IN_QUOTES = r"""(?s)^(?:"(.*)"|'(.*)')$"""
INTEGER = re.compile(r"0|-?[1-9][0-9]*")


def id_of(value):
    """The id that ``value`` spells: an int, a text, or ``value`` itself where it is neither number nor text.

    ValueError for a float (or the text of one) that is too large to be one integer.
    """
    if isinstance(value, str):
        inner = re.sub(IN_QUOTES, r"\1\2", _trimmed(value))
        return _of_text(_trimmed(inner))
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return _exact(value, float(value), EXACT.get(type(value).__name__, EXACT["float64"]))
    return value


def _trimmed(text):
    return text.strip().strip(INVISIBLE).strip()


def _of_text(text):
    if INTEGER.fullmatch(text):
        return int(text)
    if re.match(FLOATED, text) and float(text).is_integer():
        return _exact(text, float(text), 0 if "E" in text else EXACT["float64"])
    return text


def _exact(value, number, limit):
    if abs(number) >= limit:
        raise ValueError(f"id {value!r} may have lost digits when it became a float: write ids as integers or texts")
    return int(number)


class RowsByName:
    """The row of each of some distinct ids, by any spelling of it. An id as it stands goes before other spellings of it."""

    def __init__(self, names):
        self.names = names
        self.exact = {name: row for row, name in enumerate(names)}

    def row(self, name):
        """The row of ``name``, None for one that is no id."""
        try:
            found = self.exact.get(name)
        except TypeError:  # no key of a dict
            return None
        if found is None:
            return self.spelled.get(_text_of(name))
        return found if _is_flag(name) == _is_flag(self.names[found]) else None  # True == 1, and is an entry of a mask

    @cached_property
    def spelled(self):
        """{one text for all spellings of an id: its row}."""
        return {_text_of(name): row for row, name in enumerate(self.names)}


def twins(names):
    """Two of ``names`` that spell one id (1 and "1"), or None. Names that are equal are not looked for."""
    spelled = {}
    for name in names:
        other = spelled.setdefault(_text_of(name), name)
        if other is not name and other != name:
            return other, name
    return None


def _text_of(name):
    """One text for all spellings of an id; what is neither number nor text stays apart."""
    found = id_of(name)
    return str(found) if isinstance(found, (int, str)) and not isinstance(found, bool) else (found,)


def _is_flag(name):
    return isinstance(name, (bool, np.bool_))
