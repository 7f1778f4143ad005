"""Where the library is not installed, a sentence says so."""

import importlib
import sys

import pytest


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in [name for name in sys.modules if name.startswith("graphsage.ray")]:
        monkeypatch.delitem(sys.modules, name)
    rule = r"^graphsage\.ray needs ray, which is not installed: pip install 'graphsage\[ray\]'$"
    with pytest.raises(ImportError, match=rule):
        importlib.import_module("graphsage.ray")
