"""Arrays that grow in memory, as ``FolderWriter.growing`` makes them in files."""

import numpy as np


class Grown:
    """``growing`` for ``external_rows``; ``arrays()`` are what was appended."""

    def __init__(self):
        self._parts = {}

    def __call__(self, name, dtype):
        assert name not in self._parts
        self._parts[name] = [np.empty(0, dtype)]
        return _Growing(self._parts[name])

    def arrays(self):
        return {name: np.concatenate(parts) for name, parts in self._parts.items()}


class _Growing:
    def __init__(self, parts):
        self._parts = parts

    def append(self, array):
        assert array.dtype == self._parts[0].dtype
        self._parts.append(array.copy())
