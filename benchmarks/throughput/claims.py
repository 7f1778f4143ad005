"""What the engine is asked to reach, and the ratios that show whether it does."""

from dataclasses import dataclass

from benchmarks.shared.measuring import median_ratio

READS = ("limit: reads of indices", "limit: reads of the local map")
PRODUCTS = "limit: matrix products"
TWO_HOPS, THREE_HOPS, STEP = (10, 10), (15, 10, 5), (15, 10)


@dataclass(frozen=True)
class Claim:
    """``slow`` takes at least as many times as long as ``fast`` as ``targets`` {fanouts: times or None} ask for.

    by: "cpu" or "wall" time a batch, or "edge": CPU time a sampled edge.
    """

    text: str
    task: str
    slow: str
    fast: str
    targets: dict
    by: str = "cpu"


def sampling(times):
    return {TWO_HOPS: times, THREE_HOPS: times}


def steps(shallow=None, deep=None):
    return {STEP: shallow, THREE_HOPS: deep}


PYG = "pyg trim_to_layer"
CLAIMS = (
    Claim("PyG's NeighborLoader, defaults", "sampling", "pyg NeighborLoader", "ours", sampling(10)),
    Claim("PyG's sampler alone, defaults", "sampling", "pyg sampler", "ours", sampling(10)),
    Claim("pyg-lib; both int32, no edge ids", "sampling", "pyg pyg-lib op, int32, no edge ids", "ours", sampling(7)),
    Claim(
        "torch-sparse; both int64 out, edge ids", "sampling", "pyg torch-sparse op", "ours, edge ids, int64 ids", sampling(7)
    ),
    Claim(
        "DGL, a sampled edge; both int32, edge ids",
        "sampling",
        "dgl NeighborSampler, int32",
        "ours, edge ids",
        sampling(4.5),
        "edge",
    ),
    Claim("GraphBolt, a sampled edge; both int32, no edge ids", "sampling", "graphbolt, int32", "ours", sampling(None), "edge"),
    Claim("the book's sampler against the tree form", "trees", "book, dict of arrays", "ours, Graph", sampling(100)),
    Claim("PyG's training step, edge_index", "training", PYG, "ours", steps(8, 4.5)),
    Claim("PyG's training step, torch.sparse CSR", "training", "pyg torch.sparse CSR", "ours", steps()),
    Claim("PyG's training step, both in bfloat16", "training", f"{PYG}, bfloat16", "ours, bfloat16", steps()),
    Claim("DGL's training step", "training", "dgl SAGEConv", "ours", steps()),
    Claim("the book's small batches", "citations", "book", "ours, unique form", {TWO_HOPS: 20}),
    Claim("two threads against one, wall time", "threads", "ours, 1 thread", "ours, 2 threads", sampling(1.8), "wall"),
)


def claims(result):
    """What was asked for and what was measured: [{"text", "fanouts", "ratio", "target", "met"}, ...]."""
    rows = by_place(result)
    found = [
        _verdict(claim.text, fanouts, ratio(rows, claim.task, fanouts, claim.slow, claim.fast, claim.by), target)
        for claim in CLAIMS
        for fanouts, target in claim.targets.items()
        if (claim.task, fanouts, claim.slow) in rows and (claim.task, fanouts, claim.fast) in rows
    ]
    return [*found, *_shares(rows), *_memory(result["memory"])]


def _shares(rows):
    """Ours as a share of the limits."""
    for fanouts in (TWO_HOPS, THREE_HOPS):
        if ("sampling", fanouts, READS[0]) in rows:
            yield _verdict("share of the limit of random reads", fanouts, _read_share(rows, fanouts), 0.85)
    for fanouts in (STEP, THREE_HOPS):
        if ("training", fanouts, PRODUCTS) in rows:
            share = ratio(rows, "training", fanouts, PRODUCTS, "ours", "cpu")
            yield _verdict("share of the matrix products", fanouts, share, None)


def _read_share(rows, fanouts):
    """One read of the indices and one of the local map for each sampled edge, as a share of the time of ours."""
    ours, *reads = (rows["sampling", fanouts, name]["rounds"] for name in ("ours", *READS))
    an_edge = [sum(read["cpu"][k] / read["edges"][k] for read in reads) for k in range(len(ours["cpu"]))]
    return median_ratio([edges * time for edges, time in zip(ours["edges"], an_edge)], ours["cpu"])


def _memory(sizes):
    if all("running" in sizes.get(program, {}) for program in ("ours", "pyg")):
        for when in ("set up", "running"):
            yield _verdict(f"PyG's memory against ours, {when}", STEP, sizes["pyg"][when] / sizes["ours"][when], 2)


def _verdict(text, fanouts, measured, target):
    met = None if target is None else bool(measured >= target)
    return {"text": text, "fanouts": list(fanouts), "ratio": measured, "target": target, "met": met}


def by_place(result):
    """{(task, fanouts, name): row}, without what failed."""
    return {(r["task"], tuple(r["fanouts"]), r["name"]): r for r in result["rows"] if "error" not in r}


def ratio(rows, task, fanouts, slow, fast, by):
    """How many times as long ``slow`` takes as ``fast``: median over the rounds."""
    slow, fast = (rows[task, fanouts, name]["rounds"] for name in (slow, fast))
    if by == "edge":
        slow, fast = ({"edge": [time / edges for time, edges in zip(r["cpu"], r["edges"])]} for r in (slow, fast))
    return median_ratio(slow[by], fast[by])


def comma(fanouts):
    return ",".join(map(str, fanouts))
