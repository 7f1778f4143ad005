"""Columns that name nodes in another system - user_id, url, uuid - and tell nothing of them: no features."""

import re

import numpy as np

NAMED = re.compile(
    r"(.*[_ .-])?(id|ids|uid|uuid|guid|url|uri|link|href|doi|isbn|orcid|email|e-mail|mail|hash|sha1|sha256|md5|key|pk|handle)"
    r"([_ .-]?(no|nr|number|str|string))?"
)
SINGLE = r"^[\pL\pN_.:/@#%+=&?~$!*'-]+$"  # a text that is one sign: no space, and none of the marks between items of a list
TELLING = r"[0-9/@]"  # is in ids, addresses and links; words have none
IDS = "it looks like ids"
NEARLY = 0.9  # of the values are different, in a column whose name says that it names something
DIFFERENT = 0.95  # of the texts, where the name says nothing
LEAST = 20  # nodes, for a column whose name says nothing


def is_named_so(name):
    """Is the column called like an id (user_id, userId, URL)?"""
    return NAMED.fullmatch(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()) is not None


def note_of(name, column, numbers):
    """Why a column is left out as one of ids, or "". numbers: float64 [N] with NaN where there is none, or None for texts.

    By its name: nine of ten values differ. Without such a name: every one of 20 nodes or more has another whole number, or
    nearly every one another text that is a single sign with digits, / or @ in it (a link, an address, a hash).
    """
    present = len(column) - column.null_count
    if present < 3 or (numbers is not None and not _are_whole(numbers)):
        return ""
    distinct = len(column.unique().drop_null())
    if is_named_so(name):
        return _told(distinct, present) if distinct >= NEARLY * present else ""
    if present < LEAST:
        return ""
    if numbers is not None:
        return _told(distinct, present) if distinct == len(column) and numbers.min() >= 0 else ""
    return _told(distinct, present) if distinct >= DIFFERENT * present and _are_signs(column) else ""


def _told(distinct, present):
    every = f"all {present:,}" if distinct == present else f"{distinct:,} of {present:,}"
    return f"{IDS}: {every} values are different"


def _are_whole(numbers):
    known = numbers[~np.isnan(numbers)]
    return bool((known == np.round(known)).all())


def _are_signs(column):
    import pyarrow.compute as pc

    texts = column.drop_null()
    single, telling = (pc.sum(pc.match_substring_regex(texts, rule)).as_py() for rule in (SINGLE, TELLING))
    return min(single, telling) >= DIFFERENT * len(texts)


def note_of_codes(values):
    """How many whole numbers few nodes... "12 whole numbers" where they repeat as codes do, or "". values: float64 with NaN."""
    known = values[~np.isnan(values)]
    if not len(known) or (known != np.round(known)).any():
        return ""
    distinct = len(np.unique(known))
    return f"{distinct:,} different whole numbers" if 3 <= distinct <= 1000 and 3 * distinct <= len(known) else ""
