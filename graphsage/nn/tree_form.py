"""GraphSAGE on trees: hops of [B, F], [B*k_1, F], [B*k_1*k_2, F], ... rows, each layer one hop fewer."""

import torch

from graphsage.tensors.segments import regular_block


def tree_form(model, hops):
    """What the layers of ``model`` make of the first hop, the seeds: logits, or what goes into the output layer."""
    _check_tree(hops, model.num_layers, model.in_features)
    check_place("the tree", hops[0].device, model)
    hidden = []
    for depth in range(model.num_layers):
        hops = _layer(model, depth, list(zip(hops, hops[1:])))
        hidden.append(hops[0])
    return model.joined(hidden)


def _layer(model, depth, pairs):
    """The hops that layer ``depth`` makes; its norm sees all of them at once, as it does in a batch."""
    norm = model.layers[depth].norm
    if norm is None:
        return [model.finish(depth, _products(model, depth, *pair)) for pair in pairs]
    products = [_products(model, depth, *pair) for pair in pairs]
    return model.finish(depth, norm(torch.cat(products))).split([len(h) for h in products])


def _products(model, depth, x_self, x_below):
    layer, block = model.layers[depth], regular_block(len(x_self), len(x_below) // len(x_self), x_self.device)
    enters_first = depth == 0 and model.first_layer_reduction is None
    if enters_first:
        x_self, x_below = model.enter(x_self), model.enter(x_below)
    x_neigh = layer.aggregator(x_below, block, x_self)
    if depth == 0 and not enters_first:
        x_self, x_neigh = model.enter(x_self), model.enter(x_neigh)
    return layer.products(x_self, x_neigh)


def check_place(name, device, model):
    """ValueError unless what ``name`` says is on the device of ``model``."""
    own = next(model.parameters()).device
    if device != own:
        raise ValueError(f"{name} is on {device}, but the model on {own}: move one of them, as model.to({str(device)!r})")


def _check_tree(hops, num_layers, in_features):
    if len(hops) != num_layers + 1:
        count = f"{num_layers + 1} hops, the seeds' included"
        raise ValueError(f"a tree for {num_layers} layers has {count}; got {len(hops)}")
    for depth, x in enumerate(hops):
        if not isinstance(x, torch.Tensor):
            raise TypeError(f"hop {depth} must be a dense tensor, got {type(x).__name__}")
        if x.ndim != 2 or x.shape[1] != in_features:
            raise ValueError(f"hop {depth} must have shape [ids, {in_features}], got {list(x.shape)}")
        above = len(hops[depth - 1]) if depth else 1
        if not len(x) or len(x) % above:
            rule = f"k >= 1 rows for each of the {above} above it" if depth else "a row a seed, and at least one"
            raise ValueError(f"hop {depth} must hold {rule}; got {len(x)}")
