"""What is typed for nodes: ids as tables have them, with commas between and quotes where an id has one."""

from types import SimpleNamespace

import numpy as np
import pytest

from graphsage.cli.arguments import node_rows


@pytest.mark.parametrize("typed, rows", [
    ('"c, x",ann', ["c, x", "ann"]), ("c, x", ["c, x"]), ("ann, bob", ["ann", "bob"]), ('ann, "c, x"', ["ann", "c, x"]),
    (" ann ", ["ann"]), ('"say ""hi""",ann', ['say "hi"', "ann"]), ("7,7.0,bob", ["7", "7", "bob"]), ("007", ["007"]),
])
def test_ids_with_commas_and_other_spellings(typed, rows):
    names = np.array(["ann", "bob", "c, x", 'say "hi"', "7", "007"], object)
    dataset = SimpleNamespace(node_ids=names, num_nodes=6, name="mine")
    assert names[node_rows("--nodes", dataset, typed)].tolist() == rows


def test_an_id_that_is_also_a_list_of_ids_asks_for_quotes():
    dataset = SimpleNamespace(node_ids=np.array(["a", "b", "a,b"], object), num_nodes=3, name="mine")
    with pytest.raises(ValueError, match="--seeds: 'a,b' is the id of a node, and so are its parts: write quotes around"):
        node_rows("--seeds", dataset, "a,b")
    assert node_rows("--seeds", dataset, '"a,b"') == [2]


def test_numbers_are_ids_in_any_spelling():
    numbered = SimpleNamespace(node_ids=np.array([5, 9, -3]), num_nodes=3, name=None)
    assert node_rows("--nodes", numbered, "9.0, 5 ,-3,9e+00") == [1, 0, 2, 1]
    for text in ("1", "05", "", "9.5"):
        with pytest.raises(ValueError, match=rf"--nodes: '{text}' is not a node of the dataset: give one of its ids"):
            node_rows("--nodes", numbered, text)
    plain = SimpleNamespace(node_ids=None, num_nodes=3, name="mine")
    assert node_rows("--nodes", plain, "2,0.0") == [2, 0]
    with pytest.raises(ValueError, match="'3' is not a node of mine: give a number below 3"):
        node_rows("--nodes", plain, "1,3")
