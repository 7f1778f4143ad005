"""Small folders of tables of several types for tests."""

import csv

BUYS, KNOWS, TAGGED = ("user", "buys", "item"), ("user", "knows", "user"), ("item", "tagged", "tag")
SHOP = {
    "nodes.user.csv": "id,age,city,label,split\n"
    "ann,10,Oslo,red,train\nbob,12,Rome,blue,val\ncid,,Oslo,,\ndan,15,Rome,blue,test\n",
    "nodes.item.csv": "id,price\n7,1.5\n8,2.5\n3,\n",
    "edges.user.buys.item.csv": "source,target,weight,time\nann,7,1,5\nbob,7,2,6\nann,8,3,7\nann,7,9,9\n",
    "edges.user.knows.user.csv": "source,target\nann,bob\nbob,ann\ncid,cid\ndan,cid\n",
    "edges.item.tagged.tag.csv": "item_id,tag\n7,old\n8,new\n7,new\n",
}


def write_shop(folder, **changes):
    """The folder with these tables; ``changes``: {name with _ for its dots but the last: text, or None for no such file}."""
    return write_files(folder, SHOP | {f"{name.replace('_', '.')}.csv": text for name, text in changes.items()})


def write_files(folder, files):
    """The folder with files {name: text}; None is no file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        if text is not None:
            (folder / name).write_text(text)
    return folder


def columns_of(text):
    """{column: [text or None]} of a table."""
    header, *rows = csv.reader(text.splitlines())
    return {name: [row[at] or None for row in rows] for at, name in enumerate(header)}


def edges_of(dataset, key):
    """{(source id, target id): edge id} of a relation."""
    graph = dataset.graph
    names = {kind: dataset.node_ids.get(kind, range(count)) for kind, count in dataset.num_nodes.items()}
    src, dst = graph.edges(key)
    ids = graph.edge_ids[graph.span(key)].tolist()
    return {(names[key[0]][u], names[key[2]][v]): edge for u, v, edge in zip(src, dst, ids)}
