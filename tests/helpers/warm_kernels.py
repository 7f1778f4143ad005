"""Loads the kernels and the modules of a small training into this process, without a gradient: for who forks it."""

import torch

import graphsage as gs
import graphsage.runs.run

with torch.no_grad():
    _data = gs.load_dataset("sbm:nodes=60,classes=3")
    _sampler = gs.NeighborSampler(_data.graph, (2, 2))
    _batches = gs.NeighborLoader(_data, _sampler, 8, reduce="mean", rank=0, num_ranks=1).epoch(0)
    gs.GraphSAGE(_data.num_features, 4, _data.num_outputs)(next(_batches))
    _batches.close()
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], fused=True).zero_grad()  # which loads most of torch's compiler
