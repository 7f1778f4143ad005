"""A whole run from a RunConfig: dataset, model, training, and what it must be compared with."""

from dataclasses import asdict, dataclass

import numpy as np

from graphsage.data.catalogue import load_dataset
from graphsage.nn.model import GraphSAGE
from graphsage.training.trainer import Trainer, TrainResult


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A trained model beside its baselines, test accuracies in [0, 1].

    majority: always the class that is most frequent in training. features_only: the same model, trained the same way on
    the graph without its edges; None if it was not asked for.
    """

    result: TrainResult
    majority: float
    features_only: float | None
    model: GraphSAGE


def run(config, *, features_only=True, log=print):
    """Load, train, compare; ``log`` gets each line of progress."""
    dataset = load_dataset(config.dataset)
    log(dataset.summary())
    model = build_model(config, dataset)
    result = Trainer(model, dataset, config.train, log=log).fit()
    alone = None
    if features_only and not result.interrupted:
        log("Training the same model without edges (features only) for comparison ...")
        bare = build_model(config, dataset)
        alone = Trainer(bare, dataset.without_edges(), config.train, log=None).fit().test_accuracy
    return RunResult(result=result, majority=majority_accuracy(dataset), features_only=alone, model=model)


def build_model(config, dataset):
    """The untrained ``GraphSAGE`` that ``config`` describes, for ``dataset``."""
    options = {**asdict(config.model), "dropout": config.dropout, "seed": config.train.seed}
    return GraphSAGE(dataset.num_features, out_features=dataset.num_classes, **options)


def majority_accuracy(dataset):
    """Test accuracy of the most frequent training label."""
    frequent = np.bincount(dataset.labels[dataset.train]).argmax()
    return float((dataset.labels[dataset.test] == frequent).mean())


def compare(results):
    """The table at the end of one or more runs: test accuracies, mean and standard deviation where there are several."""
    rows = [
        ("majority class", [r.majority for r in results]),
        ("features only", [r.features_only for r in results if r.features_only is not None]),
        ("GraphSAGE", [r.result.test_accuracy for r in results]),
    ]
    lines = [f"Test accuracy{' (mean +- standard deviation)' if len(results) > 1 else ''}:"]
    lines += [f"  {name:14} {_percent(values)}" for name, values in rows if values and None not in values]
    if len(results) == 1:
        best = results[0].result
        lines.append(f"The model is that of epoch {best.best_epoch}, the best on validation.")
    return "\n".join(lines)


def _percent(values):
    spread = f" +- {100 * np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{100 * np.mean(values):5.1f}{spread} %"
