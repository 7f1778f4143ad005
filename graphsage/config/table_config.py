"""How the columns of a folder of tables are read."""

from dataclasses import dataclass, fields, replace

from graphsage.base.told import shown
from graphsage.config.options import Settings, documented, option

TASKS = ("auto", "multiclass", "multilabel", "regression")
AUTO, NOTHING = "auto", "none"
UNLISTED = ("refuse", "drop", "keep")
OF_EDGES, OF_NODES = ("source", "target"), ("id", "label", "split_column")  # settings that name the column that is that
NAMING = (*OF_EDGES, *OF_NODES)


def _names(value):
    """A tuple of texts; one text, or a number for a word, will do."""
    listed = [value] if isinstance(value, (str, int, float)) else list(value)
    names = tuple(dict.fromkeys(str(name).strip() for name in listed))
    if not all(names):
        raise ValueError(f"names must be texts with commas between, and none of them empty; got {value!r}")
    return names


def _column(value, of=""):
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"a column{of} must be named by a text, got {shown(value)}")
    return value.strip()


def _times(value):
    return _column(value, " of times")


def _named(text):
    """The option of a setting that names a column."""
    return option(None, text, check=_column)


@documented
@dataclass(frozen=True, kw_only=True)
class TableConfig(Settings):
    """How the columns of a folder of tables become features and labels; what is left open is as at its last import."""

    category: tuple[str, ...] | None = option(
        None, "columns of codes: each value is a category, also where it is a number (default: texts that few values share)",
        check=_names,
    )  # fmt: skip
    number: tuple[str, ...] | None = option(
        None, "columns of numbers, also where they look like ids (default: whatever has numbers only)", check=_names
    )
    drop: tuple[str, ...] | None = option(None, "columns to leave out, label and split too (default: none)", check=_names)
    words: int | None = option(None, "most words of a text column that become features (default: 1000)", least=1)
    missing: tuple[str, ...] | None = option(
        None, "more words that mean that a value is missing (default: NA, N/A, NaN, null, None, unknown, ?, -)", check=_names
    )
    not_missing: tuple[str, ...] | None = option(
        None, "words of that list that are values, such as a class unknown or -1 (default: none)", check=_names
    )
    source: str | None = _named("column of edges.csv: where an edge begins (default: auto, a common name: source, from)")
    target: str | None = _named("column of edges.csv: where it ends (default: auto, a common name: target, to)")
    id: str | None = _named("column of nodes.csv: the ids that edges name (default: auto, a common name: id, node, name)")
    label: str | None = _named("column of nodes.csv: what is predicted (default: auto, the one called label or labels)")
    split_column: str | None = _named("column of nodes.csv: train, val or test (default: auto, such words or masks)")
    task: str | None = option(
        None, "what label is: multiclass, a class a node; multilabel, several, with ; between; regression, a number "
        "(default: auto, by how it is written)", choices=TASKS,
    )  # fmt: skip
    unlisted: str | None = option(
        None, "an edge to an id that nodes.csv lacks: an error, left out, or a node without features (default: refuse)",
        choices=UNLISTED,
    )  # fmt: skip
    time: str | None = option(
        None, "column of nodes.csv: when a node is asked, which then sees no later edge; none: no such times (default: auto, a "
        "column time or timestamp where edges have one, too)", check=_times,
    )  # fmt: skip
    node_time: str | None = option(None, "column of nodes.csv: when a node came to be (default: none)", check=_times)

    def __post_init__(self):
        super().__post_init__()
        kinds = ("category", "number", "drop")
        for at, kind in enumerate(kinds):
            for other in kinds[at + 1 :]:
                self._refuse_common(kind, other)
        self._refuse_common("missing", "not_missing")
        for kind in kinds:
            for one in ("time", "node_time", *OF_NODES):
                if getattr(self, one) in (getattr(self, kind) or ()):
                    raise ValueError(f"{getattr(self, one)!r} stands in {kind} and in {one}: leave it in one of them")
        self._refuse_twice(*OF_NODES)
        self._refuse_twice(*OF_EDGES)

    def _refuse_twice(self, *settings):
        """One column is one thing."""
        named = {}
        for setting in settings:
            column = getattr(self, setting)
            if column not in (None, AUTO) and named.setdefault(column, setting) != setting:
                raise ValueError(f"{column!r} stands in {named[column]} and in {setting}: leave it in one of them")

    def _refuse_common(self, one, other):
        common = [name for name in getattr(self, one) or () if name in (getattr(self, other) or ())]
        if common:
            raise ValueError(f"{common[0]!r} stands in {one} and in {other}: leave it in one of them")

    def or_else(self, other: "TableConfig") -> "TableConfig":
        """This, with what it leaves open as ``other`` has it."""
        open_ones = [f.name for f in fields(self) if getattr(self, f.name) is None]
        return replace(self, **{name: getattr(other, name) for name in open_ones})


#: Nothing is left open: how tables are read where nobody says otherwise.
TABLE_DEFAULTS = TableConfig(
    category=(), number=(), drop=(), words=1000, missing=(), not_missing=(), source=AUTO, target=AUTO, id=AUTO, label=AUTO,
    split_column=AUTO, task="auto", unlisted="refuse", time=AUTO, node_time=NOTHING,
)  # fmt: skip
