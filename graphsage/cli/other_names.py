"""What flags of other programs are called here: for the hint that an unknown flag gets. None of them is accepted."""

from difflib import get_close_matches

#: What to type here: names of it elsewhere, without dashes before them and with dashes in them.
ELSEWHERE = {
    "--learning-rate": "lr rate step-size eta alpha",
    "--weight-decay": "wd l2 l2-reg l2-regularization reg weight-penalty",
    "--epochs": "e epoch n-epochs num-epochs nepochs max-epochs iterations num-iterations max-steps",
    "--batch-size": "b bs batch minibatch train-batch-size",
    "--batches-per-epoch": "steps-per-epoch limit-train-batches",
    "--fanouts": "f k fanout fan-out num-neighbors num-neighbours neighbors neighbours num-samples n-samples samples "
    "sample-sizes sizes num-sample samples-1",
    "--num-layers": "l layers n-layers nlayers layer num-layer depth num-hops hops n-hops num-gnn-layers",
    "--hidden-features": "hidden hid nhid n-hidden num-hidden hidden-dim hidden-size hidden-channels hidden-units dim units "
    "num-channels emb-dim embedding-dim dim-1 out-channels width",
    "--aggregator": "a aggr agg aggregate aggregation aggregator-type pooling pool",
    "--draw": "sampler sampling",
    "--activation": "act nonlinearity",
    "--dropout": "p drop-out dropout-rate droprate",
    "--input-dropout": "feat-drop feature-dropout in-drop",
    "--norm batch": "bn batchnorm batch-norm use-bn",
    "--norm layer": "layernorm layer-norm",
    "--jumping": "jk jump jumping-knowledge",
    "--residual": "skip skip-connection skip-connections res",
    "--optimizer": "optim opt optimiser",
    "--schedule": "scheduler lr-scheduler lr-schedule lr-decay-style",
    "--schedule-factor": "gamma lr-decay decay decay-rate lr-factor",
    "--warmup-epochs": "warmup warm-up num-warmup-epochs warmup-steps",
    "--clip-norm": "clip grad-clip clip-grad clip-grad-norm max-grad-norm gradient-clip-val",
    "--accumulate": "grad-accum accum accumulate-grad-batches gradient-accumulation-steps",
    "--average": "ema ema-decay swa",
    "--label-smoothing": "smoothing",
    "--class-weights balanced": "weighted-loss balanced class-balanced",
    "--seed": "s random-seed rng-seed random-state manual-seed",
    "--runs": "n-runs num-runs nruns repeats repeat num-seeds n-seeds num-trials",
    "--patience": "early-stop early-stopping early-stopping-patience stop-patience",
    "--metric": "score monitor eval-metric",
    "--evaluate-every": "eval-every eval-interval eval-steps eval-freq val-every val-interval check-val-every-n-epoch",
    "--log-every": "log-interval log-steps print-every print-freq v verbose",
    "--checkpoint-every": "save-every save-interval save-steps save-freq",
    "--device cuda": "gpu cuda gpus gpu-id gpu-ids use-gpu use-cuda accelerator",
    "--device cpu": "cpu no-cuda no-gpu disable-cuda use-cpu",
    "--precision bfloat16": "amp fp16 bf16 half mixed-precision use-amp",
    "--num-threads": "w j jobs n-jobs worker workers num-workers n-workers threads nthreads",
    "--tensorboard": "tb use-tensorboard logger",
    "--out": "o output output-dir out-dir outdir save save-dir save-path log-dir logdir results-dir run-dir",
    "--resume": "r continue ckpt checkpoint ckpt-path checkpoint-path restart load from-checkpoint",
    "--negatives": "num-negatives neg-ratio num-neg neg-sampling-ratio neg num-negative-samples",
    "--walk-length": "walk-len len-walk",
    "--walks-per-node": "num-walks n-walks",
    "--probabilities": "probs proba prob scores softmax",
}
_HERE = {name: here for here, names in ELSEWHERE.items() for name in names.split()}

#: What no flag says here: names of it elsewhere.
SAID_OTHERWISE = {
    "the dataset is named without a flag, as in: graphsage train cora": "d data dataset data-dir dataset-name data-path "
    "dataset-path graph input root",
    "the model is GraphSAGE, and --aggregator says how neighbours are reduced (models of your own: gs.Trainer in Python)": "m "
    "model model-name model-type arch architecture gnn conv",
    "it follows from the dataset": "in-channels in-feats in-features num-features num-classes n-classes out-dim output-dim",
}  # fmt: skip
_INSTEAD = {name: sentence for sentence, names in SAID_OTHERWISE.items() for name in names.split()}
SLIP, ALIKE = 0.9, 0.6  # how like another text is (difflib): a slip of the finger, a guess


def hint(typed, flags, others):
    """What to say about the unknown flag ``typed``, to stand behind "is not understood"; "" where nothing is like it.

    flags: those of the command; others: {name of a command: its flags}.
    """
    if not typed.startswith("-"):
        return ""
    name = typed.lower().replace("_", "-").lstrip("-")
    here = "--" + name if typed.startswith("--") else ""
    for what in filter(None, (here, _HERE.get(name))):
        if what.partition(" ")[0] in flags:
            return f", did you mean {what}?"
    if name in _INSTEAD:
        return ": " + _INSTEAD[name]
    return _near(here, flags, SLIP) or _elsewhere(here, _HERE.get(name, ""), others) or _near(here, flags, ALIKE)


def _near(flag, flags, cutoff):
    return "".join(f", did you mean {near}?" for near in get_close_matches(flag, flags, n=1, cutoff=cutoff) if flag)


def _elsewhere(here, known_as, others):
    """Which other command has the flag, as it was typed or under its name here."""
    for what in filter(None, (here, known_as)):
        for owner, theirs in others.items():
            if what.partition(" ")[0] in theirs:
                return f": {what} is a flag of `graphsage {owner}`"
    return ""
