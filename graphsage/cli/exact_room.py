"""The memory that exact outputs may take, as a flag, and the folder in which they are gone on with after a kill."""

from contextlib import contextmanager

from graphsage.config.named_values import as_memory


def check_memory(options, is_sampled):
    """ValueError where --memory is no size, or of no use."""
    if "memory" not in options:
        return
    as_memory(options.memory)
    if is_sampled:
        raise ValueError("--memory is of exact outputs: batches of drawn neighbours need little, so leave it out")


@contextmanager
def exact_room(options, trained, path=None):
    """{"room": a ``Room`` of exact outputs}, gone on with after a kill if they go into the file ``path``; {} of drawn ones."""
    from graphsage.nn.room import Room
    from graphsage.trained.resumable import resumable

    how = {"memory": getattr(options, "memory", None), "log": print}
    if options.sampled or trained.is_drawn:
        yield {}
    elif path is None or options.runs:  # one member after the other: there is no place to go on from
        yield {"room": Room(**how)}
    else:
        with resumable(path, **how) as room:
            yield {"room": room}
