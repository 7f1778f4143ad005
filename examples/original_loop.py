"""The training loop of the original description: random batches, tree-form sampling, one screen.

    python examples/original_loop.py [DATASET] [EPOCHS]
"""

import sys

import numpy as np
import torch

import graphsage as gs

BATCH_SIZE, NUM_BATCH_PER_EPOCH, NUM_NEIGHBORS_LIST = 16, 20, [10, 10]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def main(dataset="cora", epochs=20):
    data = gs.load_dataset(dataset).row_normalized()
    adjacency_dict = data.graph.to_adjacency_dict()
    labels = torch.tensor(data.labels, device=DEVICE)
    model = gs.GraphSAGE(data.num_features, 128, data.num_classes, num_layers=2, dropout=0).to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)

    def inputs(src):  # one dense tensor a hop: [B, F], [B * 10, F], [B * 100, F]
        hops = gs.multihop_sampling(src, NUM_NEIGHBORS_LIST, adjacency_dict)
        return [torch.from_numpy(dense_rows(data.features, idx)).to(DEVICE) for idx in hops]

    for e in range(int(epochs)):
        model.train()
        for batch in range(1, NUM_BATCH_PER_EPOCH + 1):
            src = np.random.choice(data.train, size=(BATCH_SIZE,))  # noqa: NPY002 - as the description has it
            loss = torch.nn.functional.cross_entropy(model(inputs(src)), labels[src])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if batch % 10 == 0:
                print(f"Epoch {e + 1:03d} Batch {batch:03d} Loss: {loss.item():.4f}")
        print(f"Test accuracy: {test(model, inputs, labels, data.test):.3f}")


@torch.no_grad()
def test(model, inputs, labels, nodes):
    model.eval()
    return (model(inputs(nodes)).argmax(1) == labels[torch.tensor(nodes)]).float().mean().item()


def dense_rows(features, rows):
    return features.take(rows).to_scipy().toarray() if isinstance(features, gs.SparseFeatures) else features[rows]


if __name__ == "__main__":
    main(*sys.argv[1:])
