"""The package's face as type checkers and editors see it, who do not run ``__getattr__``: the names of ``__init__.py``."""

from graphsage import interop as interop
from graphsage.base.memory import keep_memory as keep_memory
from graphsage.config.groups import ModelConfig as ModelConfig, SampleConfig as SampleConfig
from graphsage.config.link_config import LinkConfig as LinkConfig
from graphsage.config.settings import RunConfig as RunConfig, TrainConfig as TrainConfig
from graphsage.config.table_config import TableConfig as TableConfig
from graphsage.config.walk_config import WalkConfig as WalkConfig
from graphsage.data.catalogue import load_dataset as load_dataset
from graphsage.data.dataset import NodeDataset as NodeDataset
from graphsage.data.described.describe import describe as describe
from graphsage.data.links import LinkDataset as LinkDataset
from graphsage.data.several import JoinedDataset as JoinedDataset, join_datasets as join_datasets
from graphsage.data.split_by_time import split_by_time as split_by_time
from graphsage.data.split_links import split_links as split_links
from graphsage.data.tables.frames import from_tables as from_tables
from graphsage.data.typed_dataset import TypedDataset as TypedDataset
from graphsage.data.typed_links import TypedLinkDataset as TypedLinkDataset
from graphsage.data.typed_several import JoinedTypedDataset as JoinedTypedDataset
from graphsage.graph.degree_features import degree_features as degree_features
from graphsage.graph.features import SparseFeatures as SparseFeatures, row_normalize as row_normalize
from graphsage.graph.graph import Graph as Graph
from graphsage.graph.typed_graph import TypedGraph as TypedGraph
from graphsage.loading.batch import Batch as Batch
from graphsage.loading.link_loader import LinkLoader as LinkLoader
from graphsage.loading.node_loader import NeighborLoader as NeighborLoader
from graphsage.loading.typed_tensors import TypedBatch as TypedBatch
from graphsage.nn.aggregators import Aggregator as Aggregator
from graphsage.nn.inference import inference as inference
from graphsage.nn.link_predictor import LinkPredictor as LinkPredictor
from graphsage.nn.model import GraphSAGE as GraphSAGE
from graphsage.nn.typed_model import TypedGraphSAGE as TypedGraphSAGE
from graphsage.runs.list_runs import list_runs as list_runs
from graphsage.runs.progress_bar import Progress as Progress
from graphsage.runs.run_record import RunRecord as RunRecord
from graphsage.runs.search import TuneResult as TuneResult, tune as tune
from graphsage.runs.suggested import suggested as suggested
from graphsage.runs.tensorboard import TensorBoard as TensorBoard
from graphsage.runs.trainer import Trainer as Trainer
from graphsage.sampling.draws.labor import Labor as Labor
from graphsage.sampling.draws.recent import Recent as Recent
from graphsage.sampling.draws.uniform import Uniform as Uniform
from graphsage.sampling.draws.weighted import Weighted as Weighted
from graphsage.sampling.items import Items as Items, SeedPlan as SeedPlan
from graphsage.sampling.minibatch import MiniBatch as MiniBatch
from graphsage.sampling.negatives import Negatives as Negatives
from graphsage.sampling.neighbor import NeighborSampler as NeighborSampler
from graphsage.sampling.tree import multihop_sampling as multihop_sampling
from graphsage.sampling.typed_batch import TypedMiniBatch as TypedMiniBatch
from graphsage.sampling.walk_pairs import WalkPairs as WalkPairs
from graphsage.sampling.walks import random_walks as random_walks
from graphsage.trained.predictions import Predictions as Predictions
from graphsage.trained.save import (
    load_model as load_model,
    load_trained as load_trained,
    save_model as save_model,
    save_trained as save_trained,
)
from graphsage.trained.trained import Trained as Trained
from graphsage.trained.trained_encoder import TrainedEncoder as TrainedEncoder
from graphsage.trained.trained_links import TrainedLinks as TrainedLinks
from graphsage.trained.trained_typed import TrainedTyped as TrainedTyped
from graphsage.trained.trained_typed_links import TrainedTypedLinks as TrainedTypedLinks
from graphsage.training.callbacks import Callback as Callback
from graphsage.training.metric import Metric as Metric
from graphsage.training.records import TrainResult as TrainResult

__version__: str
