"""Defaults that fit a graph: one table of rules, each with its reason, and which part of it is taken for which graph."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

SMALL = 1_000  # training nodes, up to which one pass over them is too few updates
UNLIKE = 0.25  # adjusted homophily of the training labels, below which a neighbour's class says little of a node's
ROWS = 10  # training nodes a feature, from which a deep model of unlike neighbours was not overfitted


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What the rules read off a dataset: its task, how many nodes train and how many features they have, and the homophily of
    their labels, adjusted for chance (None where it is unknown: ``graphsage.data.traits``).

    featureless: they have none, and degrees may stand for them; ``num_features`` are then those of degrees. typed: nodes are of
    several types.
    """

    task: str
    num_train: int
    num_features: int
    homophily: float | None = None
    featureless: bool = False
    typed: bool = False

    @property
    def unlike(self):
        """Whether linked training nodes are known to be hardly more alike than by chance."""
        return self.homophily is not None and self.homophily < UNLIKE


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``value`` (or what it makes of the ``Traits``) for ``setting``, with its reason.

    beside: where any of these is given, the rule says nothing. classes_only: measured where a node has one class, and for
    such labels alone. featureless: it is about unlike neighbours without features. typed: it is about nodes of several types.
    """

    setting: str
    value: Any
    reason: str
    beside: tuple[str, ...] = ()
    classes_only: bool = False
    featureless: bool = False
    typed: bool = False

    def of(self, traits):
        """The value for a graph with these ``Traits``."""
        return self.value(traits) if isinstance(self.value, Callable) else self.value

    def speaks(self, traits, given):
        """Whether it holds for ``traits`` beside the settings that are ``given`` (names)."""
        if self.classes_only and traits.task != "multiclass" or self.featureless and not (traits.featureless and traits.unlike):
            return False
        if self.typed and not traits.typed:
            return False
        return given.isdisjoint({self.setting, *self.beside})


@dataclass(frozen=True, kw_only=True)
class Preset:
    """when: for which graphs, as people read it. rules: what is set; every other setting keeps its plain default."""

    when: str
    rules: tuple[Rule, ...] = ()


#: What decides the course of a training with the epochs: who sets one of these has planned it.
COURSE = ("batches_per_epoch", "schedule", "warmup_epochs")
DEPTH = ("num_layers", "fanouts")
DEGREES = Rule(
    setting="featureless",
    value="degrees",
    reason="where neighbours are unlike, a column a node says little of any other node, and degrees say what a node is like",
    featureless=True,
)
TYPED_NORM = Rule(
    setting="norm",
    value="layer",
    reason="of several types, sums over relations have sizes of their own: ACM 86 % without, 89 % with it (macro-F1)",
    beside=("normalize",),
    typed=True,
)
LOW_DECAY = {"setting": "weight_decay", "value": 5e-5, "beside": ("optimizer",), "classes_only": True}

SMALL_GRAPH = Preset(
    when=f"at most {SMALL:,} nodes train, and linked ones are more alike than that, or hardly any are linked",
    rules=(
        Rule(
            setting="batch_size",
            value=lambda traits: max(32, traits.num_train // 8),
            reason="512 seeds would be all of them, and an epoch one update: 32, or an eighth of them, make several",
            beside=("batches_per_epoch", "accumulate"),
        ),
        Rule(setting="epochs", value=100, reason="20 epochs are too few updates", beside=COURSE),
        Rule(
            setting="patience",
            value=30,
            reason="most are at their best within 50 epochs, and the rest would be waited for in vain",
            beside=("epochs", "evaluate_every", *COURSE),
        ),
        TYPED_NORM,
    ),
)
LARGE_GRAPH = Preset(
    when="any other graph",
    rules=(
        Rule(**LOW_DECAY, reason="5e-4 costs 2 to 4 points where thousands of nodes train, or neighbours are unlike"),
        DEGREES,
        TYPED_NORM,
    ),
)
HETEROPHILOUS = Preset(
    when=f"linked training nodes are hardly more alike than by chance (adjusted homophily of their labels under {UNLIKE}), and "
    f"at least {ROWS} of them train a feature",
    rules=(
        Rule(setting="num_layers", value=4, reason="what tells the class lies further away than two edges", beside=DEPTH),
        Rule(setting="fanouts", value=(10, 5, 5, 5), reason="one a layer, few at the far end, where they cost", beside=DEPTH),
        Rule(setting="norm", value="batch", reason="four layers train badly without", beside=("normalize",)),
        Rule(setting="residual", value=True, reason="a node's own features stay beside what its neighbours say"),
        Rule(setting="dropout", value=0.2, reason="few features: there is little to overfit, and half of them would be missed"),
        Rule(**LOW_DECAY, reason="as in large"),
        Rule(setting="epochs", value=30, reason="four layers take longer", beside=COURSE),
        DEGREES,
    ),
)
PRESETS = {  # auto takes the first that fits
    "heterophilous": HETEROPHILOUS,
    "small": SMALL_GRAPH,
    "large": LARGE_GRAPH,
    "plain": Preset(when="only by name"),
}
CHOICES = ("auto", *PRESETS)


def chosen(traits):
    """(name of the preset that suits a graph with ``traits``, why in a few words)."""
    sizes = f"{traits.num_train:,} training nodes"
    if not traits.unlike:
        return "small" if traits.num_train <= SMALL else "large", sizes
    deep = traits.num_train >= ROWS * traits.num_features
    why = f"homophily of the training labels {traits.homophily:.2f}, {sizes} for {traits.num_features:,} features"
    return "heterophilous" if deep else "large", why


def settings_of(preset, traits, given: Collection[str] = ()):
    """{setting: value} of a ``preset`` for a graph with ``traits``, but for what is ``given`` and what would contradict it."""
    given = set(given)
    return {rule.setting: rule.of(traits) for rule in PRESETS[preset].rules if rule.speaks(traits, given)}
