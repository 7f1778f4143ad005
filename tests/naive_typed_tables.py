"""The slow, obvious twin of ``graphsage.data.tables.typed_folder``, from its documentation: csv module, dicts and lists."""

from types import SimpleNamespace

from naive_tables import is_integer, rows_in


def read(folder, *, directed=False, unlisted="refuse"):
    """ids {type: [id]}, edges {relation: {(source, target): line}}, ends by id; columns {type: {column: [text]}}."""
    tables = {path: path.name.split(".") for path in sorted(folder.glob("*.csv"))}
    edges = {tuple(words[1:4]): rows_in(path) for path, words in tables.items() if words[0] == "edges"}
    nodes = {words[1]: rows_in(path) for path, words in tables.items() if words[0] == "nodes"}
    types = sorted({*nodes, *(name for key in edges for name in key[::2])})
    named = {kind: [row["id"] for row in nodes.get(kind, [])] for kind in types}
    ends = {kind: [] for kind in types}
    for (source, _, target), rows in edges.items():
        ends[source] += [row["source"] for row in rows]
        ends[target] += [row["target"] for row in rows]
    kinds = {kind: int if all(map(is_integer, named[kind] + ends[kind])) else str for kind in types}
    ids = {kind: [*map(kinds[kind], named[kind])] for kind in types}
    for kind in types:
        if kind not in nodes or unlisted == "keep":
            ids[kind] += sorted({*map(kinds[kind], ends[kind])} - {*ids[kind]})
    found = {}
    for key, rows in edges.items():
        for name, of in _relation(key, rows, ids, kinds, directed).items():
            found[name] = of
    columns = {kind: {name: [row[name] for row in rows] for name in rows[0] if name != "id"} for kind, rows in nodes.items()}
    return SimpleNamespace(ids=ids, edges=found, columns=columns)


def _relation(key, rows, ids, kinds, directed):
    """{relation: {(source, target): line}} of one table: the first of equal edges stays."""
    source, name, target = key
    forward, backward = {}, {}
    for line, row in enumerate(rows):
        u, v = kinds[source](row["source"]), kinds[target](row["target"])
        if u not in ids[source] or v not in ids[target] or (source == target and u == v):
            continue
        forward.setdefault((u, v), line)
        if source == target and not directed:
            forward.setdefault((v, u), line)
        backward.setdefault((v, u), line)
    return {key: forward} if directed or source == target else {key: forward, (target, f"rev_{name}", source): backward}
