"""Scores of links and of the candidates that each is ranked among, by exact embeddings or by sampled ones."""

from contextlib import closing
from functools import cached_property

import numpy as np
import torch

from graphsage.base import rng
from graphsage.loading.link_loader import LinkLoader
from graphsage.nn.inference import inference
from graphsage.nn.link_predictor import sides_of
from graphsage.sampling.items import Items
from graphsage.sampling.negatives import Negatives
from graphsage.training.evaluation_plan import EvaluationPlan, is_drawn, relation_left_out
from graphsage.training.module_outputs import checked_logits
from graphsage.training.ranks import ALONE
from graphsage.training.setup import loading_options, make_sampler
from graphsage.training.shared_rows import joined_rows

CHUNK_PAIRS = 1 << 16  # scored at once: their embeddings of 128 numbers are 64 MB
MOST_SAMPLED = 1000  # validation links on sampled neighbours: each asks about a hundred pairs
CANDIDATES = 2**64 - 1  # in place of an epoch in the keys of the stream: no sampler gets there


def candidates_of(dataset, pairs, settings, seed, negatives=None):
    """Yields (start, pairs int64 [m, 1 + C, 2]) over the links ``pairs`` [n, 2], in order: each, and its C candidates.

    They have its source and another target, drawn alike from all nodes that it is not linked to in ``dataset.known``; the same
    ones for the same links and seed. negatives: ``Negatives`` that draw them otherwise.
    """
    negatives, step = negatives or Negatives(settings.candidates), max(1, CHUNK_PAIRS // (1 + settings.candidates))
    for number, start in enumerate(range(0, len(pairs), step)):
        part, key = pairs[start : start + step], rng.stream_key(seed, rng.EVALUATE, CANDIDATES, number)
        drawn = negatives.draw(part, dataset.known, dataset.directed, key)
        yield start, np.concatenate([part[:, None], drawn], axis=1)


class LinkEvaluator:
    """encoder: the model's layers, or None. plan: ``EvaluationPlan``. items: the validation links, or a fixed part of them.

    all_outputs: embeddings of all nodes, float32 [N, D] on the CPU (of two types {type: [n, D]}), as last computed; None where
    they are sampled: of other modules, of links with times, and under draws that select neighbours. scores: float32 [n, 1 + C],
    as last computed. ranks: the ``Ranks`` that compute them together, for as long as the loop says so.
    """

    ranks = ALONE

    def __init__(self, model, encoder, loader, dataset, config, settings, progress):
        self.model, self.loader, self.dataset, self.config, self.settings = model, loader, dataset, config, settings
        self.progress, self.all_outputs, self.scores = progress, None, None
        left_out = relation_left_out(loader.sampler.fanouts)
        is_exact = encoder is not None and not is_drawn(config.draw, dataset.has_times) and not left_out
        self.encoder = encoder if is_exact else None
        self.plan = link_plan(config, dataset, is_exact)
        self.items = _part(dataset.val, self.plan.nodes, config.seed)
        _refuse_unranked(dataset)

    def outputs(self, items, *, sampled=False):
        """Scores of ``Items`` of links and of their candidates: float32 [n, 1 + C] on the CPU, in evaluation mode."""
        score = self._scorer(sampled)
        self.scores = torch.empty(len(items), 1 + self.settings.candidates, dtype=torch.float32, device="cpu")
        for start, pairs in self.candidates(items.seeds):
            part = items[start : start + len(pairs)]
            times = None if part.time is None else np.repeat(part.time, pairs.shape[1])
            self.scores[start : start + len(pairs)] = score(pairs.reshape(-1, 2), times).reshape(len(pairs), -1)
        return self.scores

    def candidates(self, pairs):
        """What the links ``pairs`` are ranked among: see ``candidates_of``."""
        return candidates_of(self.dataset, pairs, self.settings, self.config.seed)

    def of_pairs(self, items):
        """Logits of ``Items`` of pairs alone, float32 [n] on the CPU, in evaluation mode."""
        score, logits = self._scorer(False), torch.empty(len(items), dtype=torch.float32, device="cpu")
        for start in range(0, len(items), CHUNK_PAIRS):
            part = items[start : start + CHUNK_PAIRS]
            logits[start : start + len(part)] = score(part.seeds, part.time)
        return logits

    def _scorer(self, sampled):
        self.model.eval()
        return self._sampled if sampled or self.exact() is None else self._exact

    def exact(self):
        """``all_outputs``, computed anew."""
        if self.encoder is not None:
            how = {"isolated": self.config.isolated, "device": self.loader.device, "progress": self.progress}
            what = (self.encoder, self.dataset.graph, self.loader.store)
            self.all_outputs = self.ranks.first(lambda: inference(*what, **how))
        return self.all_outputs

    def checked(self, outputs, batch):
        """The logits [M] that the model returned for ``batch``; TypeError or ValueError for anything else."""
        return checked_logits(self.model, outputs, len(batch.y))

    @torch.no_grad()
    def _exact(self, pairs, times):
        source, target = torch.from_numpy(np.ascontiguousarray(pairs.T))
        h_source, h_target = sides_of(self.all_outputs, getattr(self.dataset, "relation", None))
        device = self.loader.device
        return self.model.score(h_source[source].to(device), h_target[target].to(device)).float().cpu()

    @torch.no_grad()
    def _sampled(self, pairs, times):
        """Neighbours drawn from a stream of their own, always the same ones."""
        scores = torch.empty(len(pairs), dtype=torch.float32, device="cpu")
        loader = self._loader(Items(pairs, time=times))
        steps = self.ranks.shared_steps(loader.plan.num_steps)
        with closing(loader.epoch(0, steps=steps[self.ranks.rank])) as batches:
            for batch in batches:
                scores[batch.places.cpu()] = self.checked(self.model(batch), batch).cpu()
        return joined_rows(scores, loader.plan, steps, self.ranks)

    def _loader(self, items):
        """In their order, in which the pairs of one source are neighbours; as many pairs a batch as in training."""
        config, device = self.config, self.loader.device
        size = config.batch_size and config.batch_size * (1 + self.settings.negatives)
        how = {"items": items, "negatives": None, "exclude": False, "shuffle": False}
        how |= loading_options(self.model, config, device, self.loader.store)
        loader = LinkLoader(self.dataset, self._sampler, size, **how)
        loader.cast_to = self.loader.cast_to
        return loader

    @cached_property
    def _sampler(self):
        return make_sampler(self.model, self.dataset.graph, self.config, **until(self.dataset), stream="evaluate")


def until(dataset):
    """Keywords of the sampler that shows links with times what was strictly before them."""
    return {"strictly_before": True, "node_times": dataset.node_times} if dataset.has_times else {}


def _refuse_unranked(dataset):
    """Raise where a kept link has no candidate: before the training, not after an epoch of it."""
    pairs = np.concatenate([dataset.val.seeds, dataset.test.seeds])
    try:
        Negatives().draw(pairs, dataset.known, dataset.directed, rng.stream_key(0, rng.EVALUATE, CANDIDATES))
    except ValueError as error:
        who = str(error).partition(",")[0]
        rule = f"{who}, so that its validation and test links have no other target to be ranked among"
        raise ValueError(f"{rule}: keep them for training, in a LinkDataset of your own") from None


def link_plan(config, dataset, is_exact):
    """The ``EvaluationPlan`` of a training on links: exact where it can be, else on sampled neighbours of at most 1,000."""
    if config.evaluate == "exact" and not is_exact:
        rule = "a GraphSAGE as encoder, links without times, draw='uniform' or 'labor', and no relation left out"
        raise ValueError(f"evaluate='exact' is of all neighbours and needs {rule}: leave it out")
    is_exact, num_val = is_exact and config.evaluate != "sampled", len(dataset.val)
    most = config.evaluate_nodes or (num_val if is_exact else MOST_SAMPLED)
    line = f"Validation: {most:,} of {num_val:,} links, each epoch" if most < num_val else ""
    return EvaluationPlan(is_exact, config.evaluate_every or 1, min(most, num_val), line)


def _part(items, most, seed):
    """``most`` of the links, in their order: the same ones for the same seed."""
    if len(items) <= most:
        return items
    return items[np.sort(rng.permutation(rng.stream_key(seed, rng.SUBSET), len(items))[:most])]
