"""The settings of a training, and of a whole run."""

from dataclasses import dataclass, field
from numbers import Integral

from graphsage.base.told import of_kind, shown
from graphsage.config.groups import (
    ComputeConfig,
    EvaluateConfig,
    ModelConfig,
    OptimiseConfig,
    SampleConfig,
    SaveConfig,
)
from graphsage.config.link_config import LinkConfig
from graphsage.config.options import Settings, documented, option, options_of
from graphsage.config.presets import PRESETS
from graphsage.config.table_config import TableConfig
from graphsage.config.walk_config import WalkConfig

#: The groups of a training's settings, as config.toml and the flags have them.
GROUPS = {
    "sample": SampleConfig,
    "optimise": OptimiseConfig,
    "evaluate": EvaluateConfig,
    "save": SaveConfig,
    "compute": ComputeConfig,
}
FREE = {  # settings that may change in the middle of a training: they touch no number of the steps that are done
    "epochs", "num_threads", "device", "features_on", "gradients", "patience", "log_every", "checkpoint_every",
    "checkpoint_seconds", "keep_checkpoints", "tensorboard",
}  # fmt: skip
LEARNED = ("nodes", "links", "unsupervised")  # what a run may be about
OF_TASK = {"links": "links", "walks": "unsupervised"}  # groups of settings of a run: the task that reads them
DROPOUT = 0.5  # of hidden units, for sampled batches


@documented
@dataclass(frozen=True, kw_only=True)
class TrainConfig(ComputeConfig, SaveConfig, EvaluateConfig, OptimiseConfig, SampleConfig):
    """How ``Trainer`` trains. The three modes:

    batch_size=B: an epoch is one pass over the training nodes; with batches_per_epoch=N it is N random batches;
    batch_size=None: full batch, one step an epoch with all neighbours (fanouts are then not used and must be left alone).
    """

    def __post_init__(self):
        super().__post_init__()
        if self.batch_size is None:
            for name in ("fanouts", "relation_fanouts", "replace", "draw"):
                self.refuse_set(name, "in a full batch: leave it out, or set batch_size")
        if self.schedule == "plateau" and self.evaluate_every not in (None, 1):
            self.refuse_set("evaluate_every", "by schedule='plateau', which needs a score each epoch: leave it out")


def _split(value):
    if isinstance(value, str) and value == "time":
        return value
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
        raise ValueError(f"split must be an integer >= 0, or 'time'; got {shown(value)}")
    return int(value)


@documented
@dataclass(frozen=True, kw_only=True)
class RunConfig(Settings):
    """A whole run: dataset (and ``TableConfig``), model (``ModelConfig``), training (``TrainConfig``), links (``LinkConfig``).

    What does not fit together is refused.
    """

    dataset: str = option("debian", "name of a dataset, or a folder")
    task: str = option(
        "nodes", "what is learned: the labels of nodes, which nodes are linked, or embeddings without labels", choices=LEARNED
    )
    split: int | str | None = option(
        None, "which split of a dataset that has several (0, 1, ...), or 'time': the latest nodes are tested (default: 0)",
        check=_split,
    )  # fmt: skip
    preset: str | None = option(
        None, "the row of defaults that fit the graph, from which settings that were not given are (docs/choosing.md)",
        choices=tuple(PRESETS),
    )  # fmt: skip
    runs: int = option(1, "how often to train, with seeds SEED, SEED + 1, ...; shows mean and deviation", least=1)
    baseline: bool = option(
        True,
        "compare with gradient-boosted trees (nodes; with scikit-learn), with the same model trained without edges, and "
        "(unsupervised) with a probe of the raw features; it takes about as long again. Quick baselines are always there",
    )
    tensorboard: bool = option(False, "write curves for TensorBoard into the folder of the run, too")
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    tables: TableConfig = field(default_factory=TableConfig)
    links: LinkConfig = field(default_factory=LinkConfig)
    walks: WalkConfig = field(default_factory=WalkConfig)

    def __post_init__(self):
        super().__post_init__()
        of_kind("model", self.model, ModelConfig)
        of_kind("train", self.train, TrainConfig)
        of_kind("links", self.links, LinkConfig)
        of_kind("walks", self.walks, WalkConfig)
        self._refuse_of_other_tasks()
        if self.train.seed + self.runs > 2**64:
            raise ValueError(f"seed must be below 2^64, got {self.train.seed + self.runs - 1}")
        if self.train.batch_size is not None:
            check_depth(self.model.num_layers, self.train.fanouts)

    def _refuse_of_other_tasks(self):
        where = f"by task = {self.task!r}"
        for name in unused_parts(self.task):
            part = getattr(self, name)
            for f in options_of(type(part)):
                part.refuse_set(f.name, f"{where}: set task = {OF_TASK[name]!r}, or leave it out")
        if self.task == "links":
            self.refuse_set("split", f"{where}: the seed splits the links, or split_by; leave it out")

    @property
    def dropout(self) -> float:
        """The model's dropout: as set, else 0.5 for sampled batches of nodes, and 0 for a full batch and for links."""
        if self.model.dropout is not None:
            return self.model.dropout
        return DROPOUT if self.train.batch_size is not None and self.task == "nodes" else 0.0


def unused_parts(task):
    """The groups of settings of a ``RunConfig`` that a run on ``task`` does not read."""
    return [name for name, of in OF_TASK.items() if of != task]


def check_depth(num_layers, fanouts):
    """Each layer needs one sampled hop."""
    if len(fanouts) != num_layers:
        listed = ",".join(map(str, fanouts))
        raise ValueError(
            f"fanouts {listed} sample {len(fanouts)} hops, but the model has {num_layers} layers: give one a layer"
        )
