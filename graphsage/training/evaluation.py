"""Outputs of a model in training, exact or sampled, and the plan of its validation: how often, on which nodes and how."""

from contextlib import closing
from functools import partial

import numpy as np
import torch

from graphsage.base import rng
from graphsage.config.groups import SELECTIVE
from graphsage.nn.inference import inference
from graphsage.nn.layered import has_layers
from graphsage.nn.stack_inference import stack_inference
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.training.evaluation_plan import evaluation_plan, layer_widths, wider
from graphsage.training.module_outputs import check_width, checked_outputs
from graphsage.training.ranks import ALONE
from graphsage.training.shared_rows import joined_rows


class Evaluator:
    """plan: ``EvaluationPlan``. nodes: the validation nodes, or a fixed part of them drawn by the seed. widths: those of
    ``layer_widths``, None where outputs are always sampled.

    all_outputs: raw outputs of all nodes, float32 [N, K] on the CPU, as last computed; None where outputs are sampled: of
    other modules, under draws that select neighbours, and of nodes with times (``is_drawn``). progress: as in ``inference``.
    ranks: the ``Ranks`` that compute outputs together, for as long as the loop says so.
    """

    ranks = ALONE

    def __init__(self, model, loader, dataset, config, progress):
        self.model, self.loader, self.dataset, self.config, self.progress = model, loader, dataset, config, progress
        self.widths, self.why_sampled = layer_widths(model, dataset, loader, config)
        self.plan = evaluation_plan(model, self.widths, self.why_sampled, loader, dataset, config)
        self.nodes, self.all_outputs = _part(dataset.val, self.plan.nodes, config.seed), None
        self.task, self.num_outputs = dataset.task, dataset.num_outputs

    def outputs(self, nodes, *, sampled=False):
        """Raw outputs (``Head.read``) float32 [len(nodes), K] on the CPU, in evaluation mode; [len(nodes)] of a module that
        returns one number a seed so. sampled: on sampled neighbours in any case.
        """
        outputs = None if sampled else self.exact()
        return self._sampled(nodes) if outputs is None else outputs[torch.tensor(nodes, device="cpu")]

    def exact(self):
        """``all_outputs``, computed anew."""
        if self.widths:
            self.all_outputs = self.after_layers(None)
        return self.all_outputs

    def after_layers(self, num_layers):
        """What the first layers (None: all) make of all nodes and all their neighbours, float32 [N, width] on the CPU."""
        how = {"isolated": self.config.isolated, "device": self.loader.device, "progress": self.progress}
        compute = inference if has_layers(self.model) else partial(stack_inference, widths=self.widths)
        what = (self.model, self.dataset.graph, self.loader.store)
        if hasattr(self.dataset.graph, "inference"):  # in shards: each rank computes the rows of its nodes
            return compute(*what, num_layers=num_layers, **how)
        return self.ranks.first(lambda: compute(*what, num_layers=num_layers, **how))

    def checked(self, outputs, batch):
        """What the model returned for ``batch``, if it fits the task: see ``checked_outputs``."""
        outputs = checked_outputs(self.model, outputs, len(batch.seeds))
        check_width(outputs.shape[1] if outputs.ndim == 2 else 1, self.task, self.num_outputs)
        return outputs

    @torch.no_grad()
    def _sampled(self, nodes):
        """Neighbours drawn from a stream of their own, always the same ones."""
        self.model.eval()
        place, outputs = np.empty(len(self.dataset.labels), np.int64), None
        place[nodes] = np.arange(len(nodes))
        loader = self._loader(nodes)
        steps = self.ranks.shared_steps(loader.plan.num_steps)
        with closing(loader.epoch(0, steps=steps[self.ranks.rank])) as batches:
            for batch in batches:
                found = self.checked(self.model(batch), batch).cpu()  # [B, K] or [B]
                outputs = found.new_empty(len(nodes), *found.shape[1:]) if outputs is None else outputs
                outputs[torch.from_numpy(place)[batch.seeds.cpu()]] = found.reshape(-1, *outputs.shape[1:])
        outputs = joined_rows(outputs, loader.plan, steps, self.ranks, place)
        return outputs[torch.from_numpy(place[nodes])]

    def _loader(self, nodes):
        loader, sampler = self.loader.over(nodes), self.loader.sampler
        # another module may be made for the fanouts it is trained with; and of more neighbours fewer are heavy, or late
        widens = (self.widths or has_layers(self.model)) and self.config.draw not in SELECTIVE
        loader.sampler = NeighborSampler(
            self.dataset.graph,  # the whole of it, also where training sees a part
            wider(sampler.fanouts) if widens else sampler.fanouts,
            draw=sampler.draw,
            seed=sampler.seed,
            isolated=sampler.isolated,
            weights=self.config.weights,
            num_threads=sampler.num_threads,
            stream="evaluate",
            node_times=self.dataset.node_times,
            strictly_before=sampler.strictly_before,
        )
        return loader


def _part(nodes, most, seed):
    """``most`` of the nodes, in their order: the same ones for the same seed."""
    if len(nodes) <= most:
        return nodes
    order = rng.permutation(rng.stream_key(seed, rng.SUBSET), len(nodes))
    return nodes[np.sort(order[:most])]
