"""Every default, once: the settings of a model, and those of a training in groups. A field's help is its meaning or unit."""

from dataclasses import dataclass
from typing import Any

from graphsage.config.named_values import (
    AGGREGATORS,
    METRICS,
    OPTIMIZERS,
    as_aggregator,
    as_class_weights,
    as_device,
    as_feature_cache,
    as_hops,
    as_memory,
    as_metric,
    as_optimizer,
    as_relation_fanouts,
)
from graphsage.config.options import FACTOR, NOT_NEGATIVE, POSITIVE, SHARE, Settings, documented, option

INITS = ("kaiming_uniform", "kaiming_normal")
SHARES = ("accuracy", "micro_f1", "macro_f1", "roc_auc", "average_precision", "hits@1", "hits@3", "hits@10")  # shown in percent
COMBINES = ("sum", "concat")
NORMS = ("none", "layer", "batch")
INPUT_LAYERS = ("none", "linear", "active")
JUMPINGS = ("last", "cat", "max")
ACTIVATIONS = ("relu", "gelu", "elu")
ISOLATED = ("empty", "self")
WEIGHTS = ("auto", "refuse", "ignore")
DRAWS = ("uniform", "weighted", "recent", "labor")
SELECTIVE = ("weighted", "recent")  # whose mean is not that of all neighbours: evaluated as they are trained, by drawing
FEATURE_DTYPES = ("float32", "bfloat16")
FEATURELESS = ("identity", "degrees")
PRECISIONS = ("float32", "bfloat16", "float16")
SCHEDULES = ("constant", "cosine", "step", "plateau")
EVALUATE = ("auto", "exact", "sampled")
FEATURES_ON = ("auto", "cpu", "device")
GRADIENTS = ("all_reduce", "ordered")
WEIGHT_DECAY = 5e-4  # unless it is set; 0 where nodes have several labels, and of links


@documented
@dataclass(frozen=True, kw_only=True)
class ModelConfig(Settings):
    """Hyperparameters of ``GraphSAGE`` beyond its input and output widths."""

    hidden_features: int = option(128, "width of each hidden layer", least=1)
    num_layers: int = option(2, "layers of the model; each reads one hop of neighbours", least=1)
    aggregator: str = option("mean", "how the neighbours of a node become one row", choices=AGGREGATORS, check=as_aggregator)
    combine: str = option("sum", "how a node joins its neighbours: added, or side by side", choices=COMBINES)
    dropout: float | None = option(None, "share of hidden units dropped (default: nodes in batches: 0.5, else 0)", real=SHARE)
    input_dropout: float = option(0.0, "share of input features dropped in training", real=SHARE)
    normalize: bool = option(False, "scale the rows of each hidden layer to L2 norm 1")
    activation: str = option("relu", "function after the products of a hidden layer", choices=ACTIVATIONS)
    norm: str = option(
        "none", "normalise hidden units before the activation: those of each node, or each unit over the batch", choices=NORMS
    )
    residual: bool = option(False, "add the input of a hidden layer to its products, projected where the widths differ")
    input_layer: str = option(
        "none", "project the features before the first layer; active: with activation and dropout", choices=INPUT_LAYERS
    )
    jumping: str = option(
        "last", "hidden layers that the output is made of: the last, or all, side by side or by maximum", choices=JUMPINGS
    )
    relation_sum: str = option(
        "sum", "how what a node gets by its relations is joined, in a typed graph: added, or the mean over those that it has",
        choices=("sum", "mean"),
    )  # fmt: skip
    num_bases: int | None = option(
        None, "matrices that the weights of all relations are mixed from, in a typed graph (default: each its own)", least=1
    )
    bias: bool = option(True, "add a learned bias")
    init: str = option("kaiming_uniform", "weight initialisation", choices=INITS)

    def __post_init__(self):
        super().__post_init__()
        if self.aggregator == "gcn" and self.combine == "concat":
            raise ValueError("combine='concat' is not used with aggregator='gcn', which has one matrix: use combine='sum'")


