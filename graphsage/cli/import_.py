"""``graphsage import``: a folder of tables, checked, shown and kept in a form that opens at once."""

from pathlib import Path

from graphsage.cli.arguments import user_input

IMPORT = """Read a graph of your own from tables, show what is in them, and keep what was read, so
that training and everything else on that folder starts at once.

  edges.csv       source,target and, if you like, weight (a number >= 0) and time
  nodes.csv       id and, if you like, label, split (train, val, test) and other columns,
                  which become features: numbers, dates, categories, words
  features.npy    if you like: an array [nodes, columns], rows in the order of nodes.csv

Each of the two tables can be a .parquet file instead. Ids are integers or texts. Edges are
taken both ways, unless --directed; repeated ones and self loops are dropped and counted.
label is a class (integers, texts) or a number to predict (written with a point); a column
labels holds several classes a node, with ; between. Without a column split the nodes with
a label are split at random. Numbers have a point in them, not a comma. Dates such as
2024-05-31 or 2024-05-31 12:00 count as days, scaled like numbers. A column without a name
(row numbers that pandas wrote) is left out. What is wrong is named with its file and line.
"""

IMPORT_EXAMPLES = """examples:
  graphsage import my_graph                      check it, show it, keep it
  graphsage train my_graph                       train on it (imports it, if that was not done yet)
  graphsage import my_graph --out my_graph.npz   in one file as well, to copy elsewhere
"""


def add_import(commands):
    """The ``import`` command."""
    parser = commands.add_parser(
        "import",
        help="read a graph of your own from tables (edges.csv, nodes.csv), show and keep it",
        description=IMPORT,
        epilog=IMPORT_EXAMPLES,
    )
    parser.add_argument("folder", metavar="FOLDER", help="the folder with edges.csv or edges.parquet")
    text = "edges run from source to target only: a target aggregates from its sources (default: both ways)"
    parser.add_argument("--directed", action="store_true", help=text)
    text = "write the dataset into this file as well: NAME.npz, which every command takes in place of a folder"
    parser.add_argument("--out", metavar="FILE", help=text)
    parser.set_defaults(command=_import)


def _import(options):
    with user_input():
        from graphsage.data.tables.import_tables import holds_tables, import_tables
        from graphsage.data.tables.table_files import misnamed

        if options.out is not None and not options.out.endswith(".npz"):
            raise ValueError(f"--out must be a file NAME.npz, got {options.out!r}")
        if holds_tables(options.folder) is None:
            near = misnamed(options.folder, "edges") if Path(options.folder).is_dir() else ""
            raise ValueError(near or f"{options.folder} is no folder with edges.csv or edges.parquet")
        dataset, text = import_tables(options.folder, directed=options.directed, progress=True)
        if options.out is not None:
            dataset.save(options.out)
    print(text)
    if options.out is not None:
        print(f"Saved in {options.out}")
