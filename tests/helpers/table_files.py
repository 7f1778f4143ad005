"""Small folders of tables for tests."""

import numpy as np

EDGES = """source,target,weight,time
ann,bob,1.5,2024-01-01
bob,ann,2,2024-01-02
"c, x",ann,0.25,2024-01-03
cid,dan,1,2024-02-01
dan,dan,1,2024-02-01
"""
NODES = """id,label,split,age,country,bio
ann,red,train,10,de,a fine graph person
bob,blue,val,,fr,fine person
cid,red,,30,de,
"c, x",,,40,fr,graph
dan,blue,test,NA,de,unknown thing
eve,red,train,50,,a fine day
"""


def write_tables(folder, edges=EDGES, nodes=NODES, features=None):
    """The folder with these texts (or bytes) as edges.csv and nodes.csv, and an array as features.npy; None is no file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("edges.csv", edges), ("nodes.csv", nodes)):
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    if features is not None:
        np.save(folder / "features.npy", features)
    return folder


def as_parquet(folder, other):
    """The tables of ``folder`` as parquet files in the folder ``other``, their kinds as pyarrow guesses them."""
    from pyarrow import csv, parquet

    other.mkdir(parents=True, exist_ok=True)
    for stem in ("edges", "nodes"):
        if (folder / f"{stem}.csv").exists():
            strings = csv.ConvertOptions(strings_can_be_null=True, null_values=["", "NA"])
            parquet.write_table(csv.read_csv(folder / f"{stem}.csv", convert_options=strings), other / f"{stem}.parquet")
    if (folder / "features.npy").exists():
        (other / "features.npy").write_bytes((folder / "features.npy").read_bytes())
    return other
