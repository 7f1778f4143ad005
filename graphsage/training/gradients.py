"""The gradient of an update: the sum of those of its batches, in one process or over ranks."""

from dataclasses import dataclass

import torch
import torch.distributed as dist

BUCKET = 1 << 24  # bytes of gradients that travel together, so that beside the gradients little memory is needed


@dataclass
class Bucket:
    """Weights of one dtype whose gradients travel as one vector. numbers: where each stands among all weights."""

    weights: list
    numbers: list

    @property
    def size(self):
        """Values of all of them."""
        return sum(weight.numel() for weight in self.weights)

    def flat(self, device, size, filler):
        """The gradients [size] on ``device``; ``filler`` stands for those that are not there, and at the end."""
        found, at = torch.full((size,), filler, dtype=self.weights[0].dtype, device=device), 0
        for weight in self.weights:
            if weight.grad is not None:
                found[at : at + weight.numel()].view(weight.shape).copy_(weight.grad)
            at += weight.numel()
        return found

    def give(self, values, is_there):
        """Gradients are ``values`` where ``is_there``, and none elsewhere."""
        at = 0
        for weight, number in zip(self.weights, self.numbers):
            part, at = values[at : at + weight.numel()].view(weight.shape), at + weight.numel()
            weight.grad = torch.empty_like(weight).copy_(part) if is_there[number] else None  # it lies as the weight does


class Gradients:
    """The gradient of an update: begin; after each batch (of several ranks: each round, a batch a rank) look and add; finish.

    In one process autograd adds batch after batch. all_reduce: each rank's sums are added up, in an order that depends on
    their number. ordered: one by one in the order of the batches, so that any number of ranks gives the bits of one process.
    For that each rank gets a slice of all gradients of a round and adds them; at the end all get all slices. So ordered moves
    R - 1 of R parts of the gradients a round, and as many at the end; all_reduce twice as many at the end.
    """

    def __init__(self, model, ranks, mode):
        self.model, self.ranks, self.is_ordered = model, ranks, mode == "ordered"
        self.num_bytes = 0  # that this rank has sent

    def begin(self):
        """No gradient is there."""
        for weight in self.model.parameters():
            weight.grad = None
        self.weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.buckets = _buckets(self.weights) if self.ranks.size > 1 else []
        self._sums, self._is_there = [None] * len(self.buckets), torch.zeros(len(self.weights), dtype=torch.int32, device="cpu")

    def look(self):
        """After this rank's batch, before it meets the others: note which weights have a gradient."""
        for number, weight in enumerate(self.weights if self.buckets else ()):
            if weight.grad is not None:
                self._is_there[number] = 1
                if weight.grad.layout != torch.strided:
                    rule = f"a weight {list(weight.shape)} has a sparse gradient, and processes add up dense ones"
                    raise ValueError(f"{rule}: make its module with sparse=False")

    def add(self):
        """A round is over: ``grad`` of each weight is of this rank's batch, or None where it had none."""
        if not self.is_ordered:
            return
        for place, bucket in enumerate(self.buckets):
            self._add_slices(place, bucket)
            for weight in bucket.weights:
                weight.grad = None

    def finish(self):
        """The sum of all batches of the update, the same on all ranks."""
        if not self.buckets:
            return
        with self.ranks.others():
            dist.all_reduce(self._is_there, dist.ReduceOp.MAX, group=self.ranks.group)
            is_there = self._is_there.tolist()
            for place, bucket in enumerate(self.buckets):
                bucket.give(self._whole(place, bucket), is_there)

    def _add_slices(self, place, bucket):
        """The round's gradients of this rank's slice, in the order of the ranks."""
        size = _slice(bucket, self.ranks)
        # -0.0 + x is x to the sign of a zero: who has no batch changes nothing
        own = bucket.flat(self.ranks.wire_device, size * self.ranks.size, -0.0)
        found = torch.empty_like(own)
        with self.ranks.others():
            dist.all_to_all_single(found, own, group=self.ranks.wire)
        self.num_bytes += own.nbytes - own.nbytes // self.ranks.size
        for part in found.view(self.ranks.size, size):
            self._sums[place] = part.clone() if self._sums[place] is None else self._sums[place].add_(part)

    def _whole(self, place, bucket):
        """All values of the update's sum."""
        ranks = self.ranks
        if not self.is_ordered:
            total = bucket.flat(ranks.wire_device, bucket.size, 0.0)
            dist.all_reduce(total, group=ranks.wire)
            self.num_bytes += 2 * total.nbytes * (ranks.size - 1) // ranks.size
            return total
        own = self._sums[place]
        total = own.new_empty(len(own) * ranks.size)
        dist.all_gather_into_tensor(total, own, group=ranks.wire)
        self.num_bytes += own.nbytes * (ranks.size - 1)
        return total


def _slice(bucket, ranks):
    return -(-bucket.size // ranks.size)


def _buckets(weights):
    """All ``weights``, in their order, in buckets of one dtype and of ``BUCKET`` bytes; a larger weight is one by itself."""
    found, latest = [], {}
    for number, weight in enumerate(weights):
        bucket, size = latest.get(weight.dtype, (None, 0))
        if bucket is None or size + weight.nbytes > BUCKET:
            bucket, size = Bucket([], []), 0
            found.append(bucket)
        bucket.weights.append(weight)
        bucket.numbers.append(number)
        latest[weight.dtype] = (bucket, size + weight.nbytes)
    return found
