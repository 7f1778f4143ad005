"""Every default, once. Frozen, keyword-only records; the unit or meaning of a field is its ``help``."""

from dataclasses import dataclass, field, fields
from numbers import Real
from operator import index

AGGREGATORS = ("mean", "sum", "max", "gcn", "mean_pool", "max_pool", "lstm", "attention", "std", "pna")
INITS = ("kaiming_uniform", "kaiming_normal")
OPTIMIZERS = ("adam", "sgd", "rprop")
METRICS = ("auto", "accuracy", "micro_f1", "macro_f1", "roc_auc", "r2")
COMBINES = ("sum", "concat")
ISOLATED = ("empty", "self")
WEIGHTS = ("refuse", "ignore")
FEATURE_DTYPES = ("float32", "bfloat16")
PRECISIONS = ("float32", "bfloat16", "float16")
SCHEDULES = ("constant", "cosine", "step", "plateau")
CLASS_WEIGHTS = ("none", "balanced")
EVALUATE = ("auto", "exact", "sampled")
FEATURES_ON = ("auto", "cpu", "device")
FREE = {  # settings that may change in the middle of a training: they touch no number of the steps that are done
    "epochs", "num_threads", "device", "features_on", "patience", "log_every", "checkpoint_every", "checkpoint_seconds",
    "keep_checkpoints", "tensorboard",
}  # fmt: skip
DROPOUT = 0.5  # of hidden units, for sampled batches


