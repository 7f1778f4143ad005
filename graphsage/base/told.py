"""What a thing is, in words for people, and which function makes ours of it: told by names, so that nothing is imported."""

ROWS = "Graph.from_edges(*edge_index, num_nodes) makes one of an edge_index, whose rows are src and dst"
TENSORS = "Graph.from_scipy({0}) makes one of a sparse matrix, Graph.from_edges(*{0}, num_nodes) of an edge_index"
DGL = "Graph.from_edges(*{0}.edges(), {0}.num_nodes())"
FRAMES = ("pandas", "polars", "pyarrow")
#: What is wanted: what was given, by its library or class: the function that makes the one of the other.
MAKERS = {
    "Graph": {
        "networkx": "Graph.from_networkx({0}) makes one",
        "scipy": "Graph.from_scipy({0}) makes one",
        "torch_geometric": "graphsage.interop.from_pyg({0}).graph is one",
        "dgl": DGL + " makes one",
        "NodeDataset": "{0}.graph is one",
        "NeighborSampler": "{0}.graph is one",
        "dict": "Graph.from_adjacency_dict({0}) makes one",
        "Tensor": TENSORS,
        **dict.fromkeys(("numpy", "list", "tuple"), ROWS),
        **dict.fromkeys(FRAMES, "from_tables(edges={0}).graph is one"),
    },
    "NodeDataset": {
        "torch_geometric": "graphsage.interop.from_pyg({0}) makes one",
        "networkx": "NodeDataset.from_networkx({0}, label=...) makes one",
        "dgl": "NodeDataset(graph=" + DGL + ", features=..., labels=..., train=..., val=..., test=...) makes one",
        "Graph": "NodeDataset(graph={0}, features=..., labels=..., train=..., val=..., test=...) makes one",
        **dict.fromkeys(("str", "PurePath"), "load_dataset({0}) reads one"),
        **dict.fromkeys(FRAMES, "from_tables(nodes, edges) makes one"),
    },
    "matrix": dict.fromkeys(("numpy", "list", "Tensor"), "scipy.sparse.csr_array({0}) makes one"),
}
LIBRARIES = ("dgl", "networkx", "pandas", "polars", "pyarrow", "scipy", "torch", "torch_geometric")  # named before their things
LINE = 120  # of a repr that errors show
GRAPHS = ("networkx", "torch_geometric", "dgl", "graphsage")  # whose things are no arrays, whatever numpy reads into them


def names_of(value):
    """The libraries that its classes come from, the bases' too, and the classes' names, the nearest first."""
    return [name for kind in type(value).__mro__ for name in (kind.__module__.partition(".")[0], kind.__name__)]


def told(value):
    """What it is, for people: "networkx.Graph", "ndarray", "the class GraphSAGE"."""
    if isinstance(value, type):
        return f"the class {value.__name__}, not an object of it"
    root, name = type(value).__module__.partition(".")[0], type(value).__name__
    return f"{root}.{name}" if root in LIBRARIES else name


def maker(wanted, name, value):
    """": Graph.from_networkx(graph) makes one", where there is a function for that; else ""."""
    makers = {} if isinstance(value, type) else MAKERS.get(wanted, {})
    found = next((makers[kind] for kind in names_of(value) if kind in makers), None)
    return "" if found is None else f": {found.format(name)}"


def shown(value):
    """Its repr where that is one short line that says something, else what it is."""
    text = repr(value)
    return told(value) if len(text) > LINE or "\n" in text or " at 0x" in text else text


def of_kind(name, value, kind):
    """``value`` if it is a ``kind`` of ours, else TypeError, which says what it is and which function makes ours of it."""
    if isinstance(value, kind):
        return value
    raise TypeError(f"{name} must be a {kind.__name__}, got {told(value)}{maker(kind.__name__, name, value)}")


def side_by_side(rows):
    """Lines of a table of texts: the first column from the left, the others from the right."""
    rows = [[text.strip() for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  " + "  ".join(f"{text:{'>' if place else '<'}{width}}" for place, (text, width) in enumerate(zip(row, widths)))
        for row in rows
    ]
