"""Scaling: cost an edge as the graph grows, by edges a node and by threads; memory against the graph's size on disk.

    python -m benchmarks.scaling [--size small] [--scales 14,16,18,20,22] [--degrees 2,4,8,16,32] [--threads-only] ...

Four parts, all on R-MAT graphs, batches of 1,024 seeds at fanouts 10,10 without replacement:
nodes    2^14 to 2^22 nodes, nearly 16 neighbours a node, one thread: a sampled edge should cost the same but for the caches
degrees  the same at one size, with more and more edges
memory   peak of a process that loads the graph and samples, beside the file's size; each figure in a process of its own
threads  wall time of an epoch with 1, 2, 4, ... threads up to the machine's cores: sampling, sampling and features, training

--threads-only measures the last alone: for a machine with many cores. benchmarks/README.md tells what the numbers mean.
Give it an idle machine; the largest graph takes 2 GiB of memory while it is made, once: it is kept in GRAPHSAGE_BENCH_CACHE.
"""

from functools import partial

from benchmarks.scaling.measures import Sampling, memory, threads
from benchmarks.scaling.report import draw, markdown
from benchmarks.shared.measuring import each_round, interleave, say
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import isolated, one_thread
from benchmarks.shared.publish import publish
from benchmarks.shared.records import new_result, until_interrupted
from benchmarks.shared.workloads import rmat_file

OPTIONS = {
    "scales": (numbers, "log2 of the nodes"),
    "edges": (int, "R-MAT draws a node; a node has nearly twice as many neighbours"),
    "degrees": (numbers, "draws a node, for the part on degrees"),
    "scale": (int, "log2 of the nodes, for the parts on degrees and threads"),
    "fanouts": (numbers, "neighbours drawn at each hop"),
    "batch": (int, "seeds a batch"),
    "features": (int, "float32 features a node"),
    "threads": (numbers, "numbers of threads; 0: 1, 2, 4, ... up to all cores"),
    "rounds": (int, "interleaved rounds"),
}
COMMON = {"edges": 8, "fanouts": (10, 10), "batch": 1024, "features": 32, "threads": (0,)}
SIZES = {
    "full": COMMON | {"scales": (14, 15, 16, 17, 18, 19, 20, 21, 22), "degrees": (2, 4, 8, 16, 32), "scale": 20, "rounds": 7},
    "small": COMMON | {"scales": (14, 16, 18, 20), "degrees": (2, 8, 32), "scale": 18, "rounds": 3},
    "quick": COMMON | {"scales": (8, 10), "degrees": (2, 4), "scale": 10, "batch": 64, "rounds": 1},
}


def main(argv=None):
    options = options_of(
        "scaling", __doc__, SIZES, OPTIONS, argv, switches={"threads-only": "measure the part on threads alone"}
    )
    one_thread()
    result = new_result(options, argv)
    with until_interrupted(result):
        if not options.threads_only:
            make_graphs(options)
            memory(result, options)
            graphs = [(scale, options.edges) for scale in options.scales]
            sampling("nodes", graphs, result, options)
            sampling("degrees", [(options.scale, edges) for edges in options.degrees], result, options)
        threads(result, options)
    publish(result, options, markdown(result), draw)


def make_graphs(options):
    """Each in a process of its own, so that no memory of the making is left in this one."""
    for scale, edges in {(scale, options.edges) for scale in options.scales} | {
        (options.scale, edges) for edges in options.degrees
    }:
        isolated(partial(rmat_file, scale, edges))


def sampling(part, graphs, result, options):
    """A row a graph; every round adds to its lists."""
    competitors = {}
    for scale, edges in graphs:
        timing = Sampling(scale, edges, options)
        row = {"part": part, "edges_per_node": edges, **timing.sizes, "rounds": {}}
        result["rows"].append(row)
        competitors[scale, edges] = partial(timing.round, row=row)
    say(f"{part}: {len(graphs)} graphs are loaded")
    interleave(competitors, options.rounds, each_round(part, competitors))


if __name__ == "__main__":
    main()
