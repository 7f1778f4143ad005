"""LinkPredictor: an encoder of nodes, and a decoder of pairs of them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from graphsage.base import rng
from graphsage.base.checks import as_flag
from graphsage.base.told import told
from graphsage.config.link_config import LinkConfig
from graphsage.nn.decoders import PART, make_decoder
from graphsage.tensors.keyed_rng import keyed_rng


class LinkPredictor(nn.Module):
    """``model(batch)`` returns logits [M], one for each of ``batch.pairs``: above 0 means that it is a link.

    encoder: a ``GraphSAGE``, whose out_features is the width D of the embeddings, or another module that makes of a ``Batch``
        embeddings [B, D], a row a seed. Between two types a ``TypedGraphSAGE`` whose target is both of them, or a module that
        makes {type: [B_t, D]} of a ``TypedBatch``.
    decoder: a name, for which the encoder must say its ``out_features`` ("dot", "mlp", "distmult": ``make_decoder``), or a
        module (h_source [M, D], h_target [M, D]) -> logits [M].
    directed: as in ``make_decoder``. The weights of a decoder of ours are drawn by the encoder's seed.

    Raises TypeError for an encoder or decoder that is no module, ValueError for another name.
    """

    def __init__(self, encoder: nn.Module, decoder: str | nn.Module = LinkConfig.decoder, *, directed: bool = False) -> None:
        super().__init__()
        if not isinstance(encoder, nn.Module):
            raise TypeError(f"encoder must be a GraphSAGE or another torch.nn.Module, got {told(encoder)}")
        if isinstance(decoder, str):
            decoder = make_decoder(decoder, _width(encoder), directed=directed, seed=getattr(encoder, "seed", 0))
        elif as_flag("directed", directed):
            raise ValueError("directed=True is of a decoder by name: a module reads both ends in its own way")
        if not isinstance(decoder, nn.Module):
            raise TypeError(f"decoder must be a name or a torch.nn.Module, got {told(decoder)}")
        self.encoder, self.decoder = encoder, decoder

    def reset_parameters(self, seed: int | None = None) -> None:
        """Draw all weights anew: the same ones for the same seed (default: the encoder's own)."""
        self.encoder.reset_parameters(seed)
        with keyed_rng(rng.stream_key(self.encoder.seed if seed is None else seed, rng.INIT, PART)):
            self.decoder.reset_parameters()

    @property
    def num_layers(self) -> int:
        """Hops that a batch needs: the encoder's. AttributeError where that does not say."""
        return self.encoder.num_layers

    @property
    def first_layer_reduction(self) -> str | None:
        """What a loader may reduce raw features by, where the encoder says so."""
        return getattr(self.encoder, "first_layer_reduction", None)

    def forward(self, batch: Any) -> torch.Tensor:
        if getattr(batch, "pairs", None) is None:
            raise TypeError("the batch must have pairs, as those of a LinkLoader; a batch of nodes has none")
        h_source, h_target = sides_of(self.encoder(batch), getattr(batch, "relation", None))  # [B, D], a row a seed
        source, target = batch.pairs
        return self.score(h_source[source], h_target[target])

    def score(self, h_source: torch.Tensor, h_target: torch.Tensor) -> torch.Tensor:
        """Logits [M] of the pairs of embeddings [M, D] and [M, D]."""
        return self.decoder(h_source, h_target)


def sides_of(h, relation):
    """(embeddings of sources, of targets) among ``h``: [N, D] of all, or {type: [N, D]} and a relation between two types."""
    return (h[relation[0]], h[relation[2]]) if isinstance(h, Mapping) else (h, h)


def _width(encoder):
    width = getattr(encoder, "out_features", None)
    if width is None:
        raise ValueError(f"a decoder of a name needs its encoder's out_features, and {type(encoder).__name__} has none: set it")
    return width
