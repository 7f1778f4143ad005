"""Averaged: several trained models of one kind, whose probabilities are averaged."""

import os
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from graphsage.base.checks import as_path
from graphsage.config.run_files import CONFIG, MODEL, RESULT
from graphsage.data.dataset import NodeDataset
from graphsage.nn.head import Head
from graphsage.trained.save import load_trained
from graphsage.trained.trained import Trained

LEAST = 1e-30  # probability, for its logarithm


@dataclass(frozen=True, kw_only=True)
class Averaged(Trained):
    """A ``Trained`` of the first of ``members`` whose outputs are those of all: logits of the mean of their probabilities
    (multiclass: softmax; multilabel: sigmoid, and the thresholds are averaged so, too), and of numbers the mean.
    """

    members: tuple[Trained, ...]

    def outputs(self, dataset: NodeDataset, nodes: ArrayLike | None = None, **how: Any) -> np.ndarray:
        """As ``Trained.outputs``. Memory: one member's at a time, and the mean."""
        total: Any = 0.0
        for member in self.members:
            total = total + self._shares(torch.from_numpy(member.outputs(dataset, nodes, **how)))
        return self._logits(total / len(self.members)).float().numpy()

    def embed(self, *arguments: Any, **how: Any) -> np.ndarray:
        """ValueError: there is no mean of embeddings."""
        raise ValueError("the embeddings of several runs have no mean, as each run has axes of its own: name one of the runs")

    def featured(self, dataset: Any) -> Any:
        """As the first of ``members``."""
        return self.members[0].featured(dataset)

    def _check(self, dataset, **how):
        self.members[0]._check(dataset, **how)

    def _check_features(self, dataset):
        self.members[0]._check_features(dataset)

    @cached_property
    def _head(self) -> Head:
        """Of the averaged outputs: without a threshold where no member has one."""
        known = [member.model.task_head.thresholds for member in self.members]
        if all(thresholds is None for thresholds in known):
            return Head()
        width = self.model.out_features
        rows = torch.tensor([(0.0,) * width if thresholds is None else thresholds for thresholds in known])
        return Head(thresholds=tuple(self._logits(self._shares(rows).mean(0)).tolist()))

    def _shares(self, outputs):
        outputs = outputs.double()
        if self.task == "regression":
            return outputs
        return torch.softmax(outputs, 1) if self.task == "multiclass" else torch.sigmoid(outputs)

    def _logits(self, shares):
        if self.task == "regression":
            return shares
        yes = shares.clamp(min=LEAST).log()
        return yes if self.task == "multiclass" else yes - (1 - shares).clamp(min=LEAST).log()


def run_folders(path: str | os.PathLike[str]) -> list[Path]:
    """The folders SEED in the folder of several runs, of those that are done; ValueError, one sentence, where there is none."""
    path = as_path("path", path)
    numbered = [place for place in path.iterdir() if place.name.isdecimal()] if path.is_dir() else []
    done = sorted((place for place in numbered if (place / RESULT).is_file()), key=lambda place: int(place.name))
    if not done:
        raise ValueError(f"{path} holds no runs that are done: give the folder of several (graphsage train --runs N)")
    return done


def is_of_several(path: str | os.PathLike[str]) -> bool:
    """Is ``path`` the folder of several runs, of which one is done?"""
    path = as_path("path", path)
    if not (path / CONFIG).is_file() or (path / MODEL).exists():
        return False
    return any(place.name.isdecimal() and (place / RESULT).is_file() for place in path.iterdir())


def load_runs(path: str | os.PathLike[str]) -> Averaged:
    """``Averaged`` of the runs that are done in the folder ``path`` of several.

    ValueError where one of them is not of nodes with labels, or tells other classes than the first.
    """
    folders = run_folders(path)
    members = [load_trained(folder) for folder in folders]
    first = members[0]
    for folder, member in zip(folders, members):
        if not isinstance(member, Trained):
            rule = f"and those in {path} have task = {member.task!r}: name one of them, such as {folder}"
            raise ValueError(f"runs are averaged where labels of nodes are predicted, {rule}")
        if (member.task, member.class_names, member._num_outputs) != (first.task, first.class_names, first._num_outputs):
            raise ValueError(f"{folder} tells other classes apart than {folders[0]}: average runs of one training")
    return Averaged(**{field.name: getattr(first, field.name) for field in fields(Trained)}, members=tuple(members))