def _option(default, text, **extra):
    return field(default=default, metadata={"help": text, **extra})


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Hyperparameters of ``GraphSAGE`` beyond its input and output widths."""

    hidden_features: int = _option(128, "width of each hidden layer")
    num_layers: int = _option(2, "layers, one sampled hop each")
    aggregator: str = _option("mean", "how neighbours are reduced", choices=AGGREGATORS)
    combine: str = _option("sum", "node and neighbours: added, or side by side", choices=COMBINES)
    dropout: float | None = _option(None, "share of hidden units dropped in training (default: 0.5, full batch: 0)")
    input_dropout: float = _option(0.0, "share of input features dropped in training")
    normalize: bool = _option(False, "scale the rows of each hidden layer to L2 norm 1")
    bias: bool = _option(True, "add a learned bias")
    init: str = _option("kaiming_uniform", "weight initialisation", choices=INITS)

    def __post_init__(self):
        _least(self, 1, "hidden_features", "num_layers")
        if not callable(self.aggregator):  # a class of the caller's own: see graphsage.Aggregator
            _among(self, "aggregator", AGGREGATORS)
        _among(self, "combine", COMBINES)
        _among(self, "init", INITS)
        _flags(self, "normalize", "bias")
        if self.dropout is not None:
            _real(self, "dropout", "in [0, 1)", lambda share: 0 <= share < 1)
        _real(self, "input_dropout", "in [0, 1)", lambda share: 0 <= share < 1)
        if self.aggregator == "gcn" and self.combine == "concat":
            raise ValueError("combine='concat' is not used with aggregator='gcn', which has one matrix: use combine='sum'")


@dataclass(frozen=True, kw_only=True)
class SampleConfig:
    """How a batch is drawn."""

    fanouts: tuple[int, ...] = _option((10, 10), "neighbours drawn a hop, seeds' side first; -1 takes all")
    replace: bool = _option(False, "draw neighbours with replacement")
    isolated: str = _option("empty", "a node without neighbours: empty row or itself", choices=ISOLATED)
    weights: str = _option("refuse", "a graph with edge weights: an error, or sampled uniformly all the same", choices=WEIGHTS)
    num_threads: int | None = _option(
        None, "threads that prepare batches; 0: none, prepare between steps (default: half the cores, at most 4)"
    )

    def __post_init__(self):
        object.__setattr__(self, "fanouts", _fanouts(self.fanouts))
        _flags(self, "replace")
        if self.num_threads is not None:
            _least(self, 0, "num_threads")
        _among(self, "isolated", ISOLATED)
        _among(self, "weights", WEIGHTS)
        if self.replace and all(k == -1 for k in self.fanouts):
            raise ValueError("replace = True is not used where every fanout is -1 (all neighbours): leave it out")


@dataclass(frozen=True, kw_only=True)
class TrainConfig(SampleConfig):
    """How ``Trainer`` trains. The three modes:

    batch_size=B: an epoch is one pass over the training nodes; with batches_per_epoch=N it is N random batches;
    batch_size=None: full batch, one step an epoch with all neighbours (fanouts are then not used and must be left alone).
    """

    batch_size: int | None = _option(512, "seeds a step; 'full': all training nodes and all neighbours at once")
    batches_per_epoch: int | None = _option(None, "random batches an epoch (default: one pass over the training nodes)")
    epochs: int = _option(20, "epochs")
    optimizer: str = _option("adam", "update rule; rprop suits full batches only", choices=OPTIMIZERS)
    learning_rate: float = _option(0.01, "step size of the optimizer")
    weight_decay: float = _option(5e-4, "L2 penalty (adam, sgd)")
    schedule: str = _option("constant", "of the learning rate: cosine to 0, or lower by step or on plateau", choices=SCHEDULES)
    schedule_epochs: int = _option(10, "step: lower it every so many epochs; plateau: after so many without a better score")
    schedule_factor: float = _option(0.1, "step, plateau: multiply the learning rate by this")
    clip_norm: float | None = _option(None, "largest L2 norm of the gradient; a longer one is shortened (default: any)")
    accumulate: int = _option(1, "batches an update: their mean gradient")
    label_smoothing: float = _option(0.0, "share of the target given to all classes alike (one class a node)")
    class_weights: str = _option("none", "balanced: rare classes or labels weigh more in the loss", choices=CLASS_WEIGHTS)
    patience: int | None = _option(None, "end after so many epochs without a better validation score (default: never)")
    normalize_features: bool | None = _option(None, "divide feature rows by their sum (default: bags of words only)")
    metric: str = _option("auto", "score that picks the best epoch; auto: accuracy, micro_f1 or r2, by task", choices=METRICS)
    evaluate: str = _option("auto", "validate on all or on sampled neighbours; auto: by cost (test: exact)", choices=EVALUATE)
    evaluate_every: int | None = _option(None, "epochs between validations (default: by cost)")
    evaluate_nodes: int | None = _option(None, "most nodes to validate on, the same ones each time (default: by cost)")
    seed: int = _option(0, "of initialisation, seed plan, sampling and dropout; 0 <= seed < 2^64")
    device: str = _option("auto", "auto (CUDA if there), cpu, cuda, cuda:1, mps")
    features_on: str = _option("auto", "where dense features are kept; auto: on a GPU with room for them", choices=FEATURES_ON)
    feature_dtype: str = _option("float32", "dense features are kept so; bfloat16: half the memory", choices=FEATURE_DTYPES)
    precision: str = _option("float32", "of the products in training; others: autocast", choices=PRECISIONS)
    compile: bool = _option(False, "torch.compile the model; on the CPU without gain: 1.0 to 2.2 times the time a step")
    log_every: int = _option(0, "print the loss every so many batches; 0: once an epoch only")
    checkpoint_every: int = _option(0, "save every so many batches as well; 0: at the ends of epochs only")
    checkpoint_seconds: float = _option(5.0, "least seconds between saves at ends of epochs; 0: save at the end of each")
    keep_checkpoints: int = _option(2, "how many of the latest checkpoints to keep")

    def __post_init__(self):
        super().__post_init__()
        _least(self, 1, "epochs", "schedule_epochs", "accumulate", "keep_checkpoints")
        counts = ("batch_size", "batches_per_epoch", "patience", "evaluate_every", "evaluate_nodes")
        _least(self, 1, *(name for name in counts if getattr(self, name) is not None))
        _least(self, 0, "log_every", "seed", "checkpoint_every")
        _among(self, "optimizer", OPTIMIZERS)
        _among(self, "evaluate", EVALUATE)
        _among(self, "features_on", FEATURES_ON)
        _among(self, "feature_dtype", FEATURE_DTYPES)
        _among(self, "precision", PRECISIONS)
        _among(self, "metric", METRICS)
        _among(self, "schedule", SCHEDULES)
        _among(self, "class_weights", CLASS_WEIGHTS)
        _flags(self, "compile")
        _real(self, "schedule_factor", "in (0, 1)", lambda factor: 0 < factor < 1)
        _real(self, "label_smoothing", "in [0, 1)", lambda share: 0 <= share < 1)
        _real(self, "checkpoint_seconds", ">= 0 and finite", lambda seconds: 0 <= seconds < float("inf"))
        if self.clip_norm is not None:
            _real(self, "clip_norm", "> 0 and finite", lambda norm: 0 < norm < float("inf"))
        _real(self, "learning_rate", "> 0 and finite", lambda rate: 0 < rate < float("inf"))
        _real(self, "weight_decay", ">= 0 and finite", lambda decay: 0 <= decay < float("inf"))
        if self.normalize_features is not None:
            _flags(self, "normalize_features")
        if self.seed >= 2**64:
            raise ValueError(f"seed must be below 2^64, got {self.seed}")
        if not isinstance(self.device, str):
            raise ValueError(f"device must be text, got {self.device!r}")
        self._refuse_unused()

    def _refuse_unused(self):
        if self.batch_size is None:
            for name in ("fanouts", "replace", "batches_per_epoch", "accumulate"):
                self._refuse_set(name, "in a full batch: leave it out, or set batch_size")
        elif self.optimizer == "rprop":
            raise ValueError(
                "optimizer='rprop' follows the signs of full gradients: use it with batch_size=None (full batch)"
            )
        if self.optimizer == "rprop" and self.weight_decay != 0:
            self._refuse_set("weight_decay", "by optimizer='rprop': leave it out")
        if self.optimizer == "rprop":
            self._refuse_set("schedule", "by optimizer='rprop', which finds its own step sizes: leave it out")
            self._refuse_set("clip_norm", "by optimizer='rprop', which looks at signs only: leave it out")
        if self.schedule == "plateau" and self.evaluate_every not in (None, 1):
            self._refuse_set("evaluate_every", "by schedule='plateau', which needs a score each epoch: leave it out")
        if self.schedule in ("constant", "cosine"):
            for name in ("schedule_epochs", "schedule_factor"):
                self._refuse_set(name, f"by schedule={self.schedule!r}: leave it out")

    def _refuse_set(self, name, where):
        default = next(f.default for f in fields(self) if f.name == name)
        if getattr(self, name) != default:
            raise ValueError(f"{name} = {getattr(self, name)!r} is not used {where}")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole run: dataset, model and training; what does not fit together is refused here."""

    dataset: str = _option("debian", "name of a dataset, or a folder")
    split: int | None = _option(None, "which of the dataset's splits, where it has several (default: 0, the first)")
    runs: int = _option(1, "train so many times, with seeds SEED, SEED + 1, ...: mean and deviation")
    baseline: bool = _option(True, "train the same model without edges too, which takes about as long again")
    tensorboard: bool = _option(False, "write the course of the training into the folder of the run for TensorBoard, too")
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self):
        if not isinstance(self.dataset, str):
            raise ValueError(f"dataset must be text, got {self.dataset!r}")
        if self.split is not None:
            _least(self, 0, "split")
        _least(self, 1, "runs")
        _flags(self, "baseline", "tensorboard")
        if self.train.seed + self.runs > 2**64:
            raise ValueError(f"seed must be below 2^64, got {self.train.seed + self.runs - 1}")
        if self.train.batch_size is not None:
            check_depth(self.model.num_layers, self.train.fanouts)

    @property
    def dropout(self) -> float:
        """The model's dropout: as set, else 0.5 for sampled batches and 0 for a full batch."""
        if self.model.dropout is not None:
            return self.model.dropout
        return DROPOUT if self.train.batch_size is not None else 0.0


