"""Loads the kernels of a small training into this process, without a gradient: for who forks it."""

import torch

import graphsage as gs

with torch.no_grad():
    _data = gs.load_dataset("sbm:nodes=60,classes=3")
    _sampler = gs.NeighborSampler(_data.graph, (2, 2))
    _batches = gs.NeighborLoader(_data, _sampler, 8, reduce="mean", rank=0, num_ranks=1).epoch(0)
    gs.GraphSAGE(_data.num_features, 4, _data.num_outputs)(next(_batches))
    _batches.close()
