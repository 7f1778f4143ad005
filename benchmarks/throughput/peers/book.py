"""Worker: a textbook's GraphSAGE program, written anew from its description: a dict of neighbours, a loop over source ids.

On the R-MAT graph the dict holds arrays, which spare ``numpy.random.choice`` the conversion of a hub's list at each call; on
the citation graph it holds lists, as the original does. Its features are a dense matrix.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.throughput.peers.protocol import serve, variant

torch.set_num_threads(1)


def sample_one_hop(src_nodes, sample_num, neighbor_table):
    """``sample_num`` neighbours of each id, with replacement."""
    choose = np.random.choice  # what the original calls
    return np.concatenate([choose(neighbor_table[sid], size=(sample_num,)) for sid in src_nodes])


def sample_hops(src_nodes, sample_nums, neighbor_table):
    """[src_nodes, hop 1, hop 2, ...]."""
    hops = [src_nodes]
    for sample_num in sample_nums:
        hops.append(sample_one_hop(hops[-1], sample_num, neighbor_table))
    return hops


@variant("trees", "book, dict of arrays")
def trees(work, fanouts):
    indptr, indices = work.csr()
    table = dict(enumerate(np.split(indices, indptr[1:-1])))

    def batches(round, count):
        for seeds in work.seeds[round][:count]:
            yield sample_hops(seeds, fanouts, table)

    return batches, lambda hops: sum(map(len, hops[1:]))


class Layer(nn.Module):
    """W_self x + W_neigh mean(neighbours), then ReLU unless it is the last layer."""

    def __init__(self, in_features, out_features, activation):
        super().__init__()
        self.weight_self = nn.Parameter(torch.empty(in_features, out_features))
        self.weight_neigh = nn.Parameter(torch.empty(in_features, out_features))
        self.activation = activation
        for weight in self.parameters():
            nn.init.kaiming_uniform_(weight)

    def forward(self, x, neighbors):
        out = x @ self.weight_self + neighbors.mean(dim=1) @ self.weight_neigh
        return self.activation(out) if self.activation else out


class Network(nn.Module):
    """Two layers; the first computes the seeds and hop 1, the second the seeds."""

    def __init__(self, in_features, hidden, classes):
        super().__init__()
        self.layers = nn.ModuleList([Layer(in_features, hidden, F.relu), Layer(hidden, classes, None)])

    def forward(self, hops, sample_nums):
        for layer in self.layers:
            hops = [layer(x, below.view(len(x), k, -1)) for x, below, k in zip(hops, hops[1:], sample_nums)]
        return hops[0]


@variant("citations", "book")
def citations(work, fanouts):
    c = work.citations
    table = {node: c["indices"][a:b].tolist() for node, (a, b) in enumerate(zip(c["indptr"], c["indptr"][1:]))}
    table = {node: neighbors or [node] for node, neighbors in table.items()}
    features, labels = dense(c), c["labels"]
    model = Network(features.shape[1], 128, int(labels.max()) + 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    choose = np.random.choice  # what the original calls

    def logits(nodes):
        hops = sample_hops(nodes, fanouts, table)
        return model([torch.from_numpy(features[hop]).float() for hop in hops], fanouts)

    def epoch():
        model.train()
        for _ in range(20):
            nodes = choose(c["train"], size=(16,))
            loss = F.cross_entropy(logits(nodes), torch.from_numpy(labels[nodes]))
            optimizer.zero_grad()
            loss.backward()
            loss.item()  # the original prints it
            optimizer.step()

    def batches(round, count):
        for _ in range(count):
            epoch()
            model.eval()
            with torch.no_grad():
                yield (logits(c["test"]).argmax(1) == torch.from_numpy(labels[c["test"]])).float().mean().item()

    return batches, lambda accuracy: 0


def dense(c):
    """float32 [N, F]."""
    x = np.zeros((len(c["labels"]), int(c["x_columns"])), np.float32)
    x[np.repeat(np.arange(len(x)), np.diff(c["x_indptr"])), c["x_indices"]] = c["x_values"]
    return x


serve(("torch", "numpy"))
