"""report.html of several runs of one configuration: their mean and deviation beside the baselines, and each of them."""

from datetime import UTC, datetime
from pathlib import Path

from graphsage.base.files import written_aside
from graphsage.config.run_files import CONFIG, REPORT
from graphsage.report import report_tables as tables
from graphsage.report.page import bar, joined, page, scrolled, section, table, tag
from graphsage.report.verdict import OWN
from graphsage.training.tasks import metric_named

EACH = "Each run has a seed of its own, and with it other weights at the start, batches and dropout"
SPLIT = {"links": ", and other links to learn from and to be tested on"}
MEAN = (
    "Mean and standard deviation over the runs. The deviation says how much a score depends on the seed; on one split of the "
    "nodes it says nothing of other nodes."
)


def write_several_report(path, *, config, record):
    """Write the report of several runs to the HTML file ``path``. Returns the path.

    config: ``RunConfig``. record: the content of their result.json (``runs.all_seeds``).
    """
    path, metric = Path(path), metric_named(record["metric"], config.train.metric)
    sections = [_runs(record, metric), _configuration(config), _reproduce(path.parent, record)]
    text = page(_title(config, record, metric), _heading(config, record, metric), sections)
    with written_aside(path) as file:
        file.write(text.encode("utf-8", "replace"))
    return path


def _title(config, record, metric):
    count, name = len(record["runs"]), Path(str(config.dataset)).name
    kind = "test" if record["test_score"] is not None else "val"
    if record[f"{kind}_score"] is None:
        return f"{count} models of {name}, not tested"
    score = _shown(metric, record[f"{kind}_score"], record[f"{kind}_deviation"])
    return f"{score} {'test' if kind == 'test' else 'validation'} {metric.label} on {name}, {count} runs"


def _shown(metric, mean, deviation=None):
    return tables.NONE if mean is None else metric.shown(mean, deviation).strip()


def _heading(config, record, metric):
    when, seconds = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"), sum(run["seconds"] for run in record["runs"])
    lasted = f"{len(record['runs'])} runs in {tables.duration(seconds)} of training. Report of {when}."
    about = f"{EACH}{SPLIT.get(config.task, '')}."
    heading = tag("header", tag("h1", _title(config, record, metric)), tag("p", lasted, class_="soft"))
    return joined(heading, _models(record, metric), tag("p", MEAN), tag("p", about))


def _models(record, metric):
    """The model beside its baselines, the best of them first; None where nothing was tested."""
    if record["test_score"] is None:
        return None
    others = {name: (of["mean"], of["deviation"]) for name, of in record["baselines"].items() if of["mean"] is not None}
    order = sorted(others.items(), key=lambda item: -item[1][0])
    rows = [(OWN, (record["test_score"], record["test_deviation"])), *order]
    cells = [(name, bar(mean, _shown(metric, mean, deviation))) for name, (mean, deviation) in rows]
    return table(["model", metric.label], cells, f"{metric.label} beside the baselines")


def _runs(record, metric):
    names = list(record["baselines"])
    columns = ["seed", "test", "validation", "best epoch", "epochs", "time", *names, "report"]
    return section("Runs", table(columns, [_row(run, names, metric) for run in record["runs"]], "Each run"))


def _row(run, names, metric):
    scores = [_shown(metric, run[name]) for name in ("test_score", "val_score")]
    others = [_shown(metric, run["models"].get(name)) for name in names]
    link = tag("a", "open", href=f"{run['folder']}/{REPORT}")
    epoch = tables.NONE if run["best_epoch"] is None else str(run["best_epoch"])
    return (run["seed"], *scores, epoch, run["epochs"], tables.duration(run["seconds"]), *others, link)


def _configuration(config):
    return section("Configuration", tag("p", "Every setting; bold where it is not the default."), tables.configuration(config))


def _reproduce(folder, record):
    command = scrolled(tag("pre", f"graphsage train --config {folder / CONFIG}"), "Commands")
    return section("Reproduce", command, tables.facts(record["versions"].items(), "Versions"))
