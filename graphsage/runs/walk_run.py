"""What a run without labels has of its own: its model, the probe that judges its embeddings, and the table at its end."""

from graphsage.config.run_files import METRICS_FILE, REPORT
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.report.walk_report import write_walk_report
from graphsage.runs.metrics_file import read_metrics
from graphsage.runs.node_run import make_graphsage, shown
from graphsage.trained.probe import probe, probe_lines, why_not
from graphsage.trained.save import as_trained
from graphsage.training.tasks import metric_named

SPLIT_BY_SEED = False  # the split, which only the probe reads, is the dataset's
OTHERS = {}  # are trained beside: there are no walks without edges


def data_of(config, dataset):
    """What is trained on: the dataset as it is."""
    return dataset


def summary(config, dataset):
    """What there is to train on, for people."""
    walks = f"no labels are read: pairs of nodes that meet on walks of {config.walks.walk_length} steps"
    return f"{dataset.summary(labels=False)}\n  {walks}"


def settings_of(config):
    """The ``task`` of the ``Trainer``."""
    return config.walks


def build_model(config, dataset):
    """The untrained model that ``config`` describes: a ``GraphSAGE`` whose outputs are the embeddings, compared by products."""
    return LinkPredictor(make_graphsage(config, dataset, config.model.hidden_features), "dot")


def own_fields(trainer, result):
    """The fields of ``RunResult`` that cost nothing."""
    return {"rows": {}}


def beside(config, trainer, result, log):
    """The fields of ``RunResult`` that are known after the training: what the probe says."""
    dataset = trainer.task.given
    reason = "" if trainer.interrupted else why_not(dataset)
    if trainer.interrupted or reason:
        log(reason) if reason else None
        return {"rows": {}}
    log("Probing: logistic regression on features and on embeddings ...")
    rows = {"features": dataset.features} if config.baseline else {}
    rows |= {"embeddings": _embeddings(trainer, result)}
    return {"rows": {name: {"accuracy": probe(dataset, block)} for name, block in rows.items()}}


def _embeddings(trainer, result):
    """Of all nodes; sampled where the training's draw has none of all neighbours."""
    if result.outputs is not None:
        return result.outputs.numpy()
    trained = as_trained(trainer.model, trainer.dataset, trainer.config, trainer.task.settings)
    return trained.embed(trainer.task.given, device=str(trainer.device))


def leave(folder, config, dataset, run_result, trainer, made):
    """The report. made: ``Made`` of a run that was made in Python, else None."""
    log = read_metrics(folder / METRICS_FILE)
    how = {"dataset": dataset, "config": config, "result": run_result.result, "log": log, "rows": run_result.rows}
    write_walk_report(folder / REPORT, **how, made=made)


def table(results):
    """Lines on one or more runs: how well pairs of walks are told from others, and the probe."""
    metric = metric_named(results[0].result.metric)
    found = {part: [getattr(r.result, f"{part}_score") for r in results] for part in ("test", "val")}
    part = next((part for part, scores in found.items() if None not in scores), None)
    scored = f"{metric.label}: {shown(metric, found[part]).strip()}" if part else "not judged, as there are none"
    lines = [f"Walks from the {'validation' if part == 'val' else 'test'} nodes, {scored}"]
    probed = [{name: of["accuracy"] for name, of in r.rows.items()} for r in results if r.rows]
    return [*lines, *(probe_lines(probed) if probed else [])]