def aggregator_name(aggregator):
    """What a file says of an aggregator: of a class of the caller's own the name, as no file can bring its code along."""
    return aggregator if isinstance(aggregator, str) else f"{getattr(aggregator, '__name__', aggregator)} (user-defined)"


def check_depth(num_layers, fanouts):
    """Each layer needs one sampled hop."""
    if len(fanouts) != num_layers:
        listed = ",".join(map(str, fanouts))
        raise ValueError(
            f"fanouts {listed} sample {len(fanouts)} hops, but the model has {num_layers} layers: give one a layer"
        )


def _fanouts(fanouts):
    from graphsage.base.checks import as_fanouts  # here: numpy would slow `graphsage --help` down

    try:
        return as_fanouts("fanouts", fanouts, allow_all=True)
    except TypeError as error:  # a setting of the wrong type is a wrong value here, as in the checks below
        raise ValueError(str(error)) from None


def _least(config, least, *names):
    for name in names:
        value = getattr(config, name)
        try:
            number = index(value)
        except TypeError:
            number = None
        if number is None or isinstance(value, bool) or number < least:
            raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")
        object.__setattr__(config, name, number)  # numpy's integers overflow, and JSON does not know them


def _real(config, name, rule, holds):
    value = getattr(config, name)
    if not isinstance(value, Real) or isinstance(value, bool) or not holds(value):
        raise ValueError(f"{name} must be {rule}, got {value!r}")
    object.__setattr__(config, name, float(value))


def _flags(config, *names):
    for name in names:
        if not isinstance(getattr(config, name), bool):
            raise ValueError(f"{name} must be True or False, got {getattr(config, name)!r}")


def _among(config, name, options):
    if getattr(config, name) not in options:
        raise ValueError(f"{name} must be one of {', '.join(options)}; got {getattr(config, name)!r}")
