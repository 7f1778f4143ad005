"""``graphsage import``: a folder of tables, checked, shown and kept in a form that opens at once."""

from dataclasses import fields
from pathlib import Path

from graphsage.cli.arguments import add_flag, user_input
from graphsage.cli.next_step import after_import
from graphsage.config.named_values import as_memory
from graphsage.config.table_config import TableConfig

LEAST = 512 * 10**6  # bytes of memory
IMPORT = """Read a graph of your own from tables, show what is in them, and keep what was read,
so that training and everything else on that folder starts at once.

  edges.csv     source, target; optionally weight (a number >= 0) and time
  nodes.csv     id; optionally label, split (train, val, test; or masks)
                and time: when the label of a node is asked, which then sees no
                later edge (only where edges have times). Other columns become
                features: numbers, dates, categories, words, and vectors such as
                [0.1, 0.2]
  features.npy  optional: an array [nodes, columns], rows as in nodes.csv

Of several types of nodes, each has a table of its own: nodes.TYPE.csv, features.TYPE.npy,
and edges.SOURCE.RELATION.TARGET.csv for each relation. One of the types has labels.
--label TYPE.COLUMN says which column of which table; so do the other flags.

Each table can be .parquet, .tsv or .txt instead, and the texts can be
packed (.gz). Common names of columns (From, to, src, Target, node_id) are understood;
--source, --target, --id, --label and --split-column name others.

Ids are integers or texts; 7 and 7.0 are one id. Edges are taken both ways, unless
--directed. Repeated edges and self loops are dropped and counted. Edges to ids that
nodes.csv lacks: see --unlisted.

label is a class (integers, texts, few whole numbers such as 2.0) or a number to predict
(other numbers with a point). A column labels holds several classes of a node, with ;
between. Without a split the nodes with a label are split at random.

NA, ?, unknown and the like mean that a value is missing, and so does -1 as a class.
Numbers have a point in them, not a comma. Dates such as 2024-05-31 or 2024-05-31 12:00
count as days, and are scaled like numbers. Row numbers that pandas wrote and ids of
other systems are left out. What is wrong is named with its file and line.
"""

IMPORT_EXAMPLES = """examples:
  graphsage import my_graph               check it, show it, keep it
  graphsage train my_graph                train on it, imported or not
  graphsage import my_graph --out my.npz  in one file as well, to copy elsewhere
  graphsage import my.npz --out my_data   a folder, read as it is needed
  graphsage import rmat:scale=20 --out r  so that a made graph is made once
"""

OTHERS = """
Files of other programs are read as well, alone or in a folder: GraphML, GML, GEXF,
Pajek, node-link JSON, Matrix Market, MATLAB, .pt of PyTorch Geometric, DGL's
CSVDataset, Geom-GCN, MUSAE, Neo4j's import files, and edge lists of SNAP and KONECT.
What they say of nodes becomes columns, and --label names the one with the classes.
"""

NO_FOLDERS = (".csv", ".tsv", ".txt", ".gz", ".parquet", ".npy", ".json", ".pt")  # of files that a dataset is not saved as


def add_import(commands):
    """The ``import`` command."""
    parser = commands.add_parser(
        "import",
        help="read a graph of your own from tables (edges.csv, nodes.csv), show and keep it",
        usage="graphsage import FOLDER [flags]",
        description=IMPORT + OTHERS,
        epilog=IMPORT_EXAMPLES,
    )
    text = "the folder with edges.csv or edges.parquet, or a file; with --out anything that train takes"
    parser.add_argument("folder", metavar="FOLDER", help=text)
    text = "edges run from source to target only: a target aggregates from its sources (default: both ways)"
    parser.add_argument("--directed", action="store_true", help=text)
    text = "How columns of nodes.csv are read. It is kept: a training reads them so, too."
    group = parser.add_argument_group("columns", text)
    for field in fields(TableConfig):
        add_flag(group, field)
    text = "memory for reading, such as 4GB: edges that do not fit are sorted in files (default: what is free); many nodes "
    text += "come on top"
    parser.add_argument("--memory", metavar="SIZE", help=text)
    text = "write the dataset there as well: into one file NAME.npz, else into a folder, which may be larger than the memory; "
    text += "every command takes it in place of FOLDER"
    parser.add_argument("--out", metavar="PATH", help=text)
    parser.set_defaults(command=_import)


def _import(options):
    with user_input():
        given = vars(options)
        tables = TableConfig(**{field.name: given[field.name] for field in fields(TableConfig) if field.name in given})
        from graphsage.data.tables.import_tables import import_tables

        out = None if options.out is None else _free(options.out)
        memory = None if options.memory is None else _enough(options.memory)
        source = _tables(options.folder, can_be_others=out is not None)
        if source is None:
            dataset, text = _copied(options, tables, out, memory)
        else:
            dataset, text = import_tables(source, directed=options.directed, progress=True, tables=tables, memory=memory)
            if out is not None:
                dataset.save(out)
    print(text)
    if out is not None:
        print(f"Saved in {out}")
    print(after_import(out if source is None else options.folder, is_labelled=len(dataset.train) > 0))


def _enough(given):
    """Bytes of memory, as many as the program itself and a few parts of a table take."""
    memory = as_memory(given)
    if memory < LEAST:
        raise ValueError(f"--memory must be at least 512MB, got {given}: the program itself takes a part of that")
    return memory


def _free(out):
    """The path ``out`` if a dataset can be saved there: told before the reading, which may take long."""
    path = Path(out)
    if path.suffix in NO_FOLDERS:
        raise ValueError(f"--out must be a file NAME.npz or a folder, got {out!r}")
    if path.suffix != ".npz" and path.exists():
        raise ValueError(f"--out {out} is there already, and a folder is written anew: delete it or name another")
    return out


def _tables(given, can_be_others):
    """The tables at a path, or None where there are none and other data will do."""
    from graphsage.data.layouts import tables_at

    try:
        return tables_at(Path(given).expanduser())
    except ValueError:
        if not can_be_others:
            raise
    return None


def _copied(options, tables, out, memory):
    """(the dataset, a text on it) of what is no table and was saved at ``out``: any data that ``train`` takes."""
    from graphsage.data.catalogue import is_made, load_dataset
    from graphsage.data.generators.by_name import generate_into

    if options.directed:
        raise ValueError("--directed is about tables: leave it out")
    in_files = is_made(options.folder) and Path(out).suffix != ".npz" and tables == TableConfig()
    if memory is not None and not in_files:
        raise ValueError("--memory is about tables, and graphs made into a folder: leave it out")
    if in_files:
        generate_into(options.folder, out, None if memory is None else memory // 2)
        dataset = load_dataset(out)
    else:
        dataset = load_dataset(options.folder, **vars(tables))
        dataset.save(out)
    return dataset, dataset.summary()
