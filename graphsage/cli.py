"""The ``graphsage`` command. torch and numba are imported only inside the commands that need them."""

import argparse
import sys
from dataclasses import fields
from types import NoneType
from typing import get_args

from graphsage.config import ModelConfig, RunConfig, TrainConfig

EPILOG = """examples:
  graphsage train                                   the bundled Debian graph, in about a minute
  graphsage train cora --fanouts 10,10 --runs 10    Cora, ten seeds, mean and standard deviation
  graphsage train cora --batch-size full --optimizer rprop
  graphsage datasets info debian
  graphsage sample debian --seeds bash,libc6 --fanouts 5,5
"""


def main(arguments=None):
    """Run one command line; returns the exit code: 0, 2 for what the user can mend, 130 after Ctrl-C."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        return _no_command(parser, options)
    try:
        return options.command(options) or 0
    except (ValueError, TypeError) as error:
        if options.debug:
            raise
        print(f"graphsage: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("graphsage: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, say `head`, has gone
        sys.stderr.close()
        return 0


def _no_command(parser, options):
    if options.version:
        from importlib.metadata import version

        print(version("graphsage"))
    else:
        parser.print_help()
    return 0


class _Parser(argparse.ArgumentParser):
    """argparse with one sentence instead of a page of usage."""

    def error(self, message):
        self.exit(2, f"graphsage: {message} (try: {self.prog} --help)\n")


def _parser():
    parser = _Parser(
        prog="graphsage",
        description="Neighbour-sampled minibatch training of graph neural networks.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.set_defaults(command=None, debug=False)
    commands = parser.add_subparsers(title="commands", metavar="{train,datasets,sample}")
    _add_train(commands)
    _add_datasets(commands)
    _add_sample(commands)
    for command in commands.choices.values():
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


# ---- train


def _add_train(commands):
    text = "train a GraphSAGE model and compare it with two baselines"
    parser = commands.add_parser("train", help=text, description=text.capitalize() + ".")
    parser.add_argument("dataset", nargs="?", default="debian", help="name or folder (default: debian)")
    parser.add_argument("--runs", type=int, default=1, help="train with so many seeds: mean and deviation (default: 1)")
    parser.add_argument("--baseline", action=argparse.BooleanOptionalAction, default=True, help="train without edges as well")
    for title, config in (("model", ModelConfig), ("training", TrainConfig)):
        group = parser.add_argument_group(title)
        for field in fields(config):
            _add_flag(group, field)
    parser.set_defaults(command=_train)


def _add_flag(group, field):
    """One flag a config field; a flag that was not given stays out, so that the config's own default holds."""
    flag, text = "--" + field.name.replace("_", "-"), field.metadata["help"]
    if "default" not in text:
        shown = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
        text += f" (default: {shown})"
    extra = {"default": argparse.SUPPRESS, "help": text.replace("%", "%%")}
    kinds = set(get_args(field.type)) - {NoneType} or {field.type}
    if bool in kinds:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, **extra)
    elif field.name == "fanouts":
        group.add_argument(flag, type=_integers, metavar="K,K", **extra)
    elif field.name == "batch_size":
        group.add_argument(flag, type=_batch_size, metavar="B", **extra)
    else:
        (kind,) = kinds
        group.add_argument(flag, type=kind, choices=field.metadata.get("choices"), metavar=_metavar(field, kind), **extra)


def _metavar(field, kind):
    return None if "choices" in field.metadata else {int: "N", float: "X", str: "NAME"}[kind]


def _integers(text):
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be integers with commas between, such as 10,10; got {text!r}") from None


def _batch_size(text):
    if text == "full":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be an integer or 'full'; got {text!r}") from None


