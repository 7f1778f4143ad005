"""What a run on links has of its own: the split, its model, its baselines, what it leaves, and the table at its end."""

import numpy as np

from graphsage.base.told import side_by_side
from graphsage.config.run_files import METRICS_FILE, REPORT
from graphsage.data.link_parts import LinkParts
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.report.link_report import OWN, winner, write_link_report
from graphsage.report.link_scores import Judged
from graphsage.runs.metrics_file import read_metrics
from graphsage.runs.node_run import OTHERS as OTHERS, make_graphsage, other as other, shown
from graphsage.trained.trained_links import split_as
from graphsage.training.link_baselines import baseline_scores, baselines_of
from graphsage.training.link_evaluation import candidates_of
from graphsage.training.tasks import metrics_of

SPLIT_BY_SEED = True  # each run of several has links of its own to test on


def data_of(config, dataset):
    """What is trained on: the links of the dataset, split by the run's seed; one that is split already as it is."""
    return dataset if isinstance(dataset, LinkParts) else split_as(dataset, config.links, config.train.seed)


def summary(config, links):
    """What there is to train on, for people."""
    return f"{links.summary()}\n  each validation and test link is ranked among {config.links.candidates:,} pairs that are none"


def settings_of(config):
    """The ``task`` of the ``Trainer``."""
    return config.links


def build_model(config, links):
    """The untrained ``LinkPredictor`` that ``config`` describes, for ``links``, split."""
    width = config.model.hidden_features
    if isinstance(links, TypedLinkDataset):
        encoder = TypedGraphSAGE.of(links, width, config.model, dropout=config.dropout, seed=config.train.seed)
    else:
        encoder = make_graphsage(config, links, width)
    return LinkPredictor(encoder, config.links.decoder, directed=links.directed)


def own_fields(trainer, result):
    """The fields of ``RunResult`` that cost nothing."""
    if result.test_scores is None:
        return {"rows": {}}
    return {"rows": {OWN: result.test_scores}, "scores": trainer.task.evaluator.scores.numpy()}


def beside(config, trainer, result, log):
    """The fields of ``RunResult`` that are known after the training."""
    fields = own_fields(trainer, result)
    if not fields["rows"]:
        return fields
    links, settings = trainer.dataset, trainer.task.settings
    *others, last = baselines_of(links)
    log(f"Comparing with {', '.join(others)} and {last} ...")
    return {**fields, "rows": {**fields["rows"], **baseline_scores(links, links.test, settings, trainer.config.seed)}}


def with_other(fields, name, result):
    """The same with what the training ``name`` of ``OTHERS`` came to, a ``TrainResult``."""
    found = {} if result.test_scores is None else {name: result.test_scores}
    return {**fields, "rows": {**fields["rows"], **found}}


def leave(folder, config, dataset, run_result, trainer, made):
    """The report. made: ``Made`` of a run that was made in Python, else None."""
    judged, links = None, trainer.dataset
    if run_result.scores is not None:
        pairs = links.test.seeds
        drawn = [part for _, part in candidates_of(links, pairs, config.links, config.train.seed)]
        judged = Judged(pairs=pairs, scores=run_result.scores, candidates=np.concatenate(drawn)[:, 1:])
    write_link_report(
        folder / REPORT,
        dataset=links,
        config=config,
        result=run_result.result,
        log=read_metrics(folder / METRICS_FILE),
        rows=run_result.rows,
        judged=judged,
        made=made,
    )


def table(results):
    """Lines on one or more runs: all metrics of each model beside each other, and which is the best."""
    rows = {name: [r.rows[name] for r in results if name in r.rows] for name in results[0].rows}
    if not rows:
        return ["Test: none, as there are no test links."]
    metrics = list(metrics_of("links").values())
    lines = [["", *(metric.label for metric in metrics)]]
    for name, found in [(name, rows[name]) for name in (*(n for n in rows if n != OWN), OWN)]:
        lines.append([name, *(shown(metric, [of[metric.name] for of in found]).strip() for metric in metrics)])
    spread = f" (mean +- standard deviation of {len(results)} runs)" if len(results) > 1 else ""
    metric = metrics_of("links")[results[0].result.metric]
    means = {name: {metric.name: float(np.mean([of[metric.name] for of in found]))} for name, found in rows.items()}
    return [f"Test{spread}:", *side_by_side(lines), *filter(None, [winner(means, metric)])]
