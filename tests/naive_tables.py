"""The slow, obvious twin of ``graphsage.data.tables.folder``, written from its documentation: csv module, dicts and lists."""

import csv
import math
import re
from collections import Counter
from datetime import datetime
from types import SimpleNamespace


def rows_in(path):
    """[{column: text}] of a CSV file; spaces around names and values are dropped, blank lines skipped."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        records = [[text.strip() for text in record] for record in csv.reader(file) if record]
    return [dict(zip(records[0], record)) for record in records[1:]]


def read(folder, *, directed=False):
    """ids, neighbours {id: {id: weight}}, counts, labels {id: class or number}, splits {id: part}, columns {name: [row]}."""
    edges, nodes = rows_in(folder / "edges.csv"), rows_in(folder / "nodes.csv") if (folder / "nodes.csv").exists() else None
    named = [edge[end] for edge in edges for end in ("source", "target")]
    whole = all(is_integer(name) for name in named + [node["id"] for node in nodes or []])
    kind = int if whole else str
    ids = sorted({kind(name) for name in named}) if nodes is None else [kind(node["id"]) for node in nodes]
    found = SimpleNamespace(ids=ids, neighbours={name: {} for name in ids}, loops=0, repeats=0)
    for edge in edges:
        add_edge(found, kind(edge["source"]), kind(edge["target"]), float(edge.get("weight") or 1), directed)
    none = labels_missing([node["label"] for node in nodes or [] if "label" in node])
    found.labels = {kind(node["id"]): node["label"] for node in nodes or [] if node.get("label", "") not in none}
    found.splits = {kind(node["id"]): node["split"] for node in nodes or [] if node.get("split")}
    others = [name for name in (nodes or [{}])[0] if name not in ("id", "label", "split")]
    found.columns = {name: column_of([node[name] for node in nodes]) for name in others}
    return found


def is_integer(text):
    return bool(re.fullmatch(r"0|-?[1-9][0-9]*", text)) and -(2**63) <= int(text) < 2**63


def add_edge(found, source, target, weight, directed):
    if source == target:
        found.loops += 1
    elif source in found.neighbours[target]:
        found.repeats += 1
    else:
        found.neighbours[target][source] = weight
        if not directed:
            found.neighbours[source][target] = weight


# ---- columns

NONE = ["", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "unknown", "?", "-"]


def labels_missing(texts):
    """The texts among these labels that mean that there is none: -1 too, unless another is below 0."""
    others = any(is_integer(text) and int(text) < -1 for text in texts)
    return {"", *(text for text in texts if text.lower() in NONE or (text == "-1" and not others))}


def column_of(texts):
    """A row of numbers a node; None where the column is left out."""
    texts = ["" if text.lower() in NONE else text for text in texts]
    present = [text for text in texts if text]
    if not present:
        return None
    if all(is_number(text) for text in present):
        return numbers([float(text) if text else None for text in texts])
    if all(is_date(text) for text in present):
        return numbers([days(text) if text else None for text in texts])
    values = sorted(set(present), key=lambda text: text.encode())
    if len(values) <= 100 and 2 * len(values) <= len(present):
        return [[float(text == value) for value in values] for text in texts]
    return words(texts)


def is_number(text):
    return bool(re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text))


def is_date(text):
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?", text))


def days(text):
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1)).total_seconds() / 86_400


def numbers(values):
    known = [value for value in values if value is not None]
    if not known:
        return None
    mean = math.fsum(known) / len(known)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / len(known)) or 1.0
    return [[0.0 if value is None else (value - mean) / deviation] for value in values]


def words(texts):
    sets = [set(re.findall(r"[^\W_]+", text.lower())) for text in texts]
    counts = Counter(word for found in sets for word in found)
    vocabulary = sorted(sorted((word for word in counts if counts[word] >= 2), key=lambda word: (-counts[word], word))[:1000])
    if not vocabulary:
        return None
    known = [found & set(vocabulary) for found in sets]
    return [[1 / len(found) if word in found else 0.0 for word in vocabulary] for found in known]
