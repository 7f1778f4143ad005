"""The last line of a command: what to type next."""

import shlex

WHAT = {"nodes": "predict {}", "links": "predict {} --nodes A,B", "unsupervised": "embed {}"}  # what a model is for, by task


def after_training(run, task, *, several=False, dataset=None):
    """What a model in the folder ``run`` is for, on its own dataset or the one that is named.

    several: runs, each in a folder SEED of its own. Of nodes they predict together, as `predict` averages them.
    """
    place = shlex.quote(str(run)) + ("/SEED" if several and task != "nodes" else "")
    words = [place, *([shlex.quote(dataset)] if dataset else [])]
    return f"Next: graphsage {WHAT[task].format(' '.join(words))}"


def after_import(folder, is_labelled):
    """How a graph that was imported is trained on."""
    return f"Next: graphsage train {shlex.quote(str(folder))}{'' if is_labelled else ' --task links'}"
