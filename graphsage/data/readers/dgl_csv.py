"""DGL's CSVDataset of one graph: meta.yaml, which names a table of nodes and one of edges.

    edges     src_id, dst_id, ...                                         an edge a line
    nodes     node_id, label, train_mask, ..., feat ("0.1, 0.2", ...)     a node a line
"""

from importlib.util import find_spec

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables
from graphsage.data.readers.look import text_of

META = ("meta.yaml", "meta.yml")


def fits_dgl_csv(path):
    """Is it called meta.yaml, with a .csv file beside it?"""
    return path.name in META and any(path.parent.glob("*.csv"))


def files_dgl_csv(path):
    """meta.yaml, and the two tables."""
    nodes, edges = _tables(path)
    return [path, *filter(None, [nodes, edges])]


def tables_dgl_csv(path):
    """The ``GraphTables`` of these files: DGL's edges run from src_id to dst_id."""
    nodes, edges = _tables(path)
    return GraphTables(edges=edges, nodes=nodes, notes=[])


def _tables(path):
    """(path of the table of nodes, or None; path of that of edges)."""
    meta = _meta(path)
    if meta.get("separator", ",") != ",":
        raise DatasetError(f"{path}: separator is {meta['separator']!r}, and only a comma is read")
    if "graph_data" in meta:
        raise DatasetError(f"{path} is about many graphs (graph_data), and one graph is read")
    return _one(path, meta, "node_data"), _one(path, meta, "edge_data", least=1)


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


def _one(path, meta, key, *, least=0):
    """The path of the one file under ``key``, or None."""
    listed = meta.get(key) or []
    names = [of.get("file_name") if isinstance(of, dict) else None for of in listed] if isinstance(listed, list) else [None]
    if not all(isinstance(name, str) for name in names) or len(names) < least:
        raise DatasetError(f"{path}: {key} must be a list of tables, each with its file_name")
    if len(names) > 1:
        raise DatasetError(f"{path}: {key} has {len(names)} tables ({', '.join(names)[:80]}), of several types: one is read")
    if names and ("/" in names[0] or not (path.parent / names[0]).is_file()):
        raise DatasetError(f"{path} names the file {names[0]!r:.80}, which is not beside it")
    return path.parent / names[0] if names else None
