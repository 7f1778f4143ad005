"""Handing a batch to other libraries."""

from graphsage.interop.pyg import to_pyg

__all__ = ["to_pyg"]
