"""What the batch_size benchmark measures: trainings, gradients and memory. A batch size of -1 is the full batch."""

import time
from copy import deepcopy

import torch
import torch.nn.functional as F

import graphsage as gs
from benchmarks.shared.measuring import say
from benchmarks.shared.processes import peak_memory
from benchmarks.shared.workloads import rmat_dataset, setting
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.runs.run import make_trainer

SPACING = 1.2  # validation after 1, 2, 3, 4, 5, 6, 8, ... updates: times to a target are that exact
PATIENCE, LEAST_UPDATES = 4, 100  # a training ends at 4 times the updates of its best validation, but not before 100


def config_of(name, size, options, **train):
    """As accuracy.py trains ``name``, but for the batches and what ``train`` says; the same dropout for the full batch."""
    given = setting(name)
    model = ModelConfig(**{"dropout": 0.5} | given["model"])
    batches = {"batch_size": None} if size == -1 else {"batch_size": size, "fanouts": options.fanouts}
    return RunConfig(model=model, train=TrainConfig(**given["train"] | batches | train))


# ---- trainings


def train(name, dataset, size, rate, seed, options):
    """{"curve": [{"updates", "epochs", "wall", "cpu", "val"}, ...], "val": the best, "test": at the best}.

    Seconds of training alone: validation stops the clock.
    """
    trainer = make_trainer(config_of(name, size, options, learning_rate=rate, seed=seed), dataset, log=None)
    curve, best, weights = [], None, None
    for point in _points(trainer, options):
        point["val"], _ = trainer.evaluate(dataset.val)
        curve.append(point)
        if best is None or point["val"] > best["val"]:
            best, weights = point, deepcopy(trainer.model.state_dict())
        if point["updates"] > max(LEAST_UPDATES, PATIENCE * best["updates"]):
            break
    trainer.model.load_state_dict(weights)
    test, _ = trainer.evaluate(dataset.test)
    return {"curve": curve, "val": best["val"], "test": test}


def _points(trainer, options):
    """Trains; yields {"updates", "epochs", "wall", "cpu"} where validation is due. The clock rests meanwhile."""
    updates, due, steps = 0, 1, len(trainer.loader)
    clock = Clock()
    for epoch in range(options.epochs):
        for batch in trainer.loader.epoch(epoch):
            trainer.step(batch)
            updates += 1
            late = clock.cpu() > options.seconds or updates == options.epochs * steps
            if updates >= due or late:
                due = max(due + 1, int(due * SPACING))
                clock.stop()
                yield {"updates": updates, "epochs": updates / steps, "wall": clock.total[0], "cpu": clock.total[1]}
                if late:
                    return
                clock.start()


class Clock:
    """Wall and CPU seconds between starts and stops."""

    def __init__(self):
        self.total = [0.0, 0.0]
        self.start()

    def start(self):
        self.since = time.perf_counter(), time.process_time()

    def stop(self):
        now = time.perf_counter(), time.process_time()
        self.total = [total + new - old for total, new, old in zip(self.total, now, self.since)]

    def cpu(self):
        """CPU seconds while it runs."""
        return self.total[1] + time.process_time() - self.since[1]


# ---- gradients


def gradients(name, dataset, sizes, options):
    """Rows of the cosine between a minibatch's gradient and the full one, without dropout, at two points of a training.

    "sampled": neighbours are drawn as in training; "all": all neighbours, so that only the seeds are drawn.
    """
    trainer = make_trainer(config_of(name, min(256, len(dataset.train)), options), dataset, log=None)
    model, rows = trainer.model, []
    for at, updates in (("at the start", 0), (f"after {options.trained} updates", options.trained)):
        for update in range(updates):
            trainer.step(trainer.loader.prepare(*divmod(update, len(trainer.loader))))
        model.eval()
        everything = (-1,) * model.num_layers
        full = gradient(model, _loader(dataset, model, None, everything, 0).prepare(0, 0))
        for size in sizes:
            for neighbours, fanouts in (("sampled", options.fanouts), ("all", everything)):
                cosines, errors = zip(*_draws(dataset, model, full, size, fanouts, options.draws))
                row = {"kind": "gradient", "graph": name, "batch": size, "at": at, "neighbours": neighbours}
                rows.append(row | {"cosine": cosines, "error": errors})
    return rows


def _draws(dataset, model, full, size, fanouts, draws):
    """(cosine to the full gradient, length of the difference over its length) of each draw; of the exact gradient, two."""
    exact = size == -1 and all(k == -1 for k in fanouts)
    loader = _loader(dataset, model, len(dataset.train) if size == -1 else size, fanouts, 1)
    for epoch in range(2 if exact else draws):
        found = gradient(model, loader.prepare(epoch, 0))
        yield F.cosine_similarity(found, full, dim=0).item(), ((found - full).norm() / full.norm()).item()


def _loader(dataset, model, batch_size, fanouts, seed):
    sampler = gs.NeighborSampler(dataset.graph, fanouts, seed=seed, num_threads=0)
    return gs.NeighborLoader(dataset, sampler, batch_size, reduce=model.first_layer_reduction)


def gradient(model, batch):
    """All parameters' gradients of the mean loss over the seeds, in one float64 vector."""
    model.zero_grad(set_to_none=True)
    F.cross_entropy(model(batch), batch.y).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()]).double()


# ---- memory


def memory(name, dataset, sizes, options):
    """Rows of the peak memory of three training steps with each size, over graph, features and imports."""
    return [
        {"kind": "memory", "graph": name, "batch": size, "mib": steps_peak(dataset, config_of(name, size, options))}
        for size in sizes
    ]


def growth(options, batch=256):
    """Rows of the same on R-MAT graphs, 64 features, all nodes to train on: the full batch beside one of 256."""
    rows = []
    for scale in options.scales:
        dataset = rmat_dataset(scale)
        sizes = {"nodes": dataset.num_nodes, "edges": dataset.graph.num_edges}
        for size in (min(batch, dataset.num_nodes // 2), -1):
            mib = steps_peak(dataset, config_of("debian", size, options))
            rows.append({"kind": "growth", "graph": dataset.name, "batch": size, "mib": mib, **sizes})
            say(f"{dataset.name}, batch {'full' if size == -1 else size}: {mib and round(mib)} MiB")
    return rows


def steps_peak(dataset, config):
    """MiB, or None where it cannot be measured."""

    def steps():
        trainer = make_trainer(config, dataset, log=None)
        for epoch in range(3):
            trainer.step(trainer.loader.prepare(epoch, 0))

    return peak_memory(steps)
