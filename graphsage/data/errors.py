"""The error that every reader raises."""

from contextlib import contextmanager


class DatasetError(ValueError):
    """A dataset that cannot be found, fetched or read, or that is not what its card says. The text is one sentence."""


@contextmanager
def told_of(where):
    """A ValueError or TypeError within becomes a DatasetError that starts with ``where``, unless it does so already."""
    try:
        yield
    except (ValueError, TypeError) as error:
        text = str(error)
        raise DatasetError(text if text.startswith(str(where)) else f"{where}: {text}") from None
