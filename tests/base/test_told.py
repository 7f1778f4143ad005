"""What errors call a thing, and what they show of it."""

import networkx as nx
import numpy as np
import pytest
import torch
from scipy import sparse

from graphsage.base.checks import as_array, as_list, as_path
from graphsage.base.told import maker, of_kind, shown, told


class Own(nx.Graph):
    """A class of the caller's own."""


@pytest.mark.parametrize("value, name", [
    (None, "NoneType"), (3, "int"), (np.ones(2), "ndarray"), (torch.ones(2), "torch.Tensor"), (nx.Graph(), "networkx.Graph"),
    (sparse.eye_array(2).tocsr(), "scipy.csr_array"), (nx.Graph, "the class Graph, not an object of it"), (Own(), "Own"),
])
def test_a_thing_has_a_name(value, name):
    assert told(value) == name


@pytest.mark.parametrize("value, text", [
    (3, "3"), ("ab", "'ab'"), (torch.tensor(3), "tensor(3)"), ([1, 2], "[1, 2]"), (torch.ones(2, 2), "torch.Tensor"),
    (object(), "object"), ("a" * 200, "str"), (list(range(100)), "list"),
])
def test_one_short_line_is_shown(value, text):
    assert shown(value) == text


def test_a_class_derived_from_another_librarys_is_known():
    assert maker("Graph", "g", Own()) == ": Graph.from_networkx(g) makes one"
    assert maker("Graph", "g", Own) == maker("Graph", "g", 3) == maker("else", "g", Own()) == ""


def test_of_kind():
    assert of_kind("count", True, int) is True
    with pytest.raises(TypeError, match="^graph must be a Own, got networkx.Graph$"):
        of_kind("graph", nx.Graph(), Own)


def test_lists_and_paths():
    assert as_list("fanouts", torch.tensor([3, 2]), "integers") == [3, 2] and as_list("a", iter("xy"), "texts") == ["x", "y"]
    for value in ("xy", 5, None, list, nx.path_graph(3)):
        with pytest.raises(TypeError, match="^fanouts must be a list of integers, got "):
            as_list("fanouts", value, "integers")
    assert str(as_path("folder", "here")) == "here"
    with pytest.raises(TypeError, match="^folder must be a path, got int$"):
        as_path("folder", 5)


@pytest.mark.parametrize("make", [
    lambda: sparse.coo_array((2**24, 2**24)), lambda: torch.sparse_coo_tensor(size=(2**24, 2**24), check_invariants=True),
], ids=["scipy", "torch"])  # fmt: skip
def test_a_sparse_matrix_that_would_fill_the_memory_is_not_made_dense(make):
    with pytest.raises(ValueError, match="^labels, made dense, would need 2,251,799,813,685,248 bytes, and there are "):
        as_array("labels", make())