@documented
@dataclass(frozen=True, kw_only=True)
class SampleConfig(Settings):
    """How a batch is drawn."""

    fanouts: tuple[int, ...] = option(
        (10, 10), "neighbours drawn for each node, a number for each hop, the seeds' own first; -1 takes all", check=as_hops
    )
    relation_fanouts: dict[str, tuple[int, ...]] | None = option(
        None, "of typed graphs: other fanouts of some relations, by name, such as 'writes=10,5; cites=5,0', where 0 leaves one "
        "out in that hop (default: fanouts, for each relation)", check=as_relation_fanouts,
    )  # fmt: skip
    replace: bool = option(False, "draw neighbours with replacement")
    draw: str = option(
        "uniform",
        "which neighbours are drawn: any, by edge weight, the latest, or (labor) those that others in the batch draw",
        choices=DRAWS,
    )
    isolated: str = option("empty", "what stands for the neighbours of a node without any: nothing or itself", choices=ISOLATED)
    weights: str = option(
        "auto", "edge weights that the draw does not read: an error, or no matter (default: auto, no matter in tables)",
        choices=WEIGHTS,
    )  # fmt: skip
    strictly_before: bool = option(False, "a node asked at a time sees edges before that time only, none of that very time")
    num_threads: int | None = option(
        None, "threads that prepare batches; 0 prepares them between steps (default: half of the cores, at most 4)", least=0
    )

    def __post_init__(self):
        super().__post_init__()
        self._check_relation_fanouts()
        if self.replace and all(k == -1 for k in self.fanouts):
            raise ValueError("replace = True is not used where every fanout is -1 (all neighbours): leave it out")
        if self.replace and self.draw in ("recent", "labor"):
            raise ValueError(f"replace = True is not used by draw = {self.draw!r}, which takes distinct edges: leave it out")

    def _check_relation_fanouts(self):
        for name, hops in (self.relation_fanouts or {}).items():
            if len(hops) != len(self.fanouts):
                listed = ",".join(map(str, hops))
                raise ValueError(f"relation_fanouts: {name}={listed} must have {len(self.fanouts)} numbers, as fanouts has")


@documented
@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class OptimiseConfig(Settings):
    """What an epoch is, and how the weights change in it."""

    batch_size: int | None = option(
        512, "nodes or links asked about in a step; 'full': all training nodes, with all neighbours", least=1, or_none=True
    )
    batches_per_epoch: int | None = option(None, "random batches an epoch (default: one pass over the training nodes)", least=1)
    epochs: int = option(20, "how many epochs to train", least=1)
    optimizer: str | Any = option("adam", "update rule; rprop suits full batches only", choices=OPTIMIZERS, check=as_optimizer)
    learning_rate: float = option(0.01, "step size of the optimizer", real=POSITIVE)
    weight_decay: float | None = option(
        None,
        "L2 penalty (adam, sgd), or what is taken off each weight an update, times the learning rate (adamw); never of norms "
        "(default: 5e-4; of several labels a node, and of links: 0)",
        real=NOT_NEGATIVE,
    )
    decay_biases: bool = option(True, "weight decay takes in biases, too")
    warmup_epochs: int = option(0, "epochs at the start in which the learning rate rises evenly to its value", least=0)
    schedule: str = option(
        "constant",
        "how the learning rate falls: not, along a cosine to 0, at steps, or where the validation score stays on a plateau",
        choices=SCHEDULES,
    )
    schedule_epochs: int = option(
        10, "step: epochs between two falls of the learning rate; plateau: epochs without a better score before one", least=1
    )
    schedule_factor: float = option(0.1, "step, plateau: a fall multiplies the learning rate by this", real=FACTOR)
    clip_norm: float | None = option(
        None, "largest L2 norm of the gradient; a longer one is shortened (default: any)", real=POSITIVE
    )
    accumulate: int | None = option(
        None, "batches in an update, which takes the mean of their gradients (default: one; of several processes one each)",
        least=1,
    )  # fmt: skip
    average: float = option(
        0.0, "validate, test and save a running mean of the weights: the share of it that an update keeps, such as 0.99",
        real=SHARE,
    )  # fmt: skip
    label_smoothing: float = option(0.0, "share of the target given to all classes alike (one class a node)", real=SHARE)
    label_reuse: float = option(
        0.0,
        "show labels of training nodes as inputs, but of this share of a batch's nodes, which are asked (one class a node)",
        real=SHARE,
    )
    class_weights: str | tuple[float, ...] = option(
        "none", "weight of each class or label in the loss: none, balanced (rare ones weigh more), or numbers such as 1,3",
        check=as_class_weights,
    )  # fmt: skip
    normalize_features: bool | None = option(None, "divide feature rows by their sum (default: bags of words only)")
    featureless: str = option(
        "identity",
        "what stands for features where nodes have none: a column for each node, which knows no other nodes, or its degree and "
        "those of its neighbours",
        choices=FEATURELESS,
    )
    inductive: bool = option(
        False, "train on the edges between training nodes alone; validate and test on the whole graph"
    )
    seed: int = option(0, "fixes every random choice: the same seed gives the same run; 0 <= seed < 2^64", least=0)

    def __post_init__(self):
        super().__post_init__()
        if self.seed >= 2**64:
            raise ValueError(f"seed must be below 2^64, got {self.seed}")
        if self.batch_size is None:
            where = "in a full batch: leave it out, or set batch_size"
            self.refuse_set("batches_per_epoch", where)
            if self.accumulate != 1:  # which files of before say of every run
                self.refuse_set("accumulate", where)
        if self.warmup_epochs >= self.epochs:
            rule = f"must be below epochs = {self.epochs}, as the learning rate would not be reached"
            raise ValueError(f"warmup_epochs {rule}; got {self.warmup_epochs}")
        if callable(self.optimizer):
            for name in ("learning_rate", "weight_decay"):
                self.refuse_set(name, "by an optimizer of your own, which sets it itself: leave it out")
        if self.optimizer == "rprop":
            self._refuse_for_rprop()
        if self.schedule in ("constant", "cosine"):
            for name in ("schedule_epochs", "schedule_factor"):
                self.refuse_set(name, f"by schedule={self.schedule!r}: leave it out")

    def _refuse_for_rprop(self):
        if self.batch_size is not None:
            raise ValueError(
                "optimizer='rprop' follows the signs of full gradients: use it with batch_size=None (full batch)"
            )
        if self.weight_decay not in (0, WEIGHT_DECAY):  # which files of before say of every run
            self.refuse_set("weight_decay", "by optimizer='rprop': leave it out")
        for name in ("schedule", "warmup_epochs"):
            self.refuse_set(name, "by optimizer='rprop', which finds its own step sizes: leave it out")
        self.refuse_set("decay_biases", "by optimizer='rprop', which has no weight decay: leave it out")
        self.refuse_set("clip_norm", "by optimizer='rprop', which looks at signs only: leave it out")


