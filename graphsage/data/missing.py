"""Words that mean that a value is missing: the one list, for labels, numbers, dates, categories and texts."""

from collections import Counter

MISSING = (
    "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "none", "unknown", "?", "-",
    "null", r"\n", "(null)", "[null]",  # as databases and their tools write it
)  # in small letters; any case counts  # fmt: skip
NOTHING = ("none", "nan", "nat", "<na>")  # how Python writes what is no value
NO_CLASS = "-1"  # in a column of classes, beside these
SHOWN = 5  # words that a sentence lists


def missing_words(added=(), taken=()):
    """The set of words, in small letters, that mean missing: the list and ``added`` ones, not those ``taken`` for values."""
    return frozenset((*MISSING, *map(str.lower, added))) - set(map(str.lower, taken))


def is_missing(value, words):
    """Is a Python value none? An empty text, one of ``words``, None, NaN, NaT or pandas' NA."""
    text = str(value).strip().lower()
    return not text or text in (words if isinstance(value, str) else NOTHING)


def told_missing(counts):
    """ "7 NA, 5 unknown, 2 empty" of {text: how often}; the most frequent first."""
    shown = [f"{count:,} {text or 'empty'}" for text, count in Counter(counts).most_common()]
    more = [f"{len(shown) - SHOWN:,} other words"] if len(shown) > SHOWN else []
    return ", ".join(shown[:SHOWN] + more)
