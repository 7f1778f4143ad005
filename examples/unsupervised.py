"""Embeddings without labels: nodes that meet on random walks become alike. Then: which nodes are most like some?

    python examples/unsupervised.py [DATASET] [--epochs N]        DATASET: a name or a folder, as for `graphsage train`
"""

import argparse

import graphsage as gs

parser = argparse.ArgumentParser()
parser.add_argument("dataset", nargs="?", default="debian")
parser.add_argument("--epochs", type=int, default=3)
options = parser.parse_args()

dataset = gs.load_dataset(options.dataset)
model = gs.LinkPredictor(gs.GraphSAGE(dataset.num_features, 128, 64, dropout=0.0), "dot")
result = gs.Trainer(model, dataset, gs.TrainConfig(epochs=options.epochs), task=gs.WalkConfig()).fit()
print(f"walks from the test nodes: ROC AUC {100 * result.test_score:.1f} %")

names = range(dataset.num_nodes) if dataset.node_ids is None else dataset.node_ids
scores = result.outputs @ result.outputs.T[:, :3]  # [N, 3]: how alike each node is to the first three
for node, column in enumerate(scores.T):
    column[node] = -float("inf")
    print(f"{names[node]}: {', '.join(str(names[i]) for i in column.topk(3).indices.tolist())}")
