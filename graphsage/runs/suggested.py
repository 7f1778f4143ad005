"""The settings of a run that fit a dataset, by the table of presets."""

from collections.abc import Collection
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from graphsage.base.told import of_kind, shown
from graphsage.config.depth import of_one_depth
from graphsage.config.options import options_of
from graphsage.config.presets import CHOICES, Traits, chosen, settings_of
from graphsage.config.settings import RunConfig
from graphsage.config.settings_by_name import PARTS, with_settings
from graphsage.data.dataset import NodeDataset
from graphsage.data.degree_columns import lacks_features
from graphsage.data.traits import traits_of
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.degree_features import NUM_DEGREE_FEATURES


def suggested(dataset: NodeDataset | TypedDataset, preset: str = "auto", **settings: Any) -> RunConfig:
    """The ``RunConfig`` that ``graphsage train`` takes for ``dataset``: a preset's settings, and what is given before them.

    preset: "small", "large" or "heterophilous", "plain" (the defaults as they are), or "auto": which of the three fits, by the
        number of training nodes and features and the homophily of the labels. docs/choosing.md has the table with its reasons.
    settings: any setting of the groups by its name, such as ``learning_rate=0.003``, ``task="links"``. A preset changes none
        of these, nor what they decide: with ``batch_size=None`` (full batch) it sets no fanouts, and one of ``num_layers`` and
        ``fanouts`` says what the other is.

    The ``preset`` of what is returned names what was taken. Links and embeddings without labels keep the plain defaults, which
    are theirs. Nothing is random, and validation and test labels are not looked at. Without edges between training nodes, or
    fewer than 100, only their number decides.

    Raises TypeError if ``dataset`` is no ``NodeDataset`` or ``TypedDataset``, and ValueError for a name that is no setting or
    preset.
    """
    if not isinstance(dataset, TypedDataset):
        of_kind("dataset", dataset, NodeDataset)
    known = [f.name for kind in (RunConfig, *PARTS.values()) for f in options_of(kind) if f.name != "preset"]
    for name in settings:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise ValueError(f"{name} is no setting" + "".join(f", did you mean {n}?" for n in near))
    named = {} if dataset.name is None else {"dataset": dataset.name}
    given = of_one_depth(RunConfig(), named | settings)
    return filled(with_settings(RunConfig(), given), dataset, preset, given)[0]


def filled(config: RunConfig, dataset: NodeDataset, preset: str, given: Collection[str]) -> tuple[RunConfig, str]:
    """(``config`` with the preset's settings but for those ``given`` by name, a line that says which preset it is and why)."""
    if preset not in CHOICES:
        raise ValueError(f"preset must be one of {', '.join(CHOICES)}; got {shown(preset)}")
    if config.task != "nodes":
        return _plain(config, preset)
    traits = _traits(config, dataset, given)
    name, why = chosen(traits) if preset == "auto" else (preset, "as chosen")
    taken = settings_of(name, traits, given)
    if config.train.batch_size is None:  # all neighbours of all nodes at once
        taken = {setting: value for setting, value in taken.items() if setting not in ("batch_size", "fanouts")}
    listed = ", ".join(f"{setting} {_shown(value)}" for setting, value in taken.items())
    line = f"Preset {name}: {why}" + (f" ({listed})" if taken else "") + ("; --preset plain for the defaults" if taken else "")
    return replace(with_settings(config, taken), preset=name), line


def _traits(config, dataset, given):
    """Those of ``dataset``, with degrees for features where these may be had; of a typed one those of its labelled nodes."""
    if isinstance(dataset, TypedDataset):  # how alike neighbours are is another thing in each relation
        sizes = {"num_train": len(dataset.train), "num_features": dataset.targets.num_features}
        return Traits(task=dataset.task, **sizes, typed=True)
    asked = config.train.featureless == "degrees" or "featureless" not in given
    if not asked or config.train.inductive or dataset.times is not None or not lacks_features(dataset):
        return traits_of(dataset)
    return replace(traits_of(dataset), num_features=NUM_DEGREE_FEATURES, featureless=True)


def _plain(config, preset):
    if preset not in ("auto", "plain"):
        rule = f"is about the labels of nodes, and task = {config.task!r} has defaults of its own: leave it out"
        raise ValueError(f"preset = {preset!r} {rule}")
    return replace(config, preset="plain"), ""


def _shown(value):
    return ",".join(map(str, value)) if isinstance(value, tuple) else value
