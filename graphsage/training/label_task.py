"""LabelTask: what a training by labels of nodes is, whether these are all nodes of a graph or those of one type."""

import torch

from graphsage.data.typed_dataset import TypedDataset
from graphsage.training.setup import labelled
from graphsage.training.task import Task
from graphsage.training.until import degrees_seen, later_edges


def targets_of(dataset):
    """The ``NodeDataset`` of the nodes that have labels: of a ``TypedDataset`` its targets, else itself."""
    return dataset.targets if isinstance(dataset, TypedDataset) else dataset


class LabelTask(Task):
    """Validation, test and outputs of the nodes that have labels.

    plain: ``dataset`` without columns of labels.
    """

    reads_labels = True

    @property
    def targets(self):
        """The ``NodeDataset`` of these nodes."""
        return targets_of(self.dataset)

    @property
    def validated(self):
        """The validation nodes, or a part of them."""
        return self.evaluator.nodes

    @property
    def how_to_validate(self):
        """As planned; of several labels, thresholds are chosen."""
        how = {"sampled": not self.evaluator.plan.exact, "choose_thresholds": self.dataset.task == "multilabel"}
        return {name: value for name, value in how.items() if value}

    def degrees(self):
        """Those that some training node may see; of a typed graph {relation: int64[n]}."""
        return degrees_seen(self.dataset, self.loader.sampler.graph, self.config.strictly_before)

    def later_edges(self):
        """How many edges came after all training nodes, where those have times."""
        return later_edges(self.dataset, self.config.strictly_before)

    def evaluate(self, what, *, sampled=False, choose_thresholds=False):
        """On nodes: see ``Trainer.evaluate``."""
        nodes = labelled("nodes", what, self.targets)
        if not len(nodes):
            return None, None
        raw, labels = self.raw_outputs(nodes, sampled=sampled), self.loader.labels[torch.tensor(nodes, device="cpu")]
        if choose_thresholds:
            self.objective.choose_thresholds(raw, labels)
        return self.objective.score(raw, labels), self.objective.loss(raw.to(self.device), labels.to(self.device)).item()

    def raw_outputs(self, nodes, *, sampled=False):
        """As ``Evaluator.outputs``."""
        return self.evaluator.outputs(nodes, sampled=sampled)

    def evaluator_on(self, dataset):
        """The ``Evaluator`` that asks the model about another dataset; ValueError, one sentence, where it cannot."""
        raise NotImplementedError

    def outputs(self):
        """Exact ones, where the test made them or would have."""
        return self.evaluator.all_outputs if len(self.dataset.test) else self.evaluator.exact()
