"""WalkConfig: which nodes are to have alike embeddings, where there are no labels to learn from."""

from dataclasses import dataclass

from graphsage.config.options import POSITIVE, Settings, documented, option

WALK_DRAWS = ("uniform", "weighted")
BIAS = ("from 1e-6 to 1e6", lambda value: 1e-6 <= value <= 1e6)


@documented
@dataclass(frozen=True, kw_only=True)
class WalkConfig(Settings):
    """Embeddings without labels: nodes that meet on short random walks become alike, random ones unlike."""

    walk_length: int = option(5, "steps of a random walk; the node at each step and the first node make a pair", least=1)
    walks_per_node: int = option(1, "walks from each node of a batch", least=1)
    walk_p: float = option(1.0, "node2vec's p: a step back is 1/p as likely", real=BIAS)
    walk_q: float = option(1.0, "node2vec's q: a step away from the node before is 1/q as likely", real=BIAS)
    walk_draw: str = option("uniform", "steps of walks: all edges alike, or by their weights", choices=WALK_DRAWS)
    walk_negatives: int = option(1, "random nodes, drawn by degree^0.75, that each pair is to be unlike", least=1)
    negative_weight: float = option(
        1.0, "weight of the random nodes in the loss: Q in equation 1 of the GraphSAGE paper", real=POSITIVE
    )
