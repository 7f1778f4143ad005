"""Names that others give to the two ends of edges: From, FROM_NODE, "Source ID", :START_ID, protein1 and protein2."""

import re

PAIRS = (
    ("source", "target"), ("source", "destination"), ("src", "dst"), ("src", "dest"), ("src", "tgt"), ("from", "to"),
    ("start", "end"), ("node1", "node2"), ("id1", "id2"), ("u", "v"), ("i", "j"),
)  # fmt: skip
RARE_PAIRS = (("head", "tail"), ("parent", "child"), ("citing", "cited"), ("sender", "receiver"))
NUMBERED = re.compile(r"(.*\D)([12])")  # protein1, protein2
NEO4J_TYPE = re.compile(
    r"(?<=.):(float|double|int|long|short|byte|string|char|boolean|date|datetime|localdatetime)(\[\])?$|(?<=_ID)\(.*\)$"
)
OF_A_NODE = r"(node|vertex|v)?(id|name|index|key)?"  # what may follow an end's name: FromNodeId


def pairs_among(columns):
    """{(source, target)}: each two of the names ``columns`` that could be the ends of edges, the likeliest kind of them."""
    if "source" in columns and "target" in columns:
        return {("source", "target")}
    ways = ({pair for words in of for pair in _pairs(columns, words)} for of in (PAIRS, RARE_PAIRS))
    return next(filter(None, ways), None) or _numbered(columns)


def pair_of_types(columns, source, target):
    """{own name: "source" or "target"} of the two of ``columns`` that are called as two types are, each the only one; or {}."""
    if source == target or {"source", "target"} <= {*columns}:
        return {}
    stems = {here: re.escape(letters(kind).removesuffix("s")) for here, kind in (("source", source), ("target", target))}
    found = {here: [name for name in columns if re.fullmatch(f"{stem}s?{OF_A_NODE}", letters(name))]
             for here, stem in stems.items()}  # fmt: skip
    if any(len(names) != 1 for names in found.values()) or found["source"] == found["target"]:
        return {}
    return {names[0]: here for here, names in found.items()}


def letters(name):
    """A name without case, and what stands between its letters; what Neo4j writes of types is no part of it."""
    return re.sub(r"[\W_]+", "", NEO4J_TYPE.sub("", name)).lower()


def _pairs(columns, words):
    """Each (source, target) among the columns that ``words`` name."""
    sources, targets = ([name for name in columns if re.fullmatch(f"(node|vertex|id)?{word}{OF_A_NODE}", letters(name))]
                        for word in words)
    return [(source, target) for source in sources for target in targets]


def _numbered(columns):
    """{(source, target)} where the first two columns have one name with 1 and 2 behind it."""
    first, second = (NUMBERED.fullmatch(letters(name)) for name in (*columns, "", "")[:2])
    is_pair = first and second and first[1] == second[1] and (first[2], second[2]) == ("1", "2")
    return {tuple(columns[:2])} if is_pair else set()
