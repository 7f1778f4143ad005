"""``graphsage evaluate`` and ``predict`` of models of links: kept links, pairs of a table, the best partners of nodes."""

from graphsage.base.progress import progress_of, reading
from graphsage.base.told import side_by_side
from graphsage.cli.arguments import node_rows, of_the_system, user_input
from graphsage.cli.exact_room import exact_room
from graphsage.cli.next_step import after_training
from graphsage.cli.tables_shown import score_rows, show_first, write_rows

TOP = 10  # partners of a node, where --top does not say
OF_LINKS = ("pairs", "top")  # flags that models of nodes have no use for,
OF_NODES = ("part", "probabilities", "split", "correct_and_smooth")  # and models of links
LABELS = {"val": "validation", "test": "test"}


def add_flags(parser, only):
    """The flags of ``predict`` that are for links. only: the group of those that say what is asked."""
    text = "links: score the pairs in FILE (.csv, .parquet, ...; columns source and target, the nodes' own ids)"
    only.add_argument("--pairs", metavar="FILE", help=text)
    text = f"links: how many best partners of each of --nodes (default: {TOP})"
    parser.add_argument("--top", type=int, metavar="K", help=text)


def refuse_unused(options, trained):
    """ValueError about the first flag that a model of its kind has no use for, or that says nothing."""
    of_links = trained.task == "links"
    for name in OF_NODES if of_links else OF_LINKS:
        if getattr(options, name, None) not in (None, False):
            kind, other = ("nodes", "links") if of_links else ("links", "nodes")
            flag = "--" + name.replace("_", "-")
            raise ValueError(f"{flag} is for models of {kind}, and {options.run} is one of {other}: leave it out")
    top = getattr(options, "top", None)
    if top is not None and options.nodes is None:
        raise ValueError("--top says how many partners of each of --nodes: name them, or leave it out")
    if top is not None and top < 1:
        raise ValueError(f"--top must be an integer >= 1, got {top}")


def evaluate(options, trained, dataset, how):
    """Print what the split of the training comes to on ``dataset``."""
    with user_input():
        if options.seed is not None:
            raise ValueError("--seed: candidates and draws of links are those of the training: leave it out")
        links = trained.split(dataset)
    with of_the_system(), progress_of("evaluating") as progress, exact_room(options, trained) as room:
        how = {name: value for name, value in how.items() if name != "seed"}
        scores = trained.evaluate(links, **how, **room, progress=progress)
    from graphsage.training.tasks import metrics_of

    print(links.summary())
    seed, candidates = trained.how_split["seed"], trained.links.candidates
    print(f"Links are split as in the training (seed {seed}), and each is ranked among {candidates:,}.")
    print("\n".join(side_by_side(score_rows(scores, trained.metric, metrics_of("links"), LABELS, of="links"))))
    print(after_training(options.run, "links", dataset=options.dataset))


def asked(options, trained, dataset):
    """What is to be predicted: (int64[M, 2] pairs, None) or (None, rows of nodes); ValueError where neither is said."""
    from graphsage.data.nodes_of_type import nodes_of_type
    from graphsage.data.tables.pairs import read_pairs

    ends = trained.ends or (None, None)
    if options.pairs is not None:
        return read_pairs(options.pairs, dataset, reading, ends), None
    if options.nodes is None:
        raise ValueError(f"{options.run} is a model of links: say which by --pairs FILE, or whose best partners by --nodes A,B")
    return None, list(dict.fromkeys(node_rows("--nodes", nodes_of_type(dataset, ends[0]), options.nodes)))


def num_edges(dataset):
    """Edges of all relations, of a graph with types too."""
    found = dataset.graph.num_edges
    return sum(found.values()) if isinstance(found, dict) else found


def predict(options, trained, dataset, how, path):
    """Write the table to ``path`` and show its first rows."""
    from graphsage.trained.partners import ScoredPairs
    from graphsage.trained.trained_links import MEANING

    with user_input():
        pairs, nodes = asked(options, trained, dataset)
    with of_the_system(), progress_of("predicting") as progress, exact_room(options, trained) as room:
        how = how | room
        if nodes is None:
            probabilities = trained.score(dataset, pairs, **how, progress=progress)
            found = ScoredPairs(pairs=pairs, probabilities=probabilities, ends=trained.ends)
        else:
            found = trained.top(dataset, nodes, options.top or TOP, **how, progress=progress)
    write_rows(path, found, dataset)
    kept = "" if pairs is not None else "; partners that a node is linked with already are left out"
    print(f"Asked on all {num_edges(dataset):,} edges of the dataset, the validation and test links too{kept}.")
    show_first(path, found, dataset, TOP)
    print(f"{MEANING[trained.links.link_loss]}.")
