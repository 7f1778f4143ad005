"""Thresholds of labels: how large a label's logit must be for a node to have it, chosen by F1 on the validation nodes."""

import torch

LEAST = 10  # validation nodes with a label, for a threshold of its own: to fewer it would fit by chance
MOST_ROUNDS = 50


def chosen_thresholds(logits, labels, *, per_label):
    """A tuple of C logits for logits and labels 0/1, [M, C]; None where no node has a label.

    per_label: the highest F1 of each label by itself, as macro-F1 counts; else the highest micro-F1 of all together.
    A label that fewer than 10 of the nodes have gets the one threshold that would be best for all labels.
    """
    yes = labels > 0
    if not yes.any():
        return None
    (common,) = _best(logits.reshape(-1, 1), yes.reshape(-1, 1), yes.new_ones(1), logits.new_zeros(1), True)
    return tuple(_best(logits, yes, yes.sum(0) >= LEAST, common.expand(logits.shape[1]), per_label).tolist())


def told_of_nobody(has_label):
    """A sentence where none of M nodes gets a label, bool [M, C]; "" where one does."""
    if not len(has_label) or has_label.any():
        return ""
    what = "no label's logit is above its threshold, which is 0 without validation nodes"
    return f"None of the {len(has_label):,} nodes gets a label, as {what}: train longer, or with a smaller weight_decay."


def _best(logits, yes, is_free, given, per_label):
    """The thresholds float32 [C] of the highest F1; those that are not free stay as they are given.

    With k nodes called yes, h of them rightly, and p that are, F1 is 2 h / (p + k). The highest F is where h - k F / 2 is
    highest, which each label can look for by itself; F is then the one that this gives (Dinkelbach 1967).
    """
    ranked, order = logits.sort(dim=0, descending=True, stable=True)
    hits = torch.cat([yes.new_zeros(1, yes.shape[1]), yes.gather(0, order)]).cumsum(0).double()  # [M + 1, C]
    counts = torch.arange(len(hits), dtype=torch.float64, device=logits.device)[:, None]
    splits_equals = torch.zeros_like(hits, dtype=torch.bool)
    splits_equals[1:-1] = ranked[1:] == ranked[:-1]
    total = (lambda values: values) if per_label else torch.sum
    fixed, share = (logits > given).sum(0), total(yes.sum(0)) * 0.0
    for _ in range(MOST_ROUNDS):
        gains = (hits - share * counts).masked_fill(splits_equals, -torch.inf)
        called = torch.where(is_free, gains.argmax(0), fixed)
        before, share = share, total(hits.gather(0, called[None])[0]) / total(yes.sum(0) + called).clamp(min=1)
        if torch.equal(before, share):
            break
    return torch.where(is_free, _between(ranked, called), given)


def _between(ranked, called):
    """Thresholds that the ``called`` highest of each column [M, C] are above, half way to the next."""
    above = torch.cat([ranked[:1] + 2, ranked]).gather(0, called[None])[0]
    below = torch.cat([ranked, ranked[-1:] - 2]).gather(0, called[None])[0]
    return below + (above - below) / 2
