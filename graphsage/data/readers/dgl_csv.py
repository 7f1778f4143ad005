"""DGL's CSVDataset of one graph: meta.yaml, which names tables of nodes and of edges, one a type.

    edges     src_id, dst_id, ...                                         an edge a line
    nodes     node_id, label, train_mask, ..., feat ("0.1, 0.2", ...)     a node a line

Of several, each has its type there: ntype: NAME, and etype: [source type, name, target type].
"""

from importlib.util import find_spec

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables
from graphsage.data.readers.look import text_of

META = ("meta.yaml", "meta.yml")
NODE, EDGE = "_V", ("_V", "_E", "_V")  # what DGL calls the one type, and the one relation


def fits_dgl_csv(path):
    """Is it called meta.yaml, with a .csv file beside it?"""
    return path.name in META and any(path.parent.glob("*.csv"))


def files_dgl_csv(path):
    """meta.yaml, and the tables."""
    nodes, edges = _tables(path)
    return [path, *nodes.values(), *edges.values()]


def tables_dgl_csv(path):
    """The ``GraphTables`` of these files: DGL's edges run from src_id to dst_id."""
    nodes, edges = _tables(path)
    if len(nodes) < 2 and len(edges) == 1:
        return GraphTables(edges=next(iter(edges.values())), nodes=next(iter(nodes.values()), None), notes=[])
    return GraphTables(edges=edges, nodes=nodes, notes=[])


def _tables(path):
    """({type: path of its table}, {relation: path of its table})."""
    meta = _meta(path)
    if meta.get("separator", ",") != ",":
        raise DatasetError(f"{path}: separator is {meta['separator']!r}, and only a comma is read")
    if "graph_data" in meta:
        raise DatasetError(f"{path} is about many graphs (graph_data), and one graph is read")
    nodes, edges = _listed(path, meta, "node_data", _type_of), _listed(path, meta, "edge_data", _relation_of)
    if not edges:
        raise DatasetError(f"{path}: edge_data must be a list of tables, each with its file_name")
    return nodes, edges


def _meta(path):
    if find_spec("yaml") is None:
        raise DatasetError(f"reading {path} needs PyYAML, which is not installed: pip install pyyaml")
    import yaml

    text = text_of(path)
    try:
        meta = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DatasetError(f"{path} is no intact YAML: {str(error).splitlines()[0][:200]}") from None
    if not isinstance(meta, dict) or "edge_data" not in meta:
        raise DatasetError(f"{path} must name edge_data, as the meta.yaml of a CSVDataset of DGL does")
    return meta


def _listed(path, meta, key, key_of):
    """{type or relation: path of its table} of the tables under ``key``."""
    listed = meta.get(key) or []
    if not isinstance(listed, list) or not all(isinstance(of, dict) and isinstance(of.get("file_name"), str) for of in listed):
        raise DatasetError(f"{path}: {key} must be a list of tables, each with its file_name")
    found = {}
    for of in listed:
        kind, name = key_of(path, of), of["file_name"]
        if kind in found:
            raise DatasetError(f"{path}: {key} has two tables of {kind!r:.80} ({found[kind].name}, {name}): give each its type")
        if "/" in name or not (path.parent / name).is_file():
            raise DatasetError(f"{path} names the file {name!r:.80}, which is not beside it")
        found[kind] = path.parent / name
    return found


def _type_of(path, table):
    name = table.get("ntype", NODE)
    if not isinstance(name, str):
        raise DatasetError(f"{path}: ntype must be the name of a type, got {name!r:.80}")
    return name


def _relation_of(path, table):
    names = table.get("etype", list(EDGE))
    if not isinstance(names, list) or len(names) != 3 or not all(isinstance(name, str) for name in names):
        raise DatasetError(f"{path}: etype must be [source type, name, target type], got {names!r:.80}")
    return tuple(names)
