"""The kinds of run, by what a run learns."""

from graphsage.runs import link_run, node_run, walk_run

KINDS = {"nodes": node_run, "links": link_run, "unsupervised": walk_run}
