"""What a run on the labels of a typed graph has of its own: its model, its baselines, and what its report tells of types."""

from dataclasses import replace

from graphsage.config.groups import ModelConfig
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.report.typed_section import Types
from graphsage.report.verdict import ALONE
from graphsage.runs import node_run
from graphsage.runs.node_run import (
    data_of as data_of,
    own_fields as own_fields,
    settings_of as settings_of,
    summary as summary,
    table as table,
)
from graphsage.training.baselines import typed_baseline_scores
from graphsage.training.relation_worth import drawn_in_a_batch, scores_without
from graphsage.training.setup import refuse_unlabelled

MERGED = "types merged"
SPLIT_BY_SEED = False  # the split is the dataset's
OTHERS = {
    ALONE: "Training a model of the same settings on the labelled nodes without edges (features only)",
    MERGED: "Training a GraphSAGE of the same settings with the types merged",
}


def build_model(config, dataset):
    """The untrained ``TypedGraphSAGE`` that ``config`` describes, for ``dataset``."""
    refuse_unlabelled(dataset.targets)
    return TypedGraphSAGE.of(dataset, config=config.model, dropout=config.dropout, seed=config.train.seed)


def beside(config, trainer, result, log):
    """The fields of ``RunResult`` that are known after the training; Ctrl-C leaves out the baselines that are to come."""
    return node_run.beside(config, trainer, result, log, typed_baseline_scores)


def other(name, config, trainer):
    """(config, dataset, store) of the training ``name`` of ``OTHERS``: by a GraphSAGE, on features that are scaled already."""
    plain = ModelConfig()
    model = replace(config.model, relation_sum=plain.relation_sum, num_bases=plain.num_bases)
    own = {"relation_fanouts": None, "normalize_features": False, "weights": trainer.config.weights}
    dataset = trainer.dataset
    if name == MERGED:
        return replace(config, model=model, train=replace(config.train, **own)), dataset.merged(), None
    train = replace(config.train, **own, draw="uniform", strictly_before=False)  # there is no weight or time to draw by
    return replace(config, model=model, train=train), dataset.targets.without_edges(), trainer.loader.store[dataset.target]


def with_other(fields, name, result):
    """The same with what the training ``name`` of ``OTHERS`` came to, a ``TrainResult``."""
    if name == ALONE:
        return node_run.with_other(fields, name, result)
    found = {} if result.test_score is None else {name: {result.metric: result.test_score}}
    return {**fields, "rows": {**fields["rows"], **found}}


def leave(folder, config, dataset, run_result, trainer, made):
    """Predictions and report. made: ``Made`` of a run that was made in Python, else None."""
    nodes, edges = drawn_in_a_batch(trainer.loader)
    without = scores_without(trainer.task)
    score = trainer.evaluate(dataset.val)[0] if without else None
    types = Types(dataset=dataset, nodes=nodes, edges=edges, without=without, score=score)
    node_run.leave(folder, config, dataset.targets, run_result, trainer, made, types)
