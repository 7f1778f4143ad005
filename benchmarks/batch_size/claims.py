"""Four claims about batch sizes, and whether what was measured supports them. Batch -1 is the full batch, the largest."""

from math import inf, log
from statistics import fmean, stdev

from benchmarks.shared.measuring import median
from benchmarks.shared.publish import short

MARGIN = 0.01  # accuracies that differ by less are the same
FASTER = 0.8  # of another's time to the target: less is faster
EXACT = 1e-6  # 1 - cosine of two gradients that are the same but for rounding
NOISY = 0.5  # a gradient with less than this share of the largest batch's cosine is noisy
LINEAR = 0.75  # exponent of memory in nodes, at least
FLAT = 0.1  # memory that a node more adds, as a share of what it adds to a full batch, at most
RULES = {"same": "the same learning rate", "tuned": "each size's best learning rate"}
EXACT_SMALL = "1. No batching is exact, but only fits small data"
ONE_IS_POOR = "2. Batch 1 is noisy and converges poorly"
LARGER_IS_TRUER = "3. Larger batches give truer gradients"
MORE_ADDS_NOTHING = "4. Past some size more adds nothing, and the same accuracy takes more epochs"


def claims(result):
    """[{"claim", "graph", "rule", "verdict", "why"}, ...]; what was not measured is not judged."""
    found = []
    for graph in graphs_of(result):
        found += [exact_and_small(result, graph), truer(result, graph)]
        for rule in RULES:
            lines = summary(result, graph, rule)
            found += [one_is_poor(result, graph, rule, lines), more_adds_nothing(graph, rule, lines)]
    return sorted((claim for claim in found if claim), key=lambda claim: claim["claim"])


def _claim(text, graph, holds, why, rule=None):
    """``holds``: {part: bool}; supported if all parts are, partly if some."""
    if len(set(holds.values())) == 1:
        verdict = "supported" if all(holds.values()) else "not supported"
    else:
        verdict = "partly supported: " + ", ".join(f"{part} {'yes' if holds[part] else 'no'}" for part in holds)
    return {"claim": text, "graph": graph, "rule": rule and RULES[rule], "verdict": verdict, "why": why}


# ---- the claims


def exact_and_small(result, graph):
    full = [row for row in gradient_rows(result, graph) if row["batch"] == -1 and row["neighbours"] == "all"]
    if not full:
        return None
    worst = min(min(row["cosine"]) for row in full)
    why = f"cosine of two full gradients under different seeds: 1 - {max(0, 1 - worst):.0e}"
    grown = {full: _growth(result, full) for full in (True, False)}
    if None in grown.values():
        return _claim(EXACT_SMALL, graph, {"exact": 1 - worst < EXACT}, f"{why}; memory was not measured")
    (exponent, a_node, last), (_, a_node_sampled, small) = grown[True], grown[False]
    fits = result["machine"]["memory_gib"] * 2**30 / max(a_node, 1)
    why += (
        f"; on R-MAT graphs a full step's memory over graph and features grows as nodes^{exponent:.2f}, by {a_node:,.0f} bytes "
        f"a node ({last['mib']:,.0f} MiB at {last['nodes']:,}: this machine is full at {short(fits / 1e6)} million nodes), "
        f"that of batches of {small['batch']} by {a_node_sampled:,.0f} ({small['mib']:,.0f} MiB)"
    )
    only_small = exponent >= LINEAR and a_node_sampled <= FLAT * a_node
    return _claim(EXACT_SMALL, graph, {"exact": 1 - worst < EXACT, "only small": only_small}, why)


def _growth(result, full):
    """(exponent of memory in nodes, bytes by which a node more adds to it, the last row), over the last two sizes; or None."""
    rows = [row for row in result["rows"] if row["kind"] == "growth" and (row["batch"] == -1) == full and row["mib"]]
    if len(rows) < 2:
        return None
    before, last = rows[-2:]
    exponent = log(last["mib"] / before["mib"]) / log(last["nodes"] / before["nodes"])
    return exponent, (last["mib"] - before["mib"]) * 2**20 / (last["nodes"] - before["nodes"]), last


def one_is_poor(result, graph, rule, lines):
    one = next((line for line in lines if line["batch"] == 1), None)
    noise = {at: cosines[1] / max(cosines.values()) for at, cosines in cosines_of(result, graph).items() if 1 in cosines}
    others = [line for line in lines if line["batch"] != 1]
    if one is None or not noise or not others:
        return None
    best = max(others, key=lambda line: line["val"])
    poorly = one["cpu"] == inf or one["val"] < best["val"] - MARGIN
    shares = ", ".join(f"{100 * share:.0f} % {at}" for at, share in noise.items())
    why = (
        f"its cosine as a share of the largest: {shares}; best validation {100 * one['val']:.1f} % against "
        f"{100 * best['val']:.1f} % with {name(best['batch'])}; "
        f"CPU seconds to the target, of {result['config']['seconds']:g}: {_or_never(one['cpu'])}, "
        f"by the fastest {_or_never(min(line['cpu'] for line in others))}"
    )
    return _claim(ONE_IS_POOR, graph, {"noisy": max(noise.values()) < NOISY, "poor": poorly}, why, rule)