def _train(options):
    given = vars(options)
    model, train = (_given(config, given) for config in (ModelConfig, TrainConfig))
    if options.runs < 1:
        raise ValueError(f"--runs must be at least 1, got {options.runs}")
    seeds = range(train.get("seed", 0), train.get("seed", 0) + options.runs)
    configs = [
        RunConfig(dataset=options.dataset, model=ModelConfig(**model), train=TrainConfig(**{**train, "seed": seed}))
        for seed in seeds
    ]
    from graphsage.training.run import compare, run  # torch: only now, and only for valid settings

    print(f"Seeds {seeds[0]} to {seeds[-1]}." if options.runs > 1 else f"Seed {seeds[0]}.", flush=True)
    log = lambda line: print(line, flush=True)  # noqa: E731
    results = []
    for config in configs:
        results.append(run(config, features_only=options.baseline, log=log))
        if results[-1].result.interrupted:
            break
    print(compare(results))
    return 130 if results[-1].result.interrupted else 0


def _given(config, given):
    return {field.name: given[field.name] for field in fields(config) if field.name in given}


# ---- datasets


def _add_datasets(commands):
    text = "list the datasets, show one, or fetch one for later"
    parser = commands.add_parser("datasets", help=text, description=text.capitalize() + ".")
    parser.add_argument("action", nargs="?", choices=("list", "info", "fetch"), default="list")
    parser.add_argument("name", nargs="?", help="the dataset to show or fetch")
    parser.set_defaults(command=_datasets)


def _datasets(options):
    from graphsage.data.catalogue import dataset_card, fetch_dataset, list_datasets, load_dataset

    if options.action != "list" and options.name is None:
        raise ValueError(f"graphsage datasets {options.action} needs a name: one of {', '.join(list_datasets())}")
    if options.action == "info":
        print(load_dataset(options.name).summary())
    elif options.action == "fetch":
        print(fetch_dataset(options.name))
    else:
        for name in list_datasets():
            card = dataset_card(name)
            where = "bundled" if card.is_bundled else f"download, {sum(f.size for f in card.files) / 1e6:.1f} MB"
            print(f"{name:10} {card.statistics['num_nodes']:>8,} nodes  {where:20}  {card.title}")


# ---- sample


def _add_sample(commands):
    text = "draw one batch around some nodes and show it"
    parser = commands.add_parser("sample", help=text, description=text.capitalize() + ".")
    parser.add_argument("dataset", help="name or folder")
    parser.add_argument("--seeds", required=True, metavar="A,B,...", help="node ids or names")
    for field in fields(TrainConfig):
        if field.name in ("fanouts", "replace", "isolated", "seed"):
            _add_flag(parser, field)
    parser.set_defaults(command=_sample)


def _sample(options):
    from graphsage.data.catalogue import load_dataset

    given = {name: value for name, value in vars(options).items() if name in ("fanouts", "replace", "isolated", "seed")}
    dataset = load_dataset(options.dataset)
    seeds = _seed_ids(dataset, options.seeds.split(","))
    from graphsage.sampling.neighbor import NeighborSampler

    batch = NeighborSampler(dataset.graph, **given).sample(seeds)
    print(batch)
    names = batch.nodes if dataset.node_ids is None else dataset.node_ids[batch.nodes]
    for hop in range(batch.num_hops):
        print(f"hop {hop + 1}:")
        for row in range(batch.hop_offsets[hop], batch.hop_offsets[hop + 1]):
            drawn = batch.indices[batch.indptr[row] : batch.indptr[row + 1]]
            degree = dataset.graph.degrees[batch.nodes[row]]
            print(f"  {names[row]} <- {', '.join(str(names[u]) for u in drawn) or 'nobody'}  ({len(drawn)} of {degree})")


def _seed_ids(dataset, texts):
    """Rows of the named nodes: by the dataset's own names where it has them, else by number."""
    names = {} if dataset.node_ids is None else {str(name): row for row, name in enumerate(dataset.node_ids)}
    unknown = [text for text in texts if text not in names and not text.strip().isdigit()]
    if unknown:
        raise ValueError(f"--seeds: {unknown[0]!r} is not a node of {dataset.name}")
    return [names[text] if text in names else int(text) for text in texts]
