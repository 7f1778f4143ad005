"""LinkConfig: what is asked about links, by which decoder, and beside which pairs that are none."""

from dataclasses import dataclass

from graphsage.base.told import shown
from graphsage.config.options import SHARE, Settings, documented, option

DECODERS = ("dot", "mlp", "distmult")
LINK_LOSSES = ("binary", "ranking")
NEGATIVES_BY = ("uniform", "degree")
CORRUPT = ("target", "source", "both")
SPLIT_BY = ("random", "time")


def _as_relation(value):
    """A relation as text: "user,buys,item" of itself or of ("user", "buys", "item"), or a name."""
    parts = value if isinstance(value, (tuple, list)) else value.split(",") if isinstance(value, str) else ()
    if len(parts) not in (1, 3) or not all(isinstance(part, str) and part.strip() for part in parts):
        raise ValueError(f"relation must be 'source,name,target', or a name, got {shown(value)}")
    return ",".join(part.strip() for part in parts)


@documented
@dataclass(frozen=True, kw_only=True)
class LinkConfig(Settings):
    """How links are split, scored, learned and judged."""

    relation: str | None = option(
        None, "of a typed graph: which links are asked about, SOURCE,NAME,TARGET, or NAME where no other relation has it "
        "(default: the only one, reverses aside)", check=_as_relation,
    )  # fmt: skip
    decoder: str = option("mlp", "how two embeddings make the score of a pair", choices=DECODERS)
    link_loss: str = option(
        "binary", "binary: link or not, pair by pair; ranking: the true one among its negatives", choices=LINK_LOSSES
    )
    negatives: int = option(1, "pairs that are no links, drawn for each training link", least=1)
    negatives_by: str = option(
        "uniform", "how the nodes of negatives are drawn: all alike, or by degree^0.75, which draws popular nodes more often",
        choices=NEGATIVES_BY,
    )  # fmt: skip
    corrupt: str = option("target", "which end of a training link its negatives replace", choices=CORRUPT)
    candidates: int = option(100, "random targets among which that of each validation and test link is ranked", least=1)
    split_by: str = option("random", "validation and test links: drawn at random, or the latest ones", choices=SPLIT_BY)
    val_share: float = option(0.05, "share of the links to validate on", real=SHARE)
    test_share: float = option(0.10, "share of the links to test on", real=SHARE)
    disjoint_train: float = option(
        0.0, "share of the training links that are only asked about: the model never sees them as edges", real=SHARE
    )

    def __post_init__(self):
        super().__post_init__()
        if self.val_share + self.test_share >= 1:
            raise ValueError(f"val_share + test_share must be below 1, got {self.val_share + self.test_share:g}")
