"""Data from other libraries, and batches for them. Each library, torch too, is imported when a function needs it."""

from importlib import import_module

_HOME = {
    "from_pyg": "graphsage.interop.pyg",
    "to_pyg": "graphsage.interop.pyg",
    "to_scipy": "graphsage.interop.arrays",
    "to_networkx": "graphsage.interop.arrays",
    "to_torch": "graphsage.interop.torch_csr",
    "to_dgl": "graphsage.interop.dgl",
    "dgl_arguments": "graphsage.interop.dgl",
    "exportable": "graphsage.interop.export",
}
_MODULES = ("pyg",)

__all__ = sorted(_HOME)


def __getattr__(name):
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted({*globals(), *__all__, *_MODULES})
