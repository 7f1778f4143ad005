"""Scores of one and of several runs, from what result.json says: plain dicts, without torch."""

import math
from statistics import fmean, stdev

OWN, ALONE = "GraphSAGE", "features only"  # as the tables call the model that was trained, and the one without edges


def entry_of(result):
    """What lists and means need of the content of a result.json: metric, scores, epochs and seconds.

    models: {name: test score by the metric} of the baselines. KeyError, TypeError where it is no such content.
    """
    metric, history = result["metric"], result["history"]
    rows = {name: of.get(metric) for name, of in (result.get("rows") or {}).items() if name != OWN}
    simplest = "mean" if metric == "r2" else "majority class"
    models = {simplest: result.get("majority"), **rows, ALONE: result.get("features_only") or rows.get(ALONE)}
    return {
        "metric": metric,
        "test_score": result["test_score"],
        "val_score": result["val_score"],
        "best_epoch": result["best_epoch"],
        "models": {name: score for name, score in models.items() if score is not None},
        "epochs": len(history),
        "seconds": sum(epoch["seconds"] for epoch in history),
    }


def mean_and_deviation(scores):
    """(mean, standard deviation) of those that are known; None for what there is not: of one there is no deviation."""
    known = [score for score in scores if score is not None and math.isfinite(score)]
    return (fmean(known) if known else None), (stdev(known) if len(known) > 1 else None)


def baselines(entries):
    """{name: (mean, deviation)} of the baselines of one or more runs."""
    names = dict.fromkeys(name for entry in entries for name in entry["models"])
    return {name: mean_and_deviation([entry["models"].get(name) for entry in entries]) for name in names}


def best_baseline(entries):
    """(name, mean test score) of the best; (None, None) where there is none."""
    means = {name: mean for name, (mean, _) in baselines(entries).items() if mean is not None}
    name = max(means, key=means.get, default=None)
    return name, means.get(name)
