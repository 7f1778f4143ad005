"""Who is in which part of the split, from columns of the table of nodes. They are never features.

split                                  train, val or test, by any of the words of ``split.WORDS``, in any case; empty: none
any other column of such words only    the same
train_mask, is_train, val_mask, ...    True and False, 1 and 0, yes and no (or lists of them: several splits); empty: not
train, val, test                       the same, where they hold such values

Of masks that name only the training nodes, or only those to test on, the rest is for the other of the two.
"""

import re

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.missing import missing_words
from graphsage.data.split import PART_OF, SPLITS, random_split
from graphsage.data.tables.column_names import SPLIT
from graphsage.data.tables.numbers import as_whole_texts, refuse_text
from graphsage.data.tables.vectors import is_list, matrix_of, vectors_in

MASK = re.compile(
    rf"(?P<is>(is|in|mask)[_ .-]?)?(?P<part>{'|'.join(sorted(PART_OF, key=len, reverse=True))})"
    r"(?P<mask>[_ .-]?(mask|set|split|flag|nodes?))?([_ .-]?(idx|index))?(?P<number>[_ .-]?[0-9]+)?"
)
YES, NO = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n", "")
NONE = (*missing_words(), "unlabeled", "unlabelled", "unused")
HEAD = 1000  # rows that are looked at first


def splits_in(columns, *, but=()):
    """[[name, ...]]: the columns of each split, in the order of the table; ``split`` comes first. but: names that are none."""
    named = [name for name in columns if name.lower() == SPLIT and name not in but]
    words = [name for name in columns if name not in (*named, *but) and _has_words(columns[name])]
    return [[name] for name in named] + _masks(columns, but) + [[name] for name in words]


def _texts(column):
    import pyarrow.compute as pc

    return pc.utf8_lower(as_whole_texts(column))


def _has_words(column):
    """Has it words of a split only, those for training and others among them?"""
    if str(column.type) != "large_string" or not {*_found(column[:HEAD])} <= {*PART_OF, *NONE}:
        return False
    found = {*_found(column)}
    parts = {PART_OF.get(word) for word in found} - {None}
    return found <= {*PART_OF, *NONE} and "train" in parts and len(parts) > 1


def _found(column):
    return _texts(column.unique().drop_null()).to_pylist()


def _masks(columns, but):
    """The groups of masks: train, val and test with the same number at the end."""
    groups = {}
    for name in columns:
        found = _mask_of(name)
        if found and name not in but and _is_mask(columns[name], is_named=_is_named(found)):
            groups.setdefault(found["number"] or "", []).append(name)
    return [names for names in groups.values() if _is_split(names)]


def _mask_of(name):
    return MASK.fullmatch(_spaced(name).lower())


def _is_named(found):
    return bool(found["is"] or found["mask"])


