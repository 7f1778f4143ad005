"""Several ranks begin a training: with the same data and settings, and from the same weights."""

from torch.nn.parameter import is_lazy

from graphsage.config.options import plain
from graphsage.training.until import rows_of

OF_EACH = {"device", "num_threads", "features_on", "log_every"}  # settings that may differ


def begin_together(loop):
    """Let the ranks of ``loop`` (a ``Loop``) meet; ValueError where they are about to train different things."""
    ranks = loop.ranks
    if ranks.size == 1:
        return
    ranks.meet(loop.device)
    loop.is_kept = ranks.first(lambda: loop.is_kept)
    _refuse_lazy(loop.model)
    ranks.check_same(_facts(loop))
    ranks.spread([*loop.model.parameters(), *loop.model.buffers()])


def _facts(loop):
    settings = {name: value for name, value in plain(loop.config).items() if name not in OF_EACH}
    return {
        **settings,
        **loop.task.as_settings(),
        "number of batches an epoch": len(loop.loader),
        "number of items to train on": len(loop.loader.plan.items),
        "number of edges": rows_of(loop.loader.sampler.graph).num_edges,
        "number of weights": sum(weight.numel() for weight in loop.model.parameters()),
        "number of updates done": loop.state.updates,
    }


def _refuse_lazy(model):
    if any(is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        rule = f"{type(model).__name__} has lazy modules, whose weights each process would draw by itself"
        raise ValueError(f"{rule}: make them with their sizes")
