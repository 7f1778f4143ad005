"""Whole runs from a RunConfig: dataset, model, training, and what the result must be compared with."""

from dataclasses import asdict, dataclass

import numpy as np
import torch

from graphsage.data.catalogue import load_dataset
from graphsage.nn.model import GraphSAGE
from graphsage.training.records import TrainResult
from graphsage.training.tasks import METRICS, constant_outputs
from graphsage.training.trainer import Trainer


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A trained model beside its baselines, test scores by ``result.metric``; None where there are no test nodes.

    majority: always what is most frequent in training (regression: the mean). features_only: the same model, trained the
    same way on the graph without its edges; None if it was not asked for, or Ctrl-C came before its end.
    interrupted: Ctrl-C ended the training of either.
    """

    result: TrainResult
    majority: float | None
    features_only: float | None
    model: GraphSAGE
    interrupted: bool = False


def run(config, dataset=None, *, features_only=True, log=print):
    """Load (unless ``dataset`` is given), train, compare; ``log`` gets each line of progress."""
    if dataset is None:
        dataset = load_dataset(config.dataset, split=config.split)
        log(dataset.summary())
    trainer = make_trainer(config, dataset, log=log)
    result = trainer.fit()
    alone, interrupted = None, result.interrupted
    if features_only and not interrupted:
        log("Training the same model without edges (features only) for comparison ...")
        alone, interrupted = _features_only(config, dataset)
    return RunResult(
        result=result,
        majority=majority_score(dataset, trainer.metric),
        features_only=alone,
        model=trainer.model,
        interrupted=interrupted,
    )


def run_all(configs, dataset, *, features_only=True, log=print):
    """``run`` each of ``configs``; returns the results of those that were done when the last ended or Ctrl-C came.

    A training that Ctrl-C cut short counts only where it is the only one.
    """
    results = []
    for number, config in enumerate(configs, start=1):
        if len(configs) > 1:
            log(f"Run {number} of {len(configs)}, seed {config.train.seed}")
        try:
            latest = run(config, dataset, features_only=features_only, log=log)
        except KeyboardInterrupt:
            if not results:
                raise
            break
        if not (results and latest.result.interrupted):
            results.append(latest)
        if latest.interrupted:
            break
    return results


def make_trainer(config, dataset, *, log=print):
    """The ``Trainer`` of an untrained model; ValueError where ``config`` cannot be had on this dataset or machine."""
    return Trainer(build_model(config, dataset), dataset, config.train, log=log)


def build_model(config, dataset):
    """The untrained ``GraphSAGE`` that ``config`` describes, for ``dataset``."""
    options = {**asdict(config.model), "dropout": config.dropout, "seed": config.train.seed}
    return GraphSAGE(dataset.num_features, out_features=dataset.num_outputs, **options)


def majority_score(dataset, metric):
    """Test score by ``metric`` (``Metric``) of ``constant_outputs``; None without test nodes."""
    if not len(dataset.test):
        return None
    return metric.score(constant_outputs(dataset, len(dataset.test)), torch.tensor(dataset.labels[dataset.test]))


def compare(results):
    """The table at the end of one or more runs: test scores, mean and standard deviation where there are several."""
    metric = METRICS[results[0].result.metric]
    rows = [
        ("mean" if metric.name == "r2" else "majority class", [r.majority for r in results]),
        ("features only", [r.features_only for r in results]),
        ("GraphSAGE", [r.result.test_score for r in results]),
    ]
    rows = [(name, [value for value in values if value is not None]) for name, values in rows]
    if not rows[0][1]:
        return "\n".join([f"Test {metric.label}: none, as the dataset has no test nodes.", *_which_model(results)])
    spread = f" (mean +- standard deviation of {len(results)} runs)" if len(results) > 1 else ""
    table = [f"  {name:14} {_shown(metric, values)}" for name, values in rows if values]
    return "\n".join([f"Test {metric.label}{spread}:", *table, *_which_model(results)])


def _which_model(results):
    """The sentence about a single run's model: of which epoch it is, and why."""
    if len(results) != 1:
        return []
    result = results[0].result
    why = "the last (there are no validation nodes)" if result.val_score is None else "the best on validation"
    cut = f"Interrupted after epoch {len(result.history)}. " if result.interrupted else ""
    return [f"{cut}The model is that of epoch {result.best_epoch}, {why}."]


def _features_only(config, dataset):
    """(test score, whether Ctrl-C came) of the same training without edges; a training cut short has no score."""
    try:
        result = make_trainer(config, dataset.without_edges(), log=None).fit()
    except KeyboardInterrupt:
        return None, True
    return (None if result.interrupted else result.test_score), result.interrupted


def _shown(metric, values):
    return metric.shown(np.mean(values), np.std(values, ddof=1) if len(values) > 1 else None)
