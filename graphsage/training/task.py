"""Task: what a training is about. The loop asks it, and is the same for all of them."""

from dataclasses import asdict

from graphsage.base.told import of_kind, shown
from graphsage.data.dataset import NodeDataset
from graphsage.loading.stores import disk_line
from graphsage.training.setup import unread_weights_line, unreduced_line
from graphsage.training.until import degrees_of


class Task:
    """Everything that differs between nodes and links, made once of model, dataset and settings.

    A subclass says which datasets (``data``) it is of and by which record it is set (``settings_kind``; None: by none), and
    makes in ``__init__``:

    config, dataset, device, model: as they are trained. encoder: the part of the model that exact inference computes layer
        by layer, or None.
    metric: the ``Metric`` that picks the best epoch. loader: yields the batches. objective: loss and scores (``Objective``).
    evaluator: outputs of the model in training, with a ``plan`` (``EvaluationPlan``) and ``checked(outputs, batch)``.
    validated: what is validated on, as ``evaluate`` takes it. how_to_validate: keywords of ``evaluate`` for it.
    """

    data = settings_kind = settings = encoder = None
    reads_labels = False  # of nodes, which ``Trainer.predict`` then gives
    how_to_validate: dict = {}

    def lines(self):
        """Sentences to tell before the first epoch."""
        weights = unread_weights_line(self.dataset, self.loader.sampler)
        features = disk_line(self.loader.store, self.config.feature_cache)
        return [line for line in (weights, self.evaluator.plan.line, unreduced_line(self.encoder), features) if line]

    def degrees(self):
        """int64[N]: of the graph that is trained on, for what scales by them (``Aggregator.prepare``).

        Of a ``TypedGraph`` {relation: int64[n]}.
        """
        return degrees_of(self.loader.sampler.graph)

    def later_edges(self):
        """For ``TrainResult``; None where there is nothing to say."""
        return None

    def evaluate(self, what, **how):
        """(score by the metric, mean loss) on ``what``; (None, None) if that is empty."""
        raise NotImplementedError

    def finish(self):
        """What is left to do with the best model before it is tested; lines to tell of it."""
        return ()

    def outputs(self):
        """Raw outputs of all nodes for ``TrainResult``, after the test; None where there are none."""
        return None

    def scores(self):
        """{metric: score} of what was evaluated last by each metric of the task; None where one number is all."""
        return None

    def as_settings(self):
        """The settings as plain values, for a checkpoint."""
        return {} if self.settings is None else asdict(self.settings)


def task_class(tasks, dataset, settings):
    """The one of ``tasks`` (classes) for this dataset and these settings; TypeError, one sentence, where there is none."""
    fitting = [kind for kind in tasks if isinstance(dataset, kind.data)]
    if not fitting:
        of_kind("dataset", dataset, NodeDataset)
    if settings is None:
        return fitting[0]
    found = next((kind for kind in fitting if kind.settings_kind and isinstance(settings, kind.settings_kind)), None)
    if found is None:
        known = [kind.settings_kind.__name__ for kind in fitting if kind.settings_kind]
        rule = f"{' or '.join(known)}, or None" if known else "None"
        raise TypeError(f"task must be {rule} for a {type(dataset).__name__}, got {shown(settings)}")
    return found
