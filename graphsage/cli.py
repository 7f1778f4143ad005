"""The ``graphsage`` command. torch and numba are imported only inside the commands that need them."""

import os
import sys
from dataclasses import fields

from graphsage.arguments import Parser, Refused, add_flag, add_split, given_split, parsed, user_input
from graphsage.cli_datasets import add_datasets
from graphsage.config import ModelConfig, RunConfig, SampleConfig, TrainConfig

EXAMPLES = """examples:
  graphsage train                                   the bundled Debian graph, in less than a minute
  graphsage train cora --fanouts 10,10 --runs 10    Cora, ten seeds, mean and standard deviation
  graphsage train cora --batch-size full --optimizer rprop
  graphsage datasets info debian
  graphsage sample debian --seeds bash,libc6 --fanouts 5,5
"""

TRAIN = """Train a GraphSAGE model to tell the classes of nodes apart.

Each epoch prints the training loss and the validation accuracy. The model that is
best on validation is kept and tested once, beside two baselines: the most frequent
class, and the same model trained without edges (from each node's own features only).
Ctrl-C ends the training early and tests what it has.
"""

TRAIN_EXAMPLES = """three ways to train:
  --batch-size 512                          an epoch uses each training node once
  --batch-size 16 --batches-per-epoch 20    an epoch is 20 random batches
  --batch-size full --optimizer rprop       an epoch is one step on the whole graph, nothing is sampled

examples:
  graphsage train --epochs 3                the bundled Debian graph
  graphsage train cora --runs 10            ten seeds, mean and standard deviation
  graphsage train cora --num-layers 3 --fanouts 10,5,5
  graphsage train sbm:nodes=20000,classes=10,homophily=0.7    a random graph
"""

SAMPLE_FIELDS = ("fanouts", "replace", "isolated", "weights", "seed")