def truer(result, graph):
    found = cosines_of(result, graph)
    errors = cosines_of(result, graph, _error)
    if not found or min(map(len, found.values())) < 2:
        return None
    holds, why = {}, []
    for at, cosines in found.items():
        sizes = list(cosines)
        slack = [2 * (errors[at][a] ** 2 + errors[at][b] ** 2) ** 0.5 for a, b in zip(sizes, sizes[1:])]
        holds[at] = (
            all(cosines[b] >= cosines[a] - s for a, b, s in zip(sizes, sizes[1:], slack))
            and cosines[sizes[-1]] > cosines[sizes[0]]
        )
        why.append(f"{at}: " + ", ".join(f"{name(size)} {cosine:.3f}" for size, cosine in cosines.items()))
    return _claim(LARGER_IS_TRUER, graph, holds, "mean cosine to the full gradient " + "; ".join(why))


def more_adds_nothing(graph, rule, lines):
    """The smallest size that no larger one beats: neither in accuracy nor in time to the target."""
    if len(lines) < 2 or all(line["cpu"] == inf for line in lines):
        return None
    enough = next(
        at for at, line in enumerate(lines) if line["cpu"] < inf and not any(_beats(other, line) for other in lines[at + 1 :])
    )
    line, larger = lines[enough], lines[enough + 1 :]
    epochs = ", ".join(f"{name(other['batch'])} {_or_never(other['epochs'])}" for other in lines)
    why = f"no larger size beats {name(line['batch'])} in accuracy or time; epochs to the target: {epochs}"
    rising = bool(larger) and all(other["epochs"] > line["epochs"] for other in larger)
    return _claim(MORE_ADDS_NOTHING, graph, {"adds nothing": bool(larger), "more epochs": rising}, why, rule)


def _beats(other, line):
    return other["val"] > line["val"] + MARGIN or other["cpu"] < FASTER * line["cpu"]


# ---- what they rest on


def name(batch):
    return "full" if batch == -1 else f"{batch:,}"


def _or_never(value):
    return "never" if value == inf else f"{value:.2g}"


def graphs_of(result):
    return list(dict.fromkeys(row["graph"] for row in result["rows"] if row["kind"] == "gradient"))


def gradient_rows(result, graph):
    return [row for row in result["rows"] if row["kind"] == "gradient" and row["graph"] == graph]


def cosines_of(result, graph, value=lambda row: fmean(row["cosine"]), neighbours="sampled"):
    """{point of the training: {size: mean cosine}}, sizes rising; ``value(row)`` for another figure."""
    found = {}
    for row in gradient_rows(result, graph):
        if row["neighbours"] == neighbours:
            found.setdefault(row["at"], {})[row["batch"]] = value(row)
    return {at: {size: figures[size] for size in sorted(figures, key=rank)} for at, figures in found.items()}


def _error(row):
    """Standard error of the mean cosine."""
    return stdev(row["cosine"]) / len(row["cosine"]) ** 0.5 if len(row["cosine"]) > 1 else 0.0


def rank(batch):
    return inf if batch == -1 else batch


def target(result, graph):
    """The share asked for, of the highest median validation accuracy of any setting."""
    rows = settings_of(result, graph).values()
    return result["config"]["share"] * max(median([row["val"] for row in seeds]) for seeds in rows)


def settings_of(result, graph):
    """{(size, rate): rows of its seeds}."""
    found = {}
    for row in result["rows"]:
        if row["kind"] == "training" and row["graph"] == graph:
            found.setdefault((row["batch"], row["rate"]), []).append(row)
    return found


def summary(result, graph, rule):
    """A line a size, rising: medians over the seeds; inf where the target was not reached (by half of the seeds)."""
    settings = settings_of(result, graph)
    if not settings:
        return []
    goal, found = target(result, graph), []
    for size in sorted({size for size, _ in settings}, key=rank):
        lines = [_line(rate, rows, goal) for (of, rate), rows in settings.items() if of == size]
        if rule == "same":
            lines = [line for line in lines if line["rate"] == result["config"]["rate"]]
        if lines:
            found.append({"batch": size, **min(lines, key=lambda line: (line["cpu"], -line["val"]))})
    return found


def _line(rate, rows, goal):
    reached = [next((point for point in row["curve"] if point["val"] >= goal), None) for row in rows]
    costs = {
        key: median([inf if point is None else point[key] for point in reached]) for key in ("updates", "epochs", "cpu", "wall")
    }
    return {"rate": rate, **costs, **{key: median([row[key] for row in rows]) for key in ("val", "test")}}
