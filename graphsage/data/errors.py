"""The error that every reader raises."""

from contextlib import contextmanager


class DatasetError(ValueError):
    """A dataset that cannot be found, fetched or read, or that is not what its card says. The text is one sentence."""


class InShards(DatasetError):
    """Something looks at all of a dataset in shards, which does not fit the memory."""


@contextmanager
def told_of(where):
    """A ValueError or TypeError within becomes a DatasetError that starts with ``where``, unless it does so already."""
    try:
        yield
    except (ValueError, TypeError) as error:
        text = str(error)
        raise DatasetError(text if text.startswith(str(where)) else f"{where}: {text}") from None


def one_of_several(folder, names):
    """The one name of datasets of one layout in ``folder``, None if there is none; DatasetError if there are several."""
    if len(names) > 1:
        rule = "give each a folder of its own, or name one of its files"
        raise DatasetError(f"{folder} holds several datasets ({', '.join(sorted(names))}): {rule}")
    return names[0] if names else None