def main(arguments=None):
    """Run one command line; returns the exit code: 0, 2 for what the user can mend, 130 after Ctrl-C."""
    options = parsed(_parser(), sys.argv[1:] if arguments is None else arguments)
    try:
        code = options.command(options)
        sys.stdout.flush()  # here, where a reader that has gone can be told from a failure
        return code or 0
    except Refused as error:
        if options.debug:
            raise
        print(f"graphsage: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("graphsage: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, say `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still buffered
        return 0


def _parser():
    parser = Parser(
        prog="graphsage",
        description="Train graph neural networks on sampled neighbourhoods.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.set_defaults(command=_no_command, debug=False)
    commands = parser.add_subparsers(title="commands", metavar="{train,datasets,sample}")
    _add_train(commands)
    add_datasets(commands)
    _add_sample(commands)
    for command in commands.choices.values():
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _no_command(options):
    if options.version:
        from importlib.metadata import version

        print(version("graphsage"))
    else:
        options.parser.print_help()


# ---- train


def _add_train(commands):
    parser = commands.add_parser(
        "train",
        help="train a GraphSAGE model and compare it with two baselines",
        usage="graphsage train [DATASET] [flags]",
        description=TRAIN,
        epilog=TRAIN_EXAMPLES,
    )
    text = "name (see `graphsage datasets`), folder, or sbm:OPTIONS or rmat:OPTIONS to make one (default: debian)"
    parser.add_argument("dataset", nargs="?", default="debian", metavar="DATASET", help=text)
    add_split(parser)
    text = "train so many times, with seeds SEED, SEED + 1, ...: mean and deviation (default: 1)"
    parser.add_argument("--runs", type=int, default=1, metavar="N", help=text)
    text = "leave out the training without edges, which takes about as long again"
    parser.add_argument("--no-baseline", action="store_false", dest="baseline", help=text)
    text = "save the model and the result there (several runs: a folder SEED inside for each)"
    parser.add_argument("--out", metavar="FOLDER", help=text)
    sampling = {field.name for field in fields(SampleConfig)}
    groups = {
        "model": fields(ModelConfig),
        "sampling": fields(SampleConfig),
        "training": [field for field in fields(TrainConfig) if field.name not in sampling],
    }
    for title, settings in groups.items():
        group = parser.add_argument_group(title)
        for field in settings:
            add_flag(group, field)
    parser.set_defaults(command=_train)


def _train(options):
    with user_input():
        configs = _configs(options)
        # Before torch is loaded: its idle threads would spin, and take the cores from whoever else has work. On two cores
        # with two other busy processes a run took 31 s instead of 12; on idle ones it makes no difference.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # torch: only now, and only for valid settings
        from graphsage.data.catalogue import load_dataset
        from graphsage.training.device import describe
        from graphsage.training.run import compare, make_trainer, run_all
        from graphsage.training.save import save_run

        dataset = load_dataset(options.dataset, split=configs[0].split)
        device = make_trainer(configs[0], dataset).device
        _make_folder(options.out)  # the last of what the user may have to mend

    def log(line):
        print(line, flush=True)

    log(dataset.summary())
    first, last = configs[0].train.seed, configs[-1].train.seed
    log(f"Training on {describe(device)}, {f'seed {first}' if first == last else f'seeds {first} to {last}'}")
    results = run_all(configs, dataset, features_only=options.baseline, log=log)
    if len(results) < len(configs):
        print(f"Interrupted: {len(results)} of {len(configs)} runs count.")
    print(compare(results))
    if options.out is not None:
        with user_input():  # a disk may be full, a folder not ours
            for config, result in zip(configs, results):
                log(f"Saved in {save_run(_run_folder(options, config), config, result)}")
    return 130 if len(results) < len(configs) or results[-1].interrupted else 0


def _make_folder(folder):
    """Before the training: after it would be late to hear that nothing can be saved there."""
    try:
        if folder is not None:
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out: the folder {folder!r} cannot be made ({error.strerror})") from None


def _run_folder(options, config):
    return options.out if options.runs == 1 else os.path.join(options.out, str(config.train.seed))


def _configs(options):
    """One RunConfig a run; they differ by the seed."""
    given = vars(options)
    model, train = ({f.name: given[f.name] for f in fields(c) if f.name in given} for c in (ModelConfig, TrainConfig))
    if options.runs < 1:
        raise ValueError(f"--runs must be at least 1, got {options.runs}")
    first = TrainConfig(**train).seed
    data = {"dataset": options.dataset, **given_split(options)}
    return [
        RunConfig(**data, model=ModelConfig(**model), train=TrainConfig(**{**train, "seed": seed}))
        for seed in range(first, first + options.runs)
    ]


# ---- sample


def _add_sample(commands):
    text = "draw one batch around some nodes and show it"
    description = "Draw one batch around some nodes. Each line: a node <- its neighbours drawn (how many of how many)."
    parser = commands.add_parser("sample", help=text, description=description)
    parser.add_argument("dataset", metavar="DATASET", help="name (see `graphsage datasets`) or folder")
    text = "nodes to draw around: numbers, or names where the nodes have some"
    parser.add_argument("--seeds", required=True, metavar="A,B", help=text)
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
        seeds = _seed_ids(dataset, options.seeds.split(","))
        from graphsage.sampling.neighbor import NeighborSampler

        batch = NeighborSampler(dataset.graph, **given).sample(seeds)
    _show(dataset, batch)


def _show(dataset, batch):
    """Each row of the batch: who is drawn, and of how many."""
    print(batch)
    names = batch.nodes if dataset.node_ids is None else dataset.node_ids[batch.nodes]
    for hop in range(batch.num_hops):
        print(f"hop {hop + 1}:")
        for row in range(batch.hop_offsets[hop], batch.hop_offsets[hop + 1]):
            drawn = batch.indices[batch.indptr[row] : batch.indptr[row + 1]]
            degree = dataset.graph.degrees[batch.nodes[row]]
            print(f"  {names[row]} <- {', '.join(str(names[u]) for u in drawn) or 'nobody'}  ({len(drawn)} of {degree})")


def _seed_ids(dataset, texts):
    """Rows of the nodes: by the dataset's own names where it has them, else by number."""
    texts = [text.strip() for text in texts]
    names = {} if dataset.node_ids is None else {str(name): row for row, name in enumerate(dataset.node_ids)}
    for text in texts:
        if text not in names and not (text.isdecimal() and int(text) < dataset.num_nodes):
            rule = f"a name, or a number below {dataset.num_nodes}" if names else f"a number below {dataset.num_nodes}"
            raise ValueError(f"--seeds: {text!r} is not a node of {dataset.name or 'the dataset'}: give {rule}")
    return [names[text] if text in names else int(text) for text in texts]
