"""Batches without torch: a logistic regression on features and their means over drawn neighbours, in numpy and scipy."""

import numpy as np

import graphsage as gs

data = gs.load_dataset("sbm:nodes=3000,degree=10,homophily=0.9")  # made on the spot; or a name, or a folder
sampler = gs.NeighborSampler(data.graph, fanouts=[5, 5], seed=0)
plan = gs.SeedPlan(data.train, batch_size=50, seed=0)  # each training node once an epoch, in an order of (seed, epoch)
weights = np.zeros((3 * data.num_features, data.num_classes), np.float32)


def inputs(batch):
    """[B, 3 F]: the seeds' features, the mean of their neighbours', and the mean of their neighbours' means."""
    x, (far, near) = data.features[batch.nodes], map(means, gs.interop.to_scipy(batch))  # a matrix a hop, the far one first
    columns = [x[: near.shape[0]], near @ x[: near.shape[1]], near @ (far @ x)]
    return np.concatenate(columns, axis=1)[batch.seed_index]


def means(block):
    """Each row divided by its sum; a row without neighbours stays 0."""
    return block.multiply(1 / np.maximum(block.sum(axis=1), 1)[:, None]).tocsr()


def probabilities(x):
    scores = np.exp(x @ weights - (x @ weights).max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


for epoch in range(10):
    losses = []
    for step in plan.steps:
        seeds = data.train[plan.places(epoch, step)]
        x, y = inputs(sampler.sample(seeds, epoch, step)), data.labels[seeds]
        p = probabilities(x)
        losses.append(-np.log(p[np.arange(len(y)), y]).mean())
        p[np.arange(len(y)), y] -= 1
        weights -= 0.1 * x.T @ p / len(y)  # the gradient of the cross-entropy
    print(f"epoch {epoch + 1}  loss {np.mean(losses):.4f}")
right = probabilities(inputs(sampler.sample(data.test))).argmax(axis=1) == data.labels[data.test]
print(f"test accuracy {100 * right.mean():.1f} %")
