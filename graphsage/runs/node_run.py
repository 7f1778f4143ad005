"""What a run on nodes has of its own: its model, its baselines, what it leaves, and the table at its end."""

from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch

from graphsage.config.run_files import METRICS_FILE, REPORT
from graphsage.data.errors import InShards
from graphsage.nn.layered import has_layers
from graphsage.nn.model import GraphSAGE
from graphsage.report.report import write_report
from graphsage.report.verdict import ALONE, OWN, verdict_line
from graphsage.runs.metrics_file import read_metrics
from graphsage.sampling.draws import as_draw
from graphsage.trained.outputs import sampled, write_predictions
from graphsage.training.baselines import baseline_scores
from graphsage.training.records import is_rising
from graphsage.training.setup import featured, label_columns, refuse_unlabelled
from graphsage.training.tasks import constant_outputs, metric_named

OTHERS = {ALONE: "Training the same model without edges (features only)"}  # trained too, as baselines
SPLIT_BY_SEED = False  # the split is the dataset's


def data_of(config, dataset):
    """What is trained on: the dataset as it is."""
    return dataset


def summary(config, dataset):
    """What there is to train on, for people."""
    return dataset.summary()


def settings_of(config):
    """The ``task`` of the ``Trainer``: that of the labels."""
    return None


def build_model(config, dataset):
    """The untrained ``GraphSAGE`` that ``config`` describes, for ``dataset``."""
    refuse_unlabelled(dataset)
    dataset = featured(config.train, dataset)
    return make_graphsage(config, dataset, dataset.num_outputs, label_columns(config.train, dataset))


def make_graphsage(config, dataset, width, labels=0):
    """The untrained ``GraphSAGE`` that ``config`` describes, with rows of ``width``; labels: columns beside the features."""
    options = {**asdict(config.model), "dropout": config.dropout, "seed": config.train.seed}
    return GraphSAGE(dataset.num_features + labels, out_features=width, **options)


def own_fields(trainer, result):
    """The fields of ``RunResult`` that cost nothing."""
    return {"majority": majority_score(trainer.task.targets, trainer.metric), "rows": {}, "interrupted": trainer.interrupted}


def beside(config, trainer, result, log, quick=None):
    """The fields of ``RunResult`` that are known after the training; Ctrl-C leaves out the baselines that are to come.

    quick: as ``baseline_scores``, which is the default.
    """
    dataset, metric, seed = trainer.task.plain, trainer.metric, trainer.config.seed
    fields = own_fields(trainer, result)
    if trainer.interrupted:
        return fields
    try:
        for name, score in (quick or baseline_scores)(dataset, metric, seed, trees=config.baseline, log=log):
            fields["rows"][name] = {metric.name: score}
    except KeyboardInterrupt:
        fields["interrupted"] = True
    except InShards as error:
        log(f"No more baselines: {error}.")
    return fields


def other(name, config, trainer):
    """(config, dataset, store) of the training ``name`` of ``OTHERS``."""
    # there is no weight or time to draw by, and no edge to spread labels along
    train = replace(config.train, draw="uniform", strictly_before=False, correct_and_smooth=False, label_reuse=0.0)
    has_columns = config.train.label_reuse  # of labels, among what the store holds
    data = (trainer.task.plain if has_columns else trainer.dataset).without_edges()
    return replace(config, train=train), data, None if has_columns else trainer.loader.store


def with_other(fields, name, result):
    """The same with what the training ``name`` of ``OTHERS`` came to, a ``TrainResult``."""
    return {**fields, "features_only": result.test_score}


def majority_score(dataset, metric):
    """Test score by ``metric`` (``Metric``) of ``constant_outputs``; None without test nodes."""
    if not len(dataset.test):
        return None
    labels = torch.tensor(dataset.labels[dataset.test], device="cpu")
    return metric.score_of_baseline(constant_outputs(dataset, len(dataset.test)), labels)


def leave(folder, config, dataset, run_result, trainer, made, types=None):
    """Predictions and report. made: ``Made`` of a run that was made in Python, else None. types: as in ``write_report``."""
    table = folder / ("predictions.parquet" if find_spec("pyarrow") else "predictions.csv")
    outputs = _all_outputs(trainer, dataset, run_result.result)
    write_predictions(table, dataset, outputs, thresholds=run_result.result.thresholds)
    write_report(
        folder / REPORT,
        dataset=dataset,
        config=config,
        result=run_result.result,
        log=read_metrics(folder / METRICS_FILE),
        outputs=outputs,
        embed=partial(_embedded, trainer),
        majority=run_result.majority,
        features_only=run_result.features_only,
        rows=run_result.rows,
        made=made,
        types=types,
    )


def _embedded(trainer, nodes):
    """What goes into the last layer for ``nodes``, from neighbours drawn as in training; None where there is no such layer."""
    model, config, dataset = trainer.model, trainer.config, trainer.dataset
    hidden = model.num_layers - (model.output_layer is None) if has_layers(model) else 0
    if not hidden:
        return None
    fanouts = (-1,) * model.num_layers if config.batch_size is None else config.fanouts
    draw = {"draw": as_draw(config.draw, config.replace), "seed": config.seed, "strictly_before": config.strictly_before}
    draw |= {"relation_fanouts": config.relation_fanouts}
    how = {"isolated": config.isolated, "device": trainer.device, "progress": None, "out": None, "store": trainer.loader.store}
    return sampled(model, dataset, nodes, hidden, fanouts=fanouts, draw=draw, **how)


def _all_outputs(trainer, dataset, result):
    """Of all nodes; where they come from drawn neighbours, a judged node's are those that were scored."""
    if result.outputs is not None:
        return result.outputs
    outputs = trainer.predict().outputs
    for nodes in (dataset.val, dataset.test):
        if len(nodes):
            outputs[nodes] = trainer.predict(nodes).outputs
    return outputs


def table(results):
    """Lines on one or more runs: test scores, mean and standard deviation where there are several."""
    metric = metric_named(results[0].result.metric)
    rows = _rows(results)
    if not rows:
        return [f"Test {metric.label}: none, as the dataset has no test nodes."]
    spread = f" (mean +- standard deviation of {len(results)} runs)" if len(results) > 1 else ""
    width = max(14, *map(len, rows))
    return [f"Test {metric.label}{spread}:", *(f"  {name:{width}} {shown(metric, values)}" for name, values in rows.items())]


def _rows(results):
    """{name: test scores} of the baselines and of GraphSAGE, those that there are."""
    metric = metric_named(results[0].result.metric)
    scores = {"mean" if metric.name == "r2" else "majority class": [r.majority for r in results]}
    for name in dict.fromkeys(name for r in results for name in r.rows):
        scores[name] = [r.rows[name][metric.name] if name in r.rows else None for r in results]
    scores |= {ALONE: [r.features_only for r in results], OWN: [r.result.test_score for r in results]}
    known = {name: [value for value in values if value is not None] for name, values in scores.items()}
    return {name: values for name, values in known.items() if values}


def verdict(results, dataset):
    """Lines on which model is the best, if one is beyond the noise of the test nodes."""
    metric, rows, rising = metric_named(results[0].result.metric), _rows(results), any(is_rising(r.result) for r in results)
    return [verdict_line(rows, metric, dataset.labels[dataset.test], rising=rising)] if OWN in rows and len(rows) > 1 else []


def shown(metric, values):
    """Mean and, of several, standard deviation as text."""
    return metric.shown(np.mean(values), np.std(values, ddof=1) if len(values) > 1 else None)
