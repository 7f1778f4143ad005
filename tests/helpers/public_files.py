"""A small graph that is written as other programs write it, and what a dataset of it must hold."""

import json

import networkx as nx
import numpy as np

from graphsage.data import load_dataset


def club():
    """Zachary's karate club: 34 nodes, 78 edges; ``label`` is the club, ``size`` a number, ``word`` a text of some nodes."""
    graph = nx.Graph(nx.karate_club_graph().edges)
    clubs = nx.get_node_attributes(nx.karate_club_graph(), "club")
    for node in graph:
        graph.nodes[node].update(label=clubs[node].split()[0], size=node * 0.5)
        if node % 3:
            graph.nodes[node]["word"] = "odd" if node % 2 else "even"
    return graph


def pairs_of(dataset):
    """{frozenset of the names of both ends}: the edges of a dataset that are taken both ways."""
    graph = dataset.graph
    names = list(range(dataset.num_nodes)) if dataset.node_ids is None else dataset.node_ids.tolist()
    pairs = {frozenset((names[row], names[other])) for row in range(len(names)) for other in graph.neighbors(row)}
    assert graph.num_edges == 2 * len(pairs)
    return pairs


def of_networkx(graph, name=lambda node: node):
    """The same of a networkx graph."""
    return {frozenset((name(source), name(target))) for source, target in graph.edges if source != target}


def read(path, **options):
    """``load_dataset`` that prints nothing."""
    return load_dataset(path, progress=False, **options)


def classes_of(dataset):
    """[the class of each node as a text, None without one]."""
    return [None if label < 0 else dataset.class_names[label] for label in dataset.labels]


# ---- the club as other programs write it


def _pajek(folder):
    graph = nx.Graph(club().edges)
    nx.write_pajek(graph, folder / "club.net")
    _text(folder / "club.clu", "*Vertices 34", [club().nodes[node]["label"] for node in graph])


def _gml(folder):
    graph = club()
    for node in graph:  # a label of GML is a name
        graph.nodes[node]["value"] = graph.nodes[node].pop("label")
    nx.write_gml(graph, folder / "club.gml")


def _matlab(folder):
    from scipy.io import savemat

    classes = np.array([[len(club().nodes[node]["label"])] for node in range(34)])
    matrix = nx.to_scipy_sparse_array(club(), nodelist=range(34), dtype=float)
    savemat(folder / "club.mat", {"network": matrix, "group": classes, "attributes": np.eye(34)})


def _matrix_market(folder):
    from scipy.io import mmwrite

    mmwrite(folder / "club.mtx", nx.to_scipy_sparse_array(club(), nodelist=range(34)))


def _torch(folder):
    import torch

    edges = torch.tensor(list(club().edges)).T
    held = {"edge_index": torch.cat([edges, edges.flip(0)], 1), "x": torch.eye(34), "y": torch.arange(34) % 2}
    torch.save(held, folder / "club.pt")


def _dgl(folder):
    (folder / "meta.yaml").write_text("edge_data:\n- file_name: links.csv\nnode_data:\n- file_name: people.csv\n")
    _edges(folder / "links.csv", "src_id", "dst_id")
    _nodes(folder / "people.csv", "node_id", "label", "feat")


def _musae(folder):
    _edges(folder / "club_edges.csv", "id_1", "id_2")
    _nodes(folder / "club_target.csv", "id", "target", "size")
    (folder / "club_features.json").write_text(json.dumps({str(node): [node % 5, 7] for node in range(34)}))


def _neo4j(folder):
    _edges(folder / "knows.csv", ":START_ID", ":END_ID")
    _nodes(folder / "people.csv", "personId:ID", "label", "age:float")


def _geom_gcn(folder):
    _text(folder / "out1_graph_edges.txt", "node_id\tnode_id", [f"{source}\t{target}" for source, target in club().edges])
    rows = [f"{node}\t{node % 2},1,0\t{node % 3}" for node in range(34)]
    _text(folder / "out1_node_feature_label.txt", "node_id\tfeature\tlabel", rows)


def _edges(path, *names):
    import pandas as pd

    pd.DataFrame(list(club().edges), columns=names).to_csv(path, index=False)


def _nodes(path, *names):
    import pandas as pd

    rows = [(node, club().nodes[node]["label"], node / 2) for node in range(34)]
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)


def _text(path, first, lines):
    path.write_text("\n".join([first, *lines, ""]))


#: layout -> the function that writes the club into a folder
WRITERS = {
    "graphml": lambda folder: nx.write_graphml(club(), folder / "club.graphml"),
    "gexf": lambda folder: nx.write_gexf(club(), folder / "club.gexf"),
    "gml": _gml,
    "pajek": _pajek,
    "node-link": lambda folder: (folder / "club.json").write_text(json.dumps(nx.node_link_data(club()))),
    "matrix-market": _matrix_market,
    "matlab": _matlab,
    "pyg": _torch,
    "dgl-csv": _dgl,
    "musae": _musae,
    "neo4j": _neo4j,
    "geom-gcn": _geom_gcn,
    "edge-attributes": lambda folder: nx.write_edgelist(club(), folder / "club.edgelist"),
    "edge-list": lambda folder: nx.write_edgelist(club(), folder / "club.txt.gz", data=False),
}
