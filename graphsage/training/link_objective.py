"""LinkObjective: what a step makes small where links are asked about."""

import torch
import torch.nn.functional as F

from graphsage.nn.head import Head
from graphsage.training.module_outputs import check_first, check_learns, checked_loss


def binary_loss(positive, negatives):
    """Binary cross-entropy of logits [n] and [n, K]: half of it of the links and half of the others, however many they are."""
    return (F.softplus(-positive).mean() + F.softplus(negatives).mean()) / 2


def ranking_loss(positive, negatives):
    """-log softmax of each link's logit among its own 1 + K, logits [n] and [n, K]: the mean over links."""
    return (torch.cat([positive[:, None], negatives], 1).logsumexp(1) - positive).mean()


LINK_LOSSES = {"binary": binary_loss, "ranking": ranking_loss}


class LinkObjective:
    """The loss of a training on links. own: the caller's loss(logits [M], y [M]); y is 1 of a link, 0 of another pair."""

    def __init__(self, model, settings, own=None):
        self.model, self.own, self.head = model, own, Head()
        self._of_sides, self._negatives = LINK_LOSSES[settings.link_loss], settings.negatives

    def read_by(self, head):
        """Logits are read as they are."""

    def look_first(self, logits, y, log):
        """Before the first step: refuse logits that nothing can be learned from."""
        check_first(self.model, logits)

    def minimised(self, logits, y):
        """The loss whose gradient is taken, of logits [M] in the order of ``Batch.pairs``."""
        if self.own is None:
            loss = self._of_sides(*sides(logits, self._negatives))
        else:
            loss = checked_loss(self.own(logits, y))
        check_learns(loss)
        return loss

    def told(self, logits, y, minimised):
        """The loss that people read, detached."""
        return minimised.detach()

    def loss(self, scores):
        """The same of links and their candidates, scores [n, 1 + C]."""
        positive, candidates = scores[:, 0], scores[:, 1:]
        if self.own is None:
            return self._of_sides(positive, candidates)
        y = torch.zeros(scores.numel(), dtype=torch.float32, device=scores.device)
        y[: len(scores)] = 1
        return checked_loss(self.own(torch.cat([positive, candidates.reshape(-1)]), y))

    def lines(self, raw):
        """Nothing is worth a line at the end."""
        return ()


def sides(logits, num_negatives):
    """Logits [P (1 + K)] of a batch as those of the P links [P] and of the negatives of each [P, K]."""
    num_links = len(logits) // (1 + num_negatives)
    return logits[:num_links], logits[num_links:].reshape(num_links, num_negatives)
