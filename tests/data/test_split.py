"""The random split: sizes, keys, and that it is one of all splits with equal chance."""

import numpy as np
import pytest

from graphsage.data.split import random_split

GOLDEN = [1, 2, 5, 8, 9, 10, 11, 13]  # the first training nodes of split 0 of 100: a change of it changes every such dataset


@pytest.mark.parametrize("count, sizes", [(0, (0, 0, 0)), (1, (0, 0, 1)), (2, (1, 0, 1)), (4, (2, 1, 1)), (101, (50, 25, 26))])
def test_half_a_quarter_and_the_rest(count, sizes):
    nodes = 3 * np.arange(count)
    parts = random_split(nodes)
    assert list(parts) == ["train", "val", "test"]
    assert tuple(len(ids) for ids in parts.values()) == sizes
    assert sorted(np.concatenate(list(parts.values()))) == nodes.tolist()
    assert all((np.diff(ids) > 0).all() for ids in parts.values())


def test_a_split_is_named_by_its_number():
    nodes = np.arange(100)
    first, none, second = (random_split(nodes, split)["train"].tolist() for split in (0, None, 1))
    assert first == none != second
    assert first[:8] == GOLDEN



def test_every_node_is_as_likely_in_every_part():
    """Null: each of 40 nodes is in train with 1/2 and in val with 1/4, independently over 2,000 splits. A node's count is then
    within 5 standard deviations of its mean; false alarm below 40 * 2 * 6e-7. Twins in one part would break the last line."""
    nodes, runs = np.arange(40), 2000
    trained, validated, together = np.zeros(40), np.zeros(40), 0
    for split in range(runs):
        parts = random_split(nodes, split)
        trained[parts["train"]] += 1
        validated[parts["val"]] += 1
        together += {0, 1} <= set(parts["train"].tolist())
    assert np.abs(trained - runs / 2).max() < 5 * np.sqrt(runs / 4)
    assert np.abs(validated - runs / 4).max() < 5 * np.sqrt(runs * 3 / 16)
    share = 20 / 40 * 19 / 39
    assert abs(together - runs * share) < 5 * np.sqrt(runs * share * (1 - share))


@pytest.mark.parametrize("split, error", [(-1, ValueError), (1.5, TypeError), (True, ValueError), ("0", TypeError)])
def test_what_is_no_number_of_a_split(split, error):
    with pytest.raises(error, match="split must be an integer from 0 to 18446744073709551615, got "):
        random_split(np.arange(4), split)
