"""``graphsage shard``: a dataset cut into parts, one a machine."""

from graphsage.cli.arguments import user_input

SHARD = """Cut a dataset into N shards, for a graph that is too large for one machine. A shard has a
range of the nodes: their rows of the graph, and their features. Ranges are such that all
shards have as many bytes of edges and features. Labels, split and names are in each.

The shards are folders, shard-0-of-N and on, in PATH. Copy each to a machine of its own,
into a folder of the same path, or leave all where every machine sees them. Then N
processes train together, as one process trains on the whole dataset: each has one shard,
and asks the others for rows of the graph and for features.

DATASET is anything that train takes. A dataset folder (graphsage import --out) is cut
without being read into memory.
"""

EXAMPLES = """examples:
  graphsage shard my_data 2 --out my_shards
  torchrun --nproc-per-node 2 -m graphsage train my_shards
"""


def add_shard(commands):
    """The ``shard`` command."""
    parser = commands.add_parser(
        "shard",
        help="cut a dataset into parts, to train on it on several machines",
        usage="graphsage shard DATASET N --out PATH",
        description=SHARD,
        epilog=EXAMPLES,
    )
    parser.add_argument("dataset", metavar="DATASET", help="the folder of a dataset, or anything else that train takes")
    parser.add_argument("count", metavar="N", type=int, help="shards: as many as processes will train together")
    parser.add_argument("--out", metavar="PATH", required=True, help="the folder for the shards, which are written anew")
    parser.set_defaults(command=_shard)


def _shard(options):
    with user_input():
        from graphsage.data.catalogue import load_dataset
        from graphsage.shards.cut import cut

        dataset = load_dataset(options.dataset)
        cut(dataset, options.out, options.count, print)
    print(f"Train on them: torchrun --nproc-per-node {options.count} -m graphsage train {options.out}")
