"""What a module or a loss of the caller's own returns, compared with what the task needs; told in one sentence."""

import torch


def checked_outputs(model, outputs, num_seeds):
    """The outputs of ``model`` for a batch: float32 [B] or [B, K], one row a seed. TypeError or ValueError for anything else.

    A module that squeezes its outputs loses the row of a single seed: it is put back.
    """
    name = type(model).__name__
    if not isinstance(outputs, torch.Tensor):
        raise TypeError(f"{name} must return one tensor, a row a seed, and it returned {_told(outputs)}: leave the rest out")
    if outputs.layout != torch.strided:
        raise TypeError(f"{name} must return a dense tensor, and it returned a sparse one: return outputs.to_dense()")
    if not outputs.is_floating_point():
        raise TypeError(
            f"{name} must return floating numbers (logits, or the numbers to predict), and it returned {_dtype(outputs)}: "
            "classes, yes and no, and complex numbers have no gradient to learn from"
        )
    shape = outputs.shape
    if num_seeds == 1 and (outputs.ndim == 0 or outputs.ndim == 1 and len(outputs) != 1):
        outputs = outputs[None]
    if outputs.ndim not in (1, 2) or len(outputs) != num_seeds:
        raise ValueError(
            f"{name} must return a row a seed, [{num_seeds}, numbers], and it returned {list(shape)}: "
            "of all nodes of a batch, batch.seed_index are the rows of its seeds"
        )
    return outputs.float()


def checked_logits(model, outputs, num_pairs):
    """The outputs of ``model`` for a batch of pairs: float32 [M]. TypeError or ValueError for anything else."""
    if isinstance(outputs, torch.Tensor) and outputs.numel() != num_pairs:
        name, rule = type(model).__name__, f"a logit a pair, [{num_pairs}]"
        raise ValueError(f"{name} must return {rule}, and it returned {list(outputs.shape)}: batch.pairs are rows of its seeds")
    return checked_outputs(model, outputs, num_pairs).reshape(num_pairs)


def check_first(model, outputs):
    """ValueError where a training cannot begin: outputs without a gradient, or that are no numbers already."""
    name = type(model).__name__
    if not outputs.requires_grad:
        raise ValueError(
            f"{name} must return outputs that depend on its weights, and they have no gradient: "
            "leave out detach() and no_grad(), and let some weights require a gradient"
        )
    is_none = outputs.isnan() | (outputs == torch.inf)  # -inf may be meant: a class that is masked out
    spoilt = int(is_none.reshape(len(outputs), -1).any(1).sum())
    if spoilt:
        raise ValueError(
            f"{name} returned nan or inf for {spoilt} of {len(outputs)} seeds before the first step: look at its weights and "
            "divisions"
        )


def check_width(width, task, num_outputs):
    """ValueError unless ``width`` numbers a node fit a task that asks for ``num_outputs``.

    One class a node: a number a class, or more (for classes that no node has), or one number for two classes.
    """
    if task == "multiclass":
        if width < num_outputs and (width, num_outputs) != (1, 2):
            told = f"the model tells {width} classes apart, but the dataset has {num_outputs}"
            raise ValueError(f"{told}: give it an output a class")
    elif width != num_outputs:
        told = f"the model gives {width} numbers a node, but the {task} dataset has {num_outputs}"
        raise ValueError(f"{told}: give it an output for each")


def checked_loss(loss):
    """What a loss of the caller's own returned, if it is one number as a tensor. TypeError or ValueError for anything else."""
    rule = "the loss must return one number as a tensor, the mean over the batch"
    if not isinstance(loss, torch.Tensor):
        raise TypeError(f"{rule}, and it returned {_told(loss)}")
    if not loss.is_floating_point():
        raise TypeError(f"{rule}, and it returned {_dtype(loss)}: there is no gradient to learn from")
    if loss.numel() != 1:
        raise ValueError(f"{rule}, and it returned {list(loss.shape)}: take its mean()")
    return loss.reshape(())


def check_learns(loss):
    """ValueError where the loss of a step has no gradient."""
    if not loss.requires_grad:
        raise ValueError("the loss must depend on the outputs, and it has no gradient: leave out detach() and no_grad()")


def check_pairs(loss, outputs, y):
    """ValueError where a loss of the caller's own takes every output with every label: [B] and [B, 1] broadcast to [B, B].

    It is asked about made-up numbers, and only where the shapes part so: outputs that are the labels, in their order and in
    another one. A loss of pairs is the same for both.
    """
    if outputs.ndim == y.ndim or outputs.numel() != y.numel():
        return
    made_up = torch.tensor([-3.0, -1.0, 1.0, 3.0], dtype=torch.float32, device=y.device)
    labels = made_up if y.is_floating_point() else made_up > 0
    given = [values.reshape(-1, *like.shape[1:]).to(like.dtype) for values, like in ((made_up, outputs), (labels, y))]
    try:
        told = [float(loss(given[0], given[1].roll(places, 0))) for places in (0, 1)]
    except Exception:  # what it says of made-up numbers is nobody's error
        return
    if abs(told[0] - told[1]) <= 1e-5 * abs(told[0]):
        raise ValueError(
            f"the loss compares each output, {list(outputs.shape)}, with the labels of all seeds, {list(y.shape)}: "
            f"give both one shape in it, as by y.reshape(outputs.shape)"
        )


def _told(value):
    if value is None:
        return "None"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict with {', '.join(map(str, value)) or 'nothing'}"
    return f"a {type(value).__name__}"


def _dtype(tensor):
    return str(tensor.dtype).removeprefix("torch.")