def _spaced(name):
    """trainMask as train_Mask."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)


def _is_split(names):
    """A column called test alone may be the result of one; with train beside it, or called test_mask, it is a part."""
    found = [_mask_of(name) for name in names]
    return all(map(_is_named, found)) or (len(names) > 1 and any(PART_OF[mask["part"]] == "train" for mask in found))


def _is_mask(column, *, is_named):
    """Does it hold yes and no only? Where the name says that it is a mask, most will do: what does not is refused later."""
    if is_list(column):
        return is_named
    if _has_words(column):
        return False
    found = set(_found(column))
    return bool(found) and (found <= {*YES, *NO, *NONE} or (is_named and len(found) <= 10))


# ---- parts


def split_of(table, columns, splits, labelled, *, strict, number=None):
    """({"train", "val", "test": int64 rows}, nodes of a split that were left out because they have no label, note).

    splits: as ``splits_in`` gives them; none: a random split of the labelled nodes. number: which split, None for the first.
    strict: a node of a split without a label is an error, not left out, if others have one.
    """
    if not splits:
        return random_split(np.flatnonzero(labelled), number), 0, ""
    part, note = _parts(table, columns, splits, 0 if number is None else number, labelled)
    bare = (part >= 0) & ~labelled
    if strict and bare.any() and labelled.any():
        _refuse_bare(table, part, bare)
    return {name: np.flatnonzero((part == at) & labelled) for at, name in enumerate(SPLITS)}, int(bare.sum()), note


def _refuse_bare(table, part, bare):
    at = int(np.argmax(bare))
    name, inside = SPLITS[part[at]], part == part[at]
    count, whole = np.count_nonzero(bare & inside), np.count_nonzero(inside)
    others = f" (nor have {'any' if count == whole else f'{count:,}'} of the {whole:,} there)" if count > 1 else ""
    table.refuse(at, f"split is {name}, and the node has no label{others}: leave one of the two as the other is")


def _parts(table, columns, splits, number, labelled):
    """(int8 [N]: place in SPLITS or -1, note)."""
    chosen = [(names, at) for names in splits for at in range(max(_width(columns[name]) for name in names))]
    if number >= len(chosen):
        raise DatasetError(f"{table.path} has {len(chosen)} splits, 0 to {len(chosen) - 1}; got split {number}")
    names, at = chosen[number]
    shown = ", ".join(names)
    note = f"split: column{'s' if len(names) > 1 else ''} {shown}"
    if len(names) == 1 and not is_list(columns[names[0]]) and _rest_of(names[0]):
        note = f"{note} (the rest is {_rest_of(names[0])})"
    if len(chosen) > 1:
        note = f"{note}, split {number} of {len(chosen)} (--split N takes another)"
    if names[0].lower() == SPLIT or _has_words(columns[names[0]]):
        return _of_words(table, names[0], columns[names[0]]), note
    return _of_masks(table, columns, names, at, labelled), note


def _width(column):
    """Of how many splits a mask tells."""
    import pyarrow.compute as pc

    return max(1, pc.max(pc.list_value_length(column)).as_py() or 0) if is_list(column) else 1


def _of_words(table, name, column):
    texts = as_whole_texts(column)
    words = texts.dictionary_encode()
    codes = [_code(word) for word in words.dictionary.to_pylist()]
    part = np.array([*codes, -1], np.int8)[words.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)]
    if (part == -2).any():
        refuse_text(table, 0, name, texts, int(np.argmax(part == -2)), "must be train, val, test or empty")
    return part


def _code(word):
    part = PART_OF.get(word.lower())
    return SPLITS.index(part) if part else -1 if word.lower() in NONE else -2


def _of_masks(table, columns, names, at, labelled):
    part = np.full(len(labelled), -1, np.int8)
    for name in names:
        code = SPLITS.index(PART_OF[_mask_of(name)["part"]])
        inside = _inside(table, name, columns[name], at)
        twice = inside & (part >= 0)
        if twice.any():
            row = int(np.argmax(twice))
            table.refuse(row, f"{name} is true, and so is the mask of {SPLITS[part[row]]}: a node is in one part only")
        part[inside] = code
    rest = _rest_of(names[0]) if len(names) == 1 else ""
    part[(part < 0) & labelled & bool(rest)] = SPLITS.index(rest or "test")
    return part


def _rest_of(name):
    """What the others are where there is one mask only: to test on beside those to train on, and the other way round."""
    found = _mask_of(name)
    return {"train": "test", "test": "train"}.get(PART_OF[found["part"]], "") if found else ""


def _inside(table, name, column, at):
    """bool[N]: where a mask says yes; at: which place of its lists."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if is_list(column):
        matrix = matrix_of(table, name, column, vectors_in(column))
        column = pa.array(matrix[:, at if matrix.shape[1] > 1 else 0], from_pandas=True)
    texts = _texts(column)
    known = set(texts.unique().drop_null().to_pylist()) - {*YES, *NO, *NONE}
    if known:
        row = int(np.argmax(pc.fill_null(pc.equal(texts, sorted(known)[0]), False).to_numpy(zero_copy_only=False)))
        refuse_text(table, 0, name, column, row, "must be true or false, 1 or 0, or empty")
    inside = pc.is_in(texts, value_set=pa.array(YES, pa.large_string()))
    return pc.fill_null(inside, False).to_numpy(zero_copy_only=False)
