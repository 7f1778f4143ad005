"""A search over settings whose trials are tasks of a Ray cluster."""

from copy import copy
from functools import partial
from typing import Any

import ray

from graphsage.base.checks import as_count
from graphsage.runs.search import TuneResult, searched
from graphsage.runs.search_loop import Search
from graphsage.runs.search_study import quiet, study_of


def tune(
    dataset: Any,
    config: Any = None,
    *,
    at_once: int = 4,
    cpus: int = 1,
    gpus: float = 0,
    retries: int = 3,
    **how: Any,
) -> TuneResult:
    """``graphsage.tune`` with ``at_once`` trials at a time, each a task of a Ray cluster; the same folder, result and resume.

    The trials of a round are suggested, and pruned, by those of the rounds before, and noted when all of them have ended: what
    is found is a function of (seed, ``at_once``), on whatever cluster, and with ``at_once=1`` that of ``graphsage.tune``.
    A round that was cut short is made again. The best is trained once more where this is called.

    dataset, config, how: as in ``graphsage.tune``; the cluster keeps the dataset in memory, once a machine. callbacks and log
    hear of the last training, and log of each trial. cpus, gpus: of a trial. retries: how often one that is lost, with its
    process or machine, is begun again.
    """
    options = {"num_cpus": as_count("cpus", cpus, least=1), "num_gpus": gpus, "max_retries": as_count("retries", retries)}
    return searched(partial(ClusterSearch, as_count("at_once", at_once, least=1), options), dataset, config, **how)


class ClusterSearch(Search):
    """``Search`` in rounds of ``at_once`` trials. options: of the tasks."""

    def __init__(self, at_once, options, *what, **how):
        super().__init__(*what, **how)
        self.at_once, self._task = at_once, _trial.options(**options)
        self._kept_data = ray.put(self.data)

    def _is_cut(self, number):
        """Trials from ``number`` on, a round of them; Ctrl-C is raised."""
        round_end = min(number + self.at_once, self.limit + 1)
        before = ray.put(self.done())
        tasks = [self._task.remote(self._plainly(), self._kept_data, before, one) for one in range(number, round_end)]
        for one, trial in enumerate(ray.get(tasks), number):
            self.study.add_trial(trial)
            self._tell(one)
        return False

    def _plainly(self):
        """This search as a task takes it: what a trial reads, and nobody to tell."""
        other = copy(self)
        other.dataset = other.whole = other.data = other.study = other.folder = other.log = other._task = None
        other.callbacks = []
        return other


@ray.remote
def _trial(search, data, before, number):
    """The ``FrozenTrial`` that trial ``number`` is after the trials ``before``: they say what it is and when it is pruned."""
    with quiet():
        search.data, search.study = data, study_of(search.config)
        search.study.add_trials(before)
        Search._is_cut(search, number)
        return search.study.trials[-1]
