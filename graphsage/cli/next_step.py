"""The last line of a command: what to type next."""

import shlex

WHAT = {"nodes": "predict {}", "links": "predict {} --nodes A,B", "unsupervised": "embed {}"}  # what a model is for, by task


def after_training(run, task, several=False):
    """What a model in the folder ``run`` is for; several: runs, a folder SEED for each, which predict nodes together."""
    place = shlex.quote(str(run)) + (" --runs" if task == "nodes" else "/SEED") * several
    return f"Next: graphsage {WHAT[task].format(place)}"


def after_import(folder, is_labelled):
    """How a graph that was imported is trained on."""
    return f"Next: graphsage train {shlex.quote(str(folder))}{'' if is_labelled else ' --task links'}"
