"""What is printed of the tables of a typed graph: what each held, and what was made of it. As ``import_report``."""

from types import SimpleNamespace

import numpy as np

from graphsage.data.asked_times import times_line
from graphsage.data.described.describe_report import counted, line
from graphsage.data.labels import is_labelled
from graphsage.data.remarks import label_remarks
from graphsage.data.tables.import_report import column_name, feature_lines, label_lines, split_lines, tallied
from graphsage.data.tables.schema import is_directed, reading_of
from graphsage.data.tables.table_files import shown

NO_TARGET = "labels: none, so links can be learned, and no classes (a column label in one table of nodes would hold them)"


def typed_import_report(dataset, found):
    """The text for a ``TypedDataset`` and its ``TypedFound``: several lines, no newline at the end."""
    sections = [[f"{dataset.name or 'dataset'}: {', '.join(found.sources)}", *(f"  {note}" for note in found.notes)]]
    sections += [_nodes(dataset, kind, of) for kind, of in found.types.items()]
    sections += [_edges(dataset, key, of) for key, of in found.relations.items()]
    if dataset.target is None:
        sections.append([NO_TARGET])
    else:
        targets, of = dataset.targets, found.types[dataset.target]
        labels, split = label_lines(targets, of), split_lines(targets, of)
        sections += [[f"{dataset.target}: {labels[0]}", *labels[1:]], split + _asked(targets)]
    notes = [*dataset.notes, *(label_remarks(dataset.targets) if dataset.target else [])]
    sections += [["notes", *(f"  {note}" for note in notes)]] if notes else []
    return "\n\n".join("\n".join(lines) for lines in sections)


def _asked(targets):
    told = times_line(targets)
    return [line("", "", f"{told.partition(': ')[2]} (--split time)")] if told else []


def _nodes(dataset, kind, found):
    """The section of one type."""
    count, features = dataset.num_nodes[kind], dataset.features[kind]
    of_type = SimpleNamespace(schema=dataset.schema[kind], features=features, num_features=features.shape[1], num_nodes=count)
    alone = counted("isolated nodes", int(np.count_nonzero(_degrees(dataset.graph, kind) == 0)), count)
    added = [counted("of unlisted ids", found.added, count, "without features and label")] if found.added else []
    lines = feature_lines(of_type, found)
    if not dataset.schema[kind]["columns"] and not dataset.schema[kind]["array"]:
        lines[0] = "features: none, so an embedding is learned of each node; such a model knows no other nodes of this type"
    return [f"nodes {kind}", line("nodes", f"{count:,}"), alone, *added, *lines]


def _degrees(graph, kind):
    """How many neighbours each node of a type has, of all relations."""
    degrees = np.zeros(graph.num_nodes[kind], np.int64)
    for first, name in zip(graph.firsts, graph.relations):
        if name[2] == kind:
            degrees += np.diff(graph.rows.indptr[first : first + len(degrees) + 1])
    return degrees


def _edges(dataset, key, found):
    """The section of one relation."""
    stays = "dropped, the first stays" + (", with its time" if found.times else "")
    lines = [f"edges {' '.join(key)}", line("edges listed", f"{found.listed:,}", _way(dataset, key))]
    if found.unlisted:
        became = {"drop": "dropped", "keep": "kept, with new nodes"}[reading_of(dataset.schema).unlisted]
        lines.append(counted("to unlisted ids", found.unlisted, found.listed, became))
    lines.append(counted("repeated", found.repeats, found.listed, stays))
    if key[0] == key[2]:
        lines.append(counted("self loops", found.loops, found.listed, "dropped"))
    weights = dataset.graph.rows.weights
    if weights is not None and (own := weights[dataset.graph.span(key)]).size and not (own == 1).all():
        ends = f"on average, from {own.min():.3g} to {own.max():.3g}: kept (--draw weighted)"
        lines.append(line("weights", f"{own.mean(dtype=float):.3g}", ends))
    if found.times is not None:
        lines.append(line("times", "", f"from {found.times[0]} to {found.times[1]}: kept (--draw recent)"))
    return lines + ([f"  not used: {shown(', '.join(map(column_name, found.unused)))}"] if found.unused else [])


def _way(dataset, key):
    if is_directed(dataset.schema):
        return "one way, from source to target"
    if key[0] == key[2]:
        return "both ways (--directed: one way)"
    return f"and each turned round, as rev_{key[1]} (--directed: one way)"


def typed_encoding_report(dataset, found):
    """The same where tables are encoded as those of a training: a few lines, only what that has not shown already."""
    nodes = ", ".join(f"{count:,} {kind}" for kind, count in dataset.num_nodes.items())
    kept = sum(of.kept for of in found.relations.values())
    lines = [f"{dataset.name or 'dataset'}: nodes {nodes}; {kept:,} edges, encoded as in training"]
    lines += [f"  {note}" for note in found.notes]
    for key, of in found.relations.items():
        lines += [f"  {' '.join(key)}: edges to ids that the nodes do not have: {of.unlisted:,}"] if of.unlisted else []
    for kind, of in found.types.items():
        own = tallied("without a value", "missing", "the mean of numbers and dates, else all zeros", of)
        own += tallied("with values that training did not have", "unknown", "all zeros", of)
        if of.labels.unknown:
            own.append(f"  nodes with a class that training did not have: {of.labels.unknown:,} (counts as none)")
        own += [f"  not used: {shown(', '.join(map(column_name, of.unused)))}"] if of.unused else []
        lines += [f"  {kind}:{told}" for told in own]
    if dataset.target and not found.types[dataset.target].split and is_labelled(dataset.labels).any():
        lines.append("  split: at random, a new one, which says nothing of who was trained on")
    return "\n".join(lines)
