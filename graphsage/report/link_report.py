"""report.html of a run on links: the same page as for nodes, with what there is to say of links."""

from dataclasses import dataclass
from pathlib import Path

from graphsage.base.files import written_aside
from graphsage.report import report_tables as tables
from graphsage.report.link_scores import Judged
from graphsage.report.link_sections import SECTIONS, interval_text
from graphsage.report.page import page
from graphsage.report.told_run import ToldRun, heading_of, kept, title_of, told_parts

OWN = "GraphSAGE"  # the row of the model that was trained


@dataclass(frozen=True, eq=False, kw_only=True)
class LinkRun(ToldRun):
    """What the sections are made of. rows: {model: {metric: score}}, of the test links. judged: None where none was tested."""

    rows: dict
    judged: Judged | None


def write_link_report(path, *, dataset, config, result, log, rows, judged, command=None, versions=None, made=None):
    """Write the report of a run on links to the HTML file ``path``. Returns the path.

    dataset: ``LinkDataset``. rows: {model: {metric: score}} of "GraphSAGE" and its baselines on the test links, {} where
    nothing was tested. judged: ``Judged``, the test links as the model scored them, or None. The rest, and what the file is,
    as in ``write_report``.
    """
    run = LinkRun(
        dataset=dataset,
        config=config,
        **told_parts(path, result, log, command, versions, made),
        rows={made.module if made and made.module and name == OWN else name: of for name, of in rows.items()},
        judged=judged,
    )
    text = page(title_of(run), _heading(run), [part(run) for part in SECTIONS])
    with written_aside(path) as file:
        file.write(text.encode("utf-8", "replace"))
    return Path(path)


def _heading(run):
    found = [(name, of.get(run.result.metric)) for name, of in run.rows.items()]
    answer = tables.answer_table(found, run.metric) if found else None
    told = (winner(run.rows, run.metric), kept(run, "links"))
    return heading_of(run, answer, " ".join(filter(None, told)), interval_text(run))


def winner(rows, metric):
    """A sentence on which model is best by ``metric`` (``Metric``), also where it is not GraphSAGE; "" where there is one."""
    known = {name: of[metric.name] for name, of in rows.items() if of.get(metric.name) is not None}
    if OWN not in known or len(known) < 2:
        return ""
    own, others = known.pop(OWN), known
    name = max(others, key=others.get)
    shown = metric.shown(others[name]).strip()
    if own > others[name]:
        return f"{OWN} is the best by {metric.label}, before {name} ({shown})."
    if own == others[name]:
        return f"{OWN} is no better by {metric.label} than {name}: take that, which is simpler."
    first = f"{name[0].upper()}{name[1:]} is better by {metric.label} ({shown}) than {OWN}"
    return f"{first}: by it the graph network is not worth its while here."
