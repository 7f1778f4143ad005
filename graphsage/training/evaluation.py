"""Outputs of a model in training: exact for GraphSAGE, sampled for any other module."""

from contextlib import closing

import numpy as np
import torch

from graphsage.nn.inference import inference
from graphsage.nn.model import GraphSAGE


class Evaluator:
    """all_outputs: float32 [N, C] of all nodes on the CPU, as last computed; None for modules whose outputs are sampled.

    progress: as in ``inference``.
    """

    def __init__(self, model, loader, dataset, config, progress):
        self.model, self.loader, self.dataset, self.config, self.progress = model, loader, dataset, config, progress
        self.all_outputs = None

    def outputs(self, nodes):
        """float32 [len(nodes), C] on the CPU, in evaluation mode."""
        outputs = self.exact()
        return self._sampled(nodes) if outputs is None else outputs[torch.tensor(nodes)]

    def exact(self):
        """``all_outputs``, computed anew."""
        if isinstance(self.model, GraphSAGE):
            how = {"isolated": self.config.isolated, "device": self.loader.device, "progress": self.progress}
            self.all_outputs = inference(self.model, self.dataset.graph, self.loader.store, **how)
        return self.all_outputs

    @torch.no_grad()
    def _sampled(self, nodes):
        """Neighbours drawn as in training, always the same ones."""
        self.model.eval()
        place, outputs = np.empty(self.dataset.num_nodes, np.int64), None
        place[nodes] = np.arange(len(nodes))
        with closing(self.loader.over(nodes).epoch(0)) as batches:
            for batch in batches:
                found = self.model(batch).float().cpu()  # [B, C]
                outputs = torch.empty(len(nodes), found.shape[1]) if outputs is None else outputs
                outputs[torch.from_numpy(place[batch.minibatch.nodes[batch.minibatch.seed_index]])] = found
        return outputs[torch.from_numpy(place[nodes])]