@documented
@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class EvaluateConfig(Settings):
    """How the training is validated, and what picks its best epoch."""

    metric: str | Any = option(
        "auto", "score that picks the best epoch; auto: accuracy, micro_f1, r2 or (links) mrr, by task",
        choices=METRICS, check=as_metric,
    )  # fmt: skip
    patience: int | None = option(
        None, "end after so many epochs without a better validation score (default: never)", least=1
    )
    evaluate: str = option(
        "auto", "validate with all neighbours, or with sampled ones; auto: by cost (the test takes all)", choices=EVALUATE
    )
    evaluate_every: int | None = option(None, "epochs between validations (default: by cost)", least=1)
    evaluate_nodes: int | None = option(
        None, "most nodes to validate on, the same ones each time (default: by cost)", least=1
    )
    correct_and_smooth: bool = option(False, "at the end, spread training errors and labels along edges (one class a node)")


@documented
@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class SaveConfig(Settings):
    """What is told and kept on the way."""

    log_every: int = option(0, "print the loss every so many batches; 0: once an epoch only", least=0)
    checkpoint_every: int = option(0, "save every so many batches as well; 0: at the ends of epochs only", least=0)
    checkpoint_seconds: float = option(
        5.0, "least seconds between saves at ends of epochs; 0: save at the end of each", real=NOT_NEGATIVE
    )
    keep_checkpoints: int = option(2, "how many of the latest checkpoints to keep", least=1)


@documented
@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ComputeConfig(Settings):
    """Where and in what precision it is computed."""

    device: str = option("auto", "where to compute: auto (a CUDA GPU if there is one), cpu, cuda, cuda:1, mps", check=as_device)
    features_on: str = option("auto", "where dense features are kept; auto: on a GPU with room for them", choices=FEATURES_ON)
    feature_dtype: str = option("float32", "number format of dense features; bfloat16: half the memory", choices=FEATURE_DTYPES)
    precision: str = option("float32", "number format of matrix products in training (autocast)", choices=PRECISIONS)
    compile: bool = option(False, "compile the model with torch.compile; on the CPU a step takes 1.0 to 2.2 times as long")
    feature_cache: int | str | None = option(
        None, "memory for rows of features that lie on a disk, for those that coming batches ask for most: 2GB, or 10% of all",
        check=as_feature_cache,
    )  # fmt: skip
    gradients: str = option(
        "all_reduce",
        "of several processes (torchrun), how gradients are added up; ordered: batch after batch, the same bits by any number "
        "of processes with as many threads of torch (OMP_NUM_THREADS)",
        choices=GRADIENTS,
    )
    memory: int | str | None = option(
        None,
        "memory that exact evaluation may take, such as 4GiB; what needs more goes through files (default: what is free)",
        check=as_memory,
    )
