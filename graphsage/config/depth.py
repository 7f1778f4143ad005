"""num_layers and fanouts, as settings that are given: each layer needs one hop, so that either says what the other is."""

from graphsage.config.groups import ModelConfig

MOST_LAYERS = 64  # for which fanouts are made: more are a slip of the hand


def of_one_depth(base, given):
    """``given`` with both of num_layers and fanouts where one is in it; further layers draw as many as the last of ``base``."""
    if ("num_layers" in given) == ("fanouts" in given):
        return given
    if "fanouts" in given:
        return given | {"num_layers": len(given["fanouts"])}
    fanouts, layers = base.train.fanouts, given["num_layers"]
    draws = given.get("batch_size", base.train.batch_size) is not None
    return given | {"fanouts": (fanouts + fanouts[-1:] * layers)[:layers]} if draws and layers <= MOST_LAYERS else given


def implied(given, config):
    """Lines on what one of the two says of the other in ``config``, where that is not the default."""
    fanouts, layers = ",".join(map(str, config.train.fanouts)), config.model.num_layers
    is_said = ("num_layers" in given) == ("fanouts" in given)
    if is_said or layers == ModelConfig().num_layers or config.train.batch_size is None:
        return []
    if "fanouts" in given:
        return [f"Layers: {layers}, one for each of --fanouts {fanouts}"]
    return [f"Fanouts: {fanouts}, one for each of --num-layers {layers}"]
