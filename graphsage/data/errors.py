"""The error that every reader raises."""


class DatasetError(ValueError):
    """A dataset that cannot be found, fetched or read, or that is not what its card says. The text is one sentence."""
