"""report.html of a run without labels: its course, and what the probe says of its embeddings."""

from dataclasses import dataclass
from pathlib import Path

from graphsage.base.files import written_aside
from graphsage.report import report_tables as tables
from graphsage.report.page import page, section, tag
from graphsage.report.sections import configuration, dataset as data, reproduce, time, training
from graphsage.report.told_run import ToldRun, heading_of, kept, title_of, told_parts
from graphsage.training.tasks import METRICS

PROBE = (
    "Logistic regression on rows of nodes, trained on the labels of the training nodes, its regularisation chosen on the "
    "validation nodes: the share of test nodes whose class it tells. The embeddings saw no label."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class WalkRun(ToldRun):
    """What the sections are made of. rows: {"features" or "embeddings": {"accuracy": of the probe}}, {} where there is none."""

    rows: dict


def write_walk_report(path, *, dataset, config, result, log, rows, command=None, versions=None, made=None):
    """Write the report of a run without labels to the HTML file ``path``. Returns the path.

    rows: {"features" or "embeddings": {"accuracy": of the probe}}. The rest, and what the file is, as in ``write_report``.
    """
    run = WalkRun(dataset=dataset, config=config, **told_parts(path, result, log, command, versions, made), rows=rows)
    sections = [part(run) for part in (training, _probe, time, data, configuration, reproduce)]
    text = page(title_of(run), heading_of(run, _probe_table(run), kept(run)), sections)
    with written_aside(path) as file:
        file.write(text.encode("utf-8", "replace"))
    return Path(path)


def _probe_table(run):
    rows = [(name, of["accuracy"]) for name, of in run.rows.items()]
    return tables.answer_table(rows, METRICS["accuracy"]) if rows else None


def _probe(run):
    return section("Probe", tag("p", PROBE if run.rows else "The embeddings were not probed."), _probe_table(run))
