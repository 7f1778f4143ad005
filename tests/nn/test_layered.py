"""Tests of ``has_layers``."""

from graphsage.nn.layered import MEMBERS, has_layers
from graphsage.nn.model import GraphSAGE


class Wrapped:
    """Offers a model's attributes by ``__getattr__`` alone, but for one."""

    def __init__(self, model, without=None):
        self._model, self._without = model, without

    def __getattr__(self, name):
        if name == self._without:
            raise AttributeError(name)
        return getattr(self._model, name)


def test_what_is_found_by_getattr_alone_counts_and_each_member_is_needed():
    """Modules keep their ``layers`` there; isinstance of a protocol does not see it from Python 3.12 on."""
    model = GraphSAGE(4, 8, 2)
    names = "in_features out_features layers num_layers first_layer_reduction prepare represent finish"
    assert sorted(MEMBERS) == sorted(names.split())
    assert has_layers(model) and has_layers(Wrapped(model))
    assert not any(has_layers(Wrapped(model, name)) for name in MEMBERS)
