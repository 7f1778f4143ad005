"""The package's face: what it exports, that importing it is light, and that each default exists once."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphsage
from graphsage.config.groups import ModelConfig, SampleConfig
from graphsage.config.settings import DROPOUT
from graphsage.nn.layer import SAGELayer

HEAVY = ("torch", "numba", "scipy", "networkx")
NAMES = """
    Aggregator Batch Callback Graph GraphSAGE Items JoinedDataset JoinedTypedDataset Labor LinkConfig LinkDataset LinkLoader
    LinkPredictor Metric MiniBatch ModelConfig Negatives NeighborLoader NeighborSampler NodeDataset Predictions Progress
    Recent RunConfig RunRecord SampleConfig SeedPlan SparseFeatures TableConfig TensorBoard TrainConfig TrainResult Trained
    TrainedEncoder TrainedLinks TrainedTyped TrainedTypedLinks Trainer TuneResult TypedBatch TypedDataset TypedGraph
    TypedGraphSAGE TypedLinkDataset TypedMiniBatch Uniform WalkConfig WalkPairs Weighted degree_features describe
    from_tables inference join_datasets keep_memory list_runs load_dataset load_model load_trained multihop_sampling
    random_walks row_normalize save_model save_trained split_by_time split_links suggested tune
"""


def python(code):
    """What ``code`` prints in a fresh interpreter that imports the package under test."""
    environment = {**os.environ, "PYTHONPATH": str(Path(graphsage.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(code):
    """The heavy packages that ``code`` imports."""
    return set(python(f"{code}\nimport sys\nprint(*[name for name in {HEAVY} if name in sys.modules])").split())


def test_the_list_of_exports():
    assert graphsage.__all__ == NAMES.split()


@pytest.mark.parametrize("name", graphsage.__all__)
def test_every_export_is_there_and_documented(name):
    assert getattr(graphsage, name).__name__ == name
    assert inspect.getdoc(getattr(graphsage, name))
    assert name in dir(graphsage)


def test_star_import_brings_the_exports():
    names = {}
    exec("from graphsage import *", names)
    assert set(graphsage.__all__) <= names.keys()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'graphsage' has no attribute 'GraphSage'"):
        _ = graphsage.GraphSage
    assert not hasattr(graphsage, "torch")


def test_import_is_light():
    assert loaded_by("import graphsage; dir(graphsage)") == set()


def test_configs_are_light():
    assert loaded_by("import graphsage as gs; gs.RunConfig()") == set()


LOWER = ["Graph", "NeighborSampler", "multihop_sampling", "load_dataset", "NodeDataset", "SeedPlan", "describe"]


@pytest.mark.parametrize("name", LOWER)
def test_the_lower_floors_live_without_torch(name):
    assert "torch" not in loaded_by(f"import graphsage as gs; gs.{name}")


def test_a_numpy_user_gets_batches_without_torch():
    batch = "gs.NeighborSampler(gs.Graph.from_edges([0], [1], 2), [1]).sample([1])"
    for name in ("to_scipy", "to_networkx", "dgl_arguments"):
        assert "torch" not in loaded_by(f"import graphsage as gs; gs.interop.{name}({batch})")


def defaults(function):
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not parameter.empty
    }


def test_defaults_of_the_model_are_those_of_its_config():
    given = defaults(graphsage.GraphSAGE)
    assert given.pop("seed") == 0
    assert given.pop("dropout") == DROPOUT
    assert given == {name: getattr(ModelConfig(), name) for name in given}
    names = "num_layers aggregator combine input_dropout normalize bias init activation norm residual input_layer jumping"
    assert given.keys() == {*names.split(), "relation_sum", "num_bases"}
    of_types = defaults(graphsage.TypedGraphSAGE)
    assert of_types == {**given, "input_layer": "linear", "embeddings": (), "seed": 0, "dropout": DROPOUT}


def test_defaults_of_the_layer_are_those_of_the_config():
    given = defaults(SAGELayer)
    names = ("aggregator", "combine", "bias", "init", "residual", "norm")
    assert given == {name: getattr(ModelConfig(), name) for name in names}


def test_defaults_of_the_sampler_are_those_of_its_config():
    given = defaults(graphsage.NeighborSampler)
    own = {"seed": 0, "edge_ids": False, "stream": "train"}
    own |= {"disjoint": False, "node_times": None}
    shared = {name: getattr(SampleConfig(), name) for name in given.keys() - own.keys()}
    assert given == {**shared, **own}
    assert shared.keys() | {"relation_fanouts"} == vars(SampleConfig()).keys()  # which a sampler takes as fanouts
