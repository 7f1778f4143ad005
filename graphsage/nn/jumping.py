"""Jumping knowledge (Xu et al. 2018): what the output layer reads, of one hidden layer or of all: last, cat or max."""

from functools import reduce

import torch

from graphsage.nn.linear import plus
from graphsage.nn.workspace import name_of


def joined(kind, hidden):
    """[M, width] of the outputs of the hidden layers, a list of [M, H]: the last, all side by side, or their maximum."""
    if kind == "last":
        return hidden[-1]
    return torch.cat(hidden, dim=1) if kind == "cat" else reduce(torch.maximum, hidden)


def joined_width(model, num_layers):
    """Units of what ``num_layers`` layers of ``model`` give, which goes into the next one; None: of its outputs."""
    if num_layers is None:
        return model.out_features
    joins_all = num_layers == model.num_layers and model.output_layer is not None and model.jumping == "cat"
    return sum(layer.out_features for layer in model.layers) if joins_all else model.layers[num_layers - 1].out_features


class Joining:
    """The result of a layer-by-layer inference, filled in chunks of rows as the layers go by.

    num_layers: as in ``joined_width``. space: ``Workspace``, which has place for ``num_rows`` rows of outputs, and of the
    result where ``out`` is None. node_type: whose outputs they are, of a model of several types. Of a maximum an [N, H] is kept
    on the way, of cat nothing: the products are added up.
    """

    def __init__(self, model, num_layers, space, num_rows, out=None, node_type=None):
        self.last = (num_layers or model.num_layers) - 1
        output = model.output_layer if num_layers is None else None
        self.output = output if output is None or node_type is None else output[node_type]
        reads_all = model.output_layer is not None and self.last == model.num_layers - 1
        self.kind = model.jumping if reads_all else "last"
        self.width, self.num_rows, self.out, self.space = joined_width(model, num_layers), num_rows, out, space
        self._highest_width = model.layers[0].out_features
        self._kind = node_type
        self.result = self._before = self._highest = None

    def begin(self, depth):
        """Layer ``depth`` is next."""
        adds_up = self.kind == "cat" and self.output is not None
        if adds_up and self.space.survives:  # a sum to which a chunk were added twice would be wrong
            self._before, self.result = self.result, self._rows(f"sum{depth}" if depth < self.last else "result")
        elif self.result is None and (self.kind == "cat" or depth == self.last):
            self.result = self._before = self._rows("result")
        if self.kind == "max" and self.last and self._highest is None:
            self._highest = self.space.rows(name_of("highest", self._kind), self.num_rows, self._highest_width)

    def _rows(self, name):
        out = self.out if name == "result" else None
        return self.space.rows(name_of(name, self._kind), self.num_rows, self.width, out)

    def add(self, depth, rows, h):
        """Layer ``depth`` has made h [M, H] of ``rows``, a slice."""
        if self.kind == "cat":
            self._add_columns(depth, rows, h)
            return
        if self.kind == "max" and self.last:
            h = self._raised(depth, rows, h)
        if depth == self.last:
            self.result[rows] = h if self.output is None else self.output(h)

    def made(self, depth):
        """What was written to while layer ``depth`` was computed."""
        if self.kind == "max" and self.last and depth < self.last:
            return [self._highest]
        return [self.result] if self.kind == "cat" or depth == self.last else []

    def _add_columns(self, depth, rows, h):
        columns = slice(depth * h.shape[1], (depth + 1) * h.shape[1])
        if self.output is None:
            self.result[rows, columns] = h
            return
        term = self._before[rows].to(h) if depth else self.output.bias
        self.result[rows] = plus(term, h, self.output.weight[:, columns])

    def _raised(self, depth, rows, h):
        self._highest[rows] = torch.maximum(h, self._highest[rows].to(h)) if depth else h
        return self._highest[rows].to(h)
