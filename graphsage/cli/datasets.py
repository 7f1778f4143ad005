"""``graphsage datasets``: what there is, what is in it, and fetching it."""

import warnings
from argparse import SUPPRESS
from importlib.util import find_spec

from graphsage.cli.arguments import Refused, add_split, given_split, user_input


def add_datasets(commands):
    text = "list the datasets, show one, or fetch one for later"
    usage = "graphsage datasets [list | info NAME | fetch NAME | check NAME] [flags]"
    parser = commands.add_parser("datasets", help=text, usage=usage, description=text.capitalize() + ".")
    text = "list: all of them (default); info: all about one; fetch: download one now, print its folder; "
    text += "check: read a dataset through and compare it with its checksums"
    parser.add_argument("action", nargs="?", choices=("list", "info", "fetch", "check"), default="list", help=text)
    text = "the dataset to show (or a folder, a file, sbm:OPTIONS, rmat:OPTIONS, typed:OPTIONS), to fetch or to check"
    parser.add_argument("name", nargs="?", metavar="NAME", help=text)
    add_split(parser)
    text = "info: draw it as well, into this file (needs matplotlib)"
    parser.add_argument("--png", metavar="FILE", default=SUPPRESS, help=text)
    parser.set_defaults(command=_datasets)


def _datasets(options):
    for flag in ("split", "png"):
        if flag in options and options.action != "info":
            raise Refused(f"--{flag} is for `datasets info`, not for `datasets {options.action}`")
    print(*{"list": _list, "info": _info, "fetch": _fetch, "check": _check}[options.action](options), sep="\n")


def _list(options):
    with user_input():
        from graphsage.data.catalogue import dataset_card, list_datasets
        from graphsage.data.generators.by_name import usage

        if options.name is not None:
            raise ValueError(f"`datasets list` shows all and takes no name (try: graphsage datasets info {options.name})")
        rows = [_row(dataset_card(name)) for name in list_datasets()]
        return [*rows, "", "made on the spot, with these options (any of them can be left out):", *usage()]


def _fetch(options):
    with user_input():
        from graphsage.data.catalogue import fetch_dataset

        return [fetch_dataset(_required_name(options))]


def _check(options):
    with user_input():
        from graphsage.data.verified import verified
        from graphsage.shards.cut import are_shards, check_shards

        name = _required_name(options)
        if are_shards(name):
            return check_shards(name)
        dataset, compared = verified(name)
        return [dataset.summary().partition("\n")[0], f"{name} is whole: {compared}"]


def _info(options):
    """The card, if there is one, and what is in the data, if they are here."""
    with user_input():
        from graphsage.data.typed_dataset import TypedDataset

        name, split, draws = _required_name(options), given_split(options), "png" in options
        if draws:
            _require_matplotlib()
        card, dataset = _card_and_data(name, split)
        if dataset is None:
            if draws:
                raise ValueError(f"--png draws the data, and they are not here yet: graphsage datasets fetch {name}")
            return [*_described(card), f"  not here yet: graphsage datasets fetch {name}, and this shows what is in the data"]
        if draws and isinstance(dataset, TypedDataset):
            raise ValueError(f"--png draws a graph whose nodes are of one type; {name} has {len(dataset.num_nodes)} types")
    from graphsage.data.described.describe import describe

    found = describe(dataset)
    if draws:
        _draw(found, options.png)
    summary = dataset.summary().partition("\n")[0] if isinstance(dataset, TypedDataset) else dataset.summary()
    heading = [summary] if card is None or split else _described(card)  # a card is about the first split
    return [*heading, "", found]


def _required_name(options):
    from graphsage.data.catalogue import list_datasets

    if options.name is None:
        raise ValueError(f"`datasets {options.action}` needs a name: one of {', '.join(list_datasets())}")
    return options.name


def _card_and_data(name, split):
    """(card or None, ``NodeDataset`` or None): a folder has no card, and nothing is downloaded here."""
    from graphsage.data.catalogue import DatasetNotHere, built_in, dataset_card, load_dataset

    known = built_in(name)
    card = None if known is None else dataset_card(known)
    try:
        return card, load_dataset(name, **split, download=False)
    except DatasetNotHere:
        return card, None


def _require_matplotlib():
    """Before the data are read and counted, which may take long."""
    if find_spec("matplotlib") is None:
        raise ValueError("--png needs matplotlib, which is not installed: pip install matplotlib")


def _draw(found, path):
    from graphsage.data.described.plots import save_png

    with user_input(), warnings.catch_warnings():  # a disk may be full, a folder not ours
        warnings.filterwarnings("ignore", "Glyph .* missing")  # letters that the font lacks are boxes: that is seen
        save_png(found, path)


def _where(card):
    return "bundled" if card.is_bundled else f"download, {card.num_bytes / 1e6:.1f} MB"


def _row(card):
    return f"{card.name:27} {card.num_nodes:>8,} nodes  {_where(card):20}  {card.title}"


def _described(card):
    """What the card says."""
    about = {"from": card.source, "licence": card.licence, "data": _where(card), "split": card.split.get("rule", "")}
    counts = {name.removeprefix("num_").replace("_", " "): _told(n) for name, n in card.statistics.items()}
    classes = {"class names": ", ".join(card.class_names)} if card.class_names else {}
    return [f"{card.name}: {card.title}", *(f"  {k:12} {v}" for k, v in {**about, **counts, **classes}.items())]


def _told(count):
    """A number, or those of several types; of many relations their sum."""
    if isinstance(count, int):
        return f"{count:,}"
    listed = ", ".join(f"{name} {of:,}" for name, of in count.items())
    return listed if len(listed) < 80 else f"{sum(count.values()):,} ({len(count)} relations)"
