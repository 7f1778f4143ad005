"""Who will leave? Customers are asked at a time, and what is told after it must not be seen."""
from dataclasses import replace

import numpy as np

import graphsage as gs

# 600 customers, asked on a day each; 40 topics. Those who leave call about bad topics: once before that day, often after it.
generator = np.random.default_rng(0)
customers, topics = 600, 40
leaves, days = generator.integers(0, 2, customers), generator.integers(100, 200, customers)
bad = np.arange(topics) % 2
who = np.tile(np.arange(customers), 5)
about = np.array([generator.choice(np.flatnonzero(bad == leaves[c]) if call in (1, 3, 4) else topics) for call in range(5)
                  for c in range(customers)])  # fmt: skip
when = days[who] + np.repeat([-20, -10, -5, 3, 7], customers)

graph = gs.Graph.from_edges(customers + about, who, customers + topics, times=when)
features = np.concatenate([np.zeros((customers, 2)), np.eye(2)[bad]]).astype(np.float32)
data = gs.NodeDataset(
    graph=graph,
    features=features,
    labels=np.append(leaves, np.full(topics, -1)),
    times=np.append(days, np.full(topics, when.max())),  # when each is asked; topics are not, so at the end
    train=[], val=[], test=[],
)  # fmt: skip
data = gs.split_by_time(data)  # the earliest train, the latest test


def accuracy(data, **settings):
    model = gs.GraphSAGE(data.num_features, 16, data.num_classes, num_layers=1, dropout=0)
    config = gs.TrainConfig(fanouts=(10,), batch_size=64, epochs=20, **settings)
    return 100 * gs.Trainer(model, data, config).fit().test_score


print(f"asked in time  {accuracy(data, strictly_before=True):.1f} %")
print(f"with a leak    {accuracy(replace(data, times=None)):.1f} %: it sees calls that were made after the question")
