"""The room's face as type checkers and editors see it, who do not run ``__getattr__``: the names of ``__init__.py``."""

from graphsage.interop import pyg as pyg
from graphsage.interop.arrays import to_networkx as to_networkx, to_scipy as to_scipy
from graphsage.interop.dgl import dgl_arguments as dgl_arguments, to_dgl as to_dgl
from graphsage.interop.export import exportable as exportable
from graphsage.interop.pyg import from_pyg as from_pyg, to_pyg as to_pyg
from graphsage.interop.torch_csr import to_torch as to_torch
