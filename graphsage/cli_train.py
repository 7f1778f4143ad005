"""``graphsage train``: settings from flags, one or more runs, and what they came to."""

import os
from dataclasses import fields

from graphsage.arguments import add_flag, add_split, given_split, user_input
from graphsage.config import ModelConfig, RunConfig, SampleConfig, TrainConfig

TRAIN = """Train a GraphSAGE model to tell the class of each node, several labels a node, or numbers.

Each epoch prints the training loss and the validation score (accuracy; micro-F1 of
several labels; R^2 of numbers). The model that is best on validation is kept and
tested once, beside two baselines: what is most frequent (or the mean), and the same
model trained without edges (from each node's own features only).
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


def add_train(commands):
    """The ``train`` command."""
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
