"""LinkConfig: what is refused, and in which words."""

import pytest

from graphsage.config.link_config import LinkConfig

REFUSED = [
    ({"decoder": "cosine"}, r"^decoder must be one of dot, mlp, distmult; got 'cosine'$"),
    ({"link_loss": "hinge"}, r"^link_loss must be one of binary, ranking; got 'hinge'$"),
    ({"negatives": 0}, r"^negatives must be an integer >= 1, got 0$"),
    ({"candidates": 1.5}, r"^candidates must be an integer >= 1, got 1.5$"),
    ({"corrupt": "tail"}, r"^corrupt must be one of target, source, both; got 'tail'$"),
    ({"test_share": 1}, r"^test_share must be in \[0, 1\), got 1$"),
    ({"val_share": 0.5, "test_share": 0.6}, r"^val_share \+ test_share must be below 1, got 1.1$"),
    ({"relation": "user,buys"}, r"^relation must be 'source,name,target', or a name, got 'user,buys'$"),
    ({"relation": ("a", 3, "b")}, r"^relation must be 'source,name,target', or a name, got \('a', 3, 'b'\)$"),
    ({"relation": ""}, r"^relation must be 'source,name,target', or a name, got ''$"),
]


@pytest.mark.parametrize("settings, text", REFUSED)
def test_a_setting_that_cannot_be_is_refused(settings, text):
    with pytest.raises(ValueError, match=text):
        LinkConfig(**settings)


def test_every_setting_is_documented():
    assert all(f"{name} (default:" in LinkConfig.__doc__ for name in vars(LinkConfig()))


def test_a_relation_is_kept_as_text():
    assert LinkConfig(relation=("user", "buys", "item")).relation == "user,buys,item"
    assert LinkConfig(relation=" user, buys ,item").relation == "user,buys,item"
    assert LinkConfig(relation="buys").relation == "buys"
