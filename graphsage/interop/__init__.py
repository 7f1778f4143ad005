"""Data from other libraries, and batches for them."""

from graphsage.interop.pyg import from_pyg, to_pyg

__all__ = ["from_pyg", "to_pyg"]
