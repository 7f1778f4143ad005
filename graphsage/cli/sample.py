"""``graphsage sample``: one batch, drawn and shown."""

from dataclasses import fields

from graphsage.base.files import readable
from graphsage.cli.arguments import add_flag, node_rows, user_input
from graphsage.cli.console import on_one_line
from graphsage.config.settings import TrainConfig

SAMPLE_FIELDS = ("fanouts", "replace", "draw", "isolated", "weights", "seed")


def add_sample(commands):
    """The ``sample`` command."""
    text = "draw one batch around some nodes and show it"
    description = "Draw one batch around some nodes. A line is a node <- the neighbours drawn for it (how many of how many)."
    usage = "graphsage sample DATASET --seeds A,B [flags]"
    parser = commands.add_parser("sample", help=text, usage=usage, description=description)
    parser.add_argument("dataset", metavar="DATASET", help="name (see `graphsage datasets`) or folder")
    text = "nodes to draw around: ids, or numbers if there are none; quotes go around a comma ('\"a, b\",c')"
    parser.add_argument("--seeds", required=True, type=readable, metavar="A,B", help=text)
    for field in fields(TrainConfig):
        if field.name in SAMPLE_FIELDS:
            add_flag(parser, field)
    parser.set_defaults(command=_sample)


def _sample(options):
    given = {name: value for name, value in vars(options).items() if name in SAMPLE_FIELDS}
    with user_input():
        TrainConfig(**given)
        from graphsage.data.catalogue import load_dataset

        dataset = load_dataset(options.dataset)
        _refuse_types(dataset)
        seeds = node_rows("--seeds", dataset, options.seeds)
        from graphsage.sampling.neighbor import NeighborSampler

        batch = NeighborSampler(dataset.graph, **given).sample(seeds)
    _show(dataset, batch)


def _refuse_types(dataset):
    from graphsage.data.typed_dataset import TypedDataset

    if isinstance(dataset, TypedDataset):
        rule = f"sample shows graphs with one type of nodes, and {dataset.name} has {len(dataset.num_nodes)}"
        raise ValueError(f"{rule}: in Python, gs.NeighborSampler(data.graph, fanouts).sample({{type: ids}}) draws from it")


def _show(dataset, batch):
    """Each row of the batch: who is drawn, and of how many."""
    print(batch)
    names = batch.nodes if dataset.node_ids is None else dataset.node_ids[batch.nodes]
    names = [on_one_line(str(name)) for name in names]
    for hop in range(batch.num_hops):
        print(f"hop {hop + 1}:")
        for row in range(batch.hop_offsets[hop], batch.hop_offsets[hop + 1]):
            drawn = batch.indices[batch.indptr[row] : batch.indptr[row + 1]]
            degree = dataset.graph.degrees[batch.nodes[row]]
            print(f"  {names[row]} <- {', '.join(names[u] for u in drawn) or 'nobody'}  ({len(drawn)} of {degree})")
