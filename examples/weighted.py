"""Neighbours by weight: an edge that counts more is drawn more often. Here half of the edges are noise, of little weight."""

import numpy as np

import graphsage as gs

made = gs.load_dataset("sbm:nodes=3000,degree=10,homophily=0.9")
src, dst = made.graph.to_edges()
one_way = src < dst  # an undirected edge is there both ways
noise = np.random.default_rng(0).integers(0, made.num_nodes, (2, one_way.sum()))
graph = gs.Graph.from_edges(
    np.concatenate([src[one_way], noise[0]]),
    np.concatenate([dst[one_way], noise[1]]),
    made.num_nodes,
    weights=np.repeat([1.0, 0.1], one_way.sum()),  # 0 would never be drawn
    undirected=True,
)
split = {"train": made.train, "val": made.val, "test": made.test}
data = gs.NodeDataset(graph=graph, features=made.features, labels=made.labels, **split)

for draw in ("uniform", "weighted"):
    model = gs.GraphSAGE(data.num_features, 64, data.num_classes)
    weights = "ignore" if draw == "uniform" else "refuse"  # a draw that does not read weights must be told to do without
    config = gs.TrainConfig(fanouts=(5, 5), batch_size=64, epochs=5, draw=draw, weights=weights)
    result = gs.Trainer(model, data, config, log=None).fit()
    print(f"{draw:8}  test accuracy {100 * result.test_score:.1f} %")
