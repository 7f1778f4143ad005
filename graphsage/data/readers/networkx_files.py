"""Files that networkx reads: GraphML, GML, GEXF, and edge lists with attributes as it writes them.

An attribute of nodes is a column of the table of nodes, as if it stood in nodes.csv. Its name in the file is the column's.
"""

import re
from xml.parsers import expat

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import tables_of
from graphsage.data.readers.look import first_lines, is_called, read_as, stream_of, text_of
from graphsage.data.tables.text_files import TEXT_ENDS

DRAWING = ("viz",)  # attributes that say how a node is drawn
DIRECTED = "the file says that edges have a direction: they are taken both ways (--directed: one way)"
WITH_ATTRIBUTES = re.compile(r"\S+\s+\S+\s+\{.*\}\s*")


def fits_graphml(path):
    """Is it called a GraphML file?"""
    return is_called(path, ".graphml")


def tables_graphml(path):
    """The ``GraphTables`` of a GraphML file: a node's id is that of the file, keys of nodes are columns."""
    import networkx as nx

    listed = nodes_in_xml(path)
    with read_as(path, "GraphML", nx.NetworkXException, SyntaxError):  # XML that is none is a SyntaxError
        return _tables(nx.read_graphml(stream_of(path), force_multigraph=True), listed)


def fits_gexf(path):
    """Is it called a GEXF file?"""
    return is_called(path, ".gexf")


def tables_gexf(path):
    """The ``GraphTables`` of a GEXF file. Labels there are mostly names: where all are ids or different, no classes."""
    import networkx as nx

    listed = nodes_in_xml(path)
    with read_as(path, "GEXF", nx.NetworkXException, SyntaxError):
        graph = nx.read_gexf(stream_of(path))
    if all(of.get("label", str(name)) == str(name) for name, of in graph.nodes(data=True)):
        for _, of in graph.nodes(data=True):
            of.pop("label", None)
    return _tables(graph, listed)


def fits_gml(path):
    """Is it called a GML file?"""
    return is_called(path, ".gml")


def tables_gml(path):
    """The ``GraphTables`` of a GML file. Where every node has a label of its own, those are the ids, as networkx has it."""
    import networkx as nx

    text = text_of(path)
    text = "".join(character if character.isascii() else f"&#{ord(character)};" for character in text)  # as GML spells them
    if not re.search(r"(?m)^\s*multigraph\s+[01]", text):  # else an edge that is listed twice is an error
        text = re.sub(r"(^|\s)graph(\s*)\[", r"\1graph\2[\nmultigraph 1\n", text, count=1)
    with read_as(path, "GML", nx.NetworkXException):
        graph = nx.parse_gml(text.splitlines(), label="id")
        labels = {name: of.get("label") for name, of in graph.nodes(data=True)}
        if None not in labels.values() and len(set(labels.values())) == len(labels):
            graph = nx.relabel_nodes(graph, labels)
            for _, of in graph.nodes(data=True):
                of.pop("label")
        return _tables(graph)


def fits_edge_attributes(path):
    """Are its lines two ids and a dict, as networkx's ``write_edgelist`` writes them?"""
    lines = first_lines(path) if path.name.endswith(TEXT_ENDS) else []
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    return bool(lines) and all(WITH_ATTRIBUTES.fullmatch(line) for line in lines)


def tables_edge_attributes(path):
    """The ``GraphTables`` of a file of such lines; there are no nodes but the ends of edges."""
    import networkx as nx

    with read_as(path, "edge list", nx.NetworkXException):
        graph = nx.parse_edgelist(text_of(path).splitlines(), create_using=nx.MultiDiGraph)
    return _tables(graph, is_told=False)


def nodes_in_xml(path):
    """The ids of the nodes that XML lists; networkx adds those that only edges name, and takes the last of a node listed twice.

    DatasetError where it has several graphs, or declares entities: a few lines of those unfold to gigabytes.
    """
    parser, listed, graphs = expat.ParserCreate(), set(), []

    def begin(tag, attributes):
        tag = tag.rpartition(":")[2]
        graphs.extend([tag] * (tag == "graph"))
        if len(graphs) > 1:
            raise DatasetError(f"{path} holds several graphs, beside or within each other, and one is read")
        if tag == "node" and (name := attributes.get("id")) in listed:
            raise DatasetError(f"{path} lists the node {name!r:.60} twice: each node once")
        if tag == "node":
            listed.add(name)

    def refuse(name, *_):
        raise DatasetError(f"{path} declares an entity, {name!r:.40}: such XML is not read, as it may unfold without end")

    parser.EntityDeclHandler, parser.StartElementHandler = refuse, begin
    try:
        parser.Parse(stream_of(path).read(), True)
    except expat.ExpatError as error:
        raise DatasetError(f"{path} is no intact XML: {error}") from None
    return listed


def _tables(graph, listed=None, *, is_told=True):
    """listed: the nodes, if not all of the ``graph``."""
    nodes = [(name, _shown(of)) for name, of in graph.nodes(data=True) if listed is None or name in listed]
    return tables_of(nodes, list(graph.edges(data=True)), notes=[DIRECTED] if is_told and graph.is_directed() else [])


def _shown(attributes):
    return {name: value for name, value in attributes.items() if name not in DRAWING}
