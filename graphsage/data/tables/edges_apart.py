"""A table of edges that does not fit the memory: read into a file, and from there sorted into the rows of a graph, in files."""

from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import TemporaryFile

import numpy as np

from graphsage.base.files import scratch_folder
from graphsage.base.memory import available_memory
from graphsage.base.progress import progress_of, silent
from graphsage.data.folders.writer import GrowingArray
from graphsage.data.readers.npz import mapped_npy
from graphsage.data.tables.dates import are_whole, stored_times
from graphsage.data.tables.edges import read_parts
from graphsage.data.tables.table_files import parquet_at
from graphsage.graph.graph import Graph

PER_EDGE = 80  # bytes that reading takes a line of the table, where all is done in memory
SHARE = 0.5  # of the memory that this may take
SORTED = 0.25  # of the memory, that the sort is given: columns of text and the ids of nodes need some, too
LARGEST_SORT = 1 << 31  # bytes: more does not make it faster


class Apart(ExitStack):
    """Where edges go that do not fit the memory: a folder that is made when it is needed, and gone when this is closed.

    places: folders beside which it may be, the first that can be written to. memory: bytes that reading may take; None: what
    is free. files: {array: path} of the graph, until then.
    """

    def __init__(self, places, memory=None):
        super().__init__()
        self.places, self.memory, self.files, self._folder = places, memory, {}, None

    def takes(self, table):
        """Whether the edges of this ``Table`` are too many for the memory."""
        return PER_EDGE * about_rows(table) > SHARE * self._bytes()

    def _bytes(self):
        return self.memory or available_memory() or np.inf

    @property
    def folder(self):
        """The folder; OSError where there can be none."""
        for place in self.places if self._folder is None else []:
            try:
                self._folder = self.enter_context(scratch_folder(place / "edges"))
                break
            except OSError:
                if place is self.places[-1]:
                    raise
        return self._folder

    def read(self, table, ids, progress, *, unlisted):
        """The ``EdgeParts`` of a table whose ends are both of ``ids`` (``EndIds``); its arrays lie in a file."""
        file = self.enter_context(TemporaryFile(dir=self.folder))

        def keep(array):
            if not len(array):
                return array
            start = file.seek(0, 2)
            file.write(np.ascontiguousarray(array).data.cast("B"))
            file.flush()
            return np.memmap(file, array.dtype, "r", start, array.shape)

        return read_parts(table, ids, ids, progress, unlisted=unlisted, keep=keep)

    def graph(self, edges, ids, num_nodes, names, *, directed, progress):
        """What ``InMemory.graph`` gives, of ``EdgeParts``; the arrays are memory maps of ``files``."""
        from graphsage.graph.external import LEAST, external_rows  # here: it brings numba

        counted = _Counted(edges, ids)
        arrays = {}

        def growing(name, dtype):
            self.files[name] = self.folder / f"{name}.npy"
            arrays[name] = GrowingArray(self.enter_context(open(self.files[name], "xb+")), name, dtype, ())
            return arrays[name]

        count = external_rows(
            counted.parts(),
            num_nodes,
            growing,
            self.folder,
            memory=max(LEAST, int(min(LARGEST_SORT, SORTED * self._bytes()))),
            undirected=not directed,
            duplicates="drop",
            self_loops="drop",
            progress=progress if progress is silent else progress_of,
        )
        for array in arrays.values():
            array.settle()
        maps = {name: mapped_npy(path, as_stored=True) for name, path in self.files.items()}
        graph = Graph._trusted(**{"edge_reversed": None, "weights": None, "times": None} | maps, node_ids=names)
        repeats = counted.stayed - counted.loops - (count if directed else count // 2)
        return graph, {"listed": edges.listed, "loops": counted.loops, "repeats": repeats}


@dataclass
class _Counted:
    """The parts of edges on their way; loops, stayed: how many were loops, and how many were not left out."""

    edges: object
    ids: object
    loops: int = 0
    stayed: int = 0

    def parts(self):
        """Yield what ``external_rows`` takes, with the final rows of both ends."""
        first, stored = 0, _stored(self.edges)
        for at, ends in enumerate(zip(self.edges.source, self.edges.target)):
            of = {"weights": self.edges.weights, "times": self.edges.times}
            part = {name: arrays[at] for name, arrays in of.items() if arrays} | dict(zip(("src", "dst"), ends))
            kept = self.edges.kept(*ends)
            if kept is not None:
                part = {name: array[kept] for name, array in part.items()} | {"edge_ids": first + kept}
            first += len(ends[0])
            part |= {name: self.ids.settled(part[name]) for name in ("src", "dst")}
            part |= {"times": stored(part["times"])} if "times" in part else {}
            self.loops += int(np.count_nonzero(part["src"] == part["dst"]))
            self.stayed += len(part["src"])
            yield part


def _stored(edges):
    """What makes of a part's times those of a ``Graph``, as ``stored_times`` makes them of all."""
    kinds = {part.dtype for part in edges.times}
    if edges.time_kind == "date" or kinds <= {np.dtype(np.int64)}:
        return lambda times: stored_times(edges.time_kind, times)
    is_whole = all(are_whole(part.astype(np.float64)) for part in edges.times)
    return lambda times: times.astype(np.float64).astype(np.int64 if is_whole else np.float64)


def about_rows(table):
    """About how many rows a ``Table`` has: of a text, by the length of its first lines."""
    if table.memory is not None:
        return table.memory.num_rows
    return table.text.about_lines() if table.text else parquet_at(table.path).metadata.num_rows
