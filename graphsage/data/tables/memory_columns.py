"""Columns of tables in memory, as pyarrow has them."""

from datetime import date
from numbers import Number

import numpy as np

from graphsage.base.told import names_of, told
from graphsage.data.errors import DatasetError
from graphsage.data.missing import is_missing


def column_of(what, name, values):
    """A pyarrow array of a column's ``values``; what pyarrow does not know becomes texts, as in a file, if it is a value."""
    import pyarrow as pa

    try:
        found = pa.array(values, from_pandas=True)
        kind = found.type.value_type if pa.types.is_dictionary(found.type) else found.type
        if not isinstance(kind, pa.BaseExtensionType):
            return found
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    return pa.array([_text(what, name, value) for value in values], pa.large_string())


def _text(what, name, value):
    if is_missing(value, ()):
        return None
    if isinstance(value, (str, Number, np.generic, date)) or {"Interval", "Period"} & set(names_of(value)):
        return str(value)
    raise DatasetError(f"{what}: {name} holds {told(value)}: numbers, texts, dates, flags and lists of numbers can be read")
