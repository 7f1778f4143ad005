"""Makes debian-typed.npz from apt's index of a Debian archive: packages, maintainers, sources, tags and what ties them.

    python build_typed.py                  # the index of the main archive that apt has fetched on this Debian machine
    python build_typed.py Packages.xz      # or any Packages file: plain, .gz, .xz, .lz4
    python build_typed.py --output new.npz

Packages, their words, sections and split are those of ``../debian/build.py``, whose functions this uses: of one index the two
files have the same packages in the same order. The same index gives the same bytes. README.md describes the file. The facts
for card.toml are printed as TOML.
"""

import argparse
import hashlib
import lzma
import re
import subprocess
import sys
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "debian"))

import build

# relation -> the fields of the index that state it
RELATIONS = {
    "depends": ("Depends", "Pre-Depends"),
    "recommends": ("Recommends",),
    "suggests": ("Suggests",),
    "conflicts": ("Conflicts",),
}
NUM_SOURCE_WORDS = 1000
PARTS = ("train", "val", "test")


# ---- what is taken from the index


def maintainer_of(package):
    """The maintainer's name, the first where several are listed, without the address; "unknown" where there is no name."""
    return package.get("Maintainer", "").partition("<")[0].strip(' "') or "unknown"


def source_of(package):
    """The source package that a package is built from: itself unless the index names another, perhaps with a version."""
    return package.get("Source", package["Package"]).split()[0]


def tags_of(package):
    """The debtags of a package, rising."""
    return sorted({tag for tag in re.split(r"[,\s]+", package.get("Tag", "")) if tag})


def relations_of(packages, id_of):
    """{relation: [sorted targets of each package]} between packages.

    A name that is no package stands for every package that provides it, but a package has no relation to itself: one that
    provides a name and conflicts with it means the others. "provides" is from a package to another whose name it provides.
    """
    providers = defaultdict(set)
    for package in packages:
        for name in build.names_in(package, "Provides"):
            providers[name].add(id_of[package["Package"]])
    found = {name: defaultdict(set) for name in (*RELATIONS, "provides")}
    for package in packages:
        own = id_of[package["Package"]]
        for relation, fields in RELATIONS.items():
            for name in (name for field in fields for name in build.names_in(package, field)):
                found[relation][own].update((id_of[name],) if name in id_of else providers.get(name, ()))
        found["provides"][own].update(id_of[name] for name in build.names_in(package, "Provides") if name in id_of)
    return {name: [sorted(of[own] - {own}) for own in range(len(id_of))] for name, of in found.items()}


def name_words(names, num_words):
    """(words, rows) of the parts of names, as ``build.words_of`` has them of descriptions; none is left out."""
    tokens = [set(build.WORD.findall(name)) for name in names]
    frequency = Counter(word for found in tokens for word in found)
    words = sorted(frequency, key=lambda word: (-frequency[word], word))[:num_words]
    id_of = {word: number for number, word in enumerate(words)}
    return words, [sorted(id_of[word] for word in found if word in id_of) for found in tokens]


def build_typed(index):
    """The arrays of debian-typed.npz, by name. Names of each type are sorted, packages as in debian.npz.

    Of a package that is listed in two versions the relations are united; the rest is that of the first listed.
    """
    paragraphs, first = build.parse(index), {}
    for paragraph in paragraphs:
        first.setdefault(paragraph["Package"], paragraph)
    names = sorted(first)
    packages = [first[name] for name in names]
    id_of = {name: number for number, name in enumerate(names)}
    sections = sorted({package["Section"] for package in packages})
    maintainers, maintainer = numbered(map(maintainer_of, packages))
    sources, source = numbered(map(source_of, packages))
    tags = sorted({tag for package in packages for tag in tags_of(package)})
    tag_number = {tag: number for number, tag in enumerate(tags)}
    words, rows = build.words_of(packages, build.NUM_WORDS)
    source_words, source_rows = name_words(sources, NUM_SOURCE_WORDS)
    listed = {name: build.lines(texts) for name, texts in {
        "package_names": names, "section_names": sections, "words": words, "maintainer_names": maintainers,
        "source_names": sources, "source_words": source_words, "tag_names": tags,
    }.items()}  # fmt: skip
    one_each = {
        "labels": [sections.index(package["Section"]) for package in packages],
        "split": [build.split_of(name) for name in names],
        "maintained_by": maintainer,
        "built_from": source,
    }
    lists = {**relations_of(paragraphs, id_of), "tagged": [[tag_number[tag] for tag in tags_of(of)] for of in packages]}
    lists |= {"word": rows, "source_word": source_rows}
    return listed | {name: build.narrow(values) for name, values in one_each.items()} | counted(lists)


def numbered(texts):
    """(the texts sorted, each once; the number of each)."""
    texts = list(texts)
    names = sorted(set(texts))
    id_of = {name: number for number, name in enumerate(names)}
    return names, [id_of[text] for text in texts]


def counted(lists):
    """{NAME_counts, NAME_ids} of {NAME: a list a row}."""
    made = {}
    for name, rows in lists.items():
        made[f"{name}_counts"] = build.narrow([len(row) for row in rows])
        made[f"{name}_ids"] = build.narrow([number for row in rows for number in row])
    return made


# ---- the card


def statistics(arrays):
    """The counts of the card's [statistics]."""
    nodes = {name: num_texts(arrays[f"{name}_names"]) for name in ("package", "maintainer", "source", "tag")}
    edges = {(name, "package"): len(arrays[f"{name}_ids"]) for name in (*RELATIONS, "provides")}
    edges |= {("tagged", "tag"): len(arrays["tagged_ids"])}
    edges |= {("maintained_by", "maintainer"): nodes["package"], ("built_from", "source"): nodes["package"]}
    there = {f"package-{name}-{other}": count for (name, other), count in edges.items()}
    back = {f"{other}-rev_{name}-package": count for (name, other), count in edges.items()}
    columns = {"package": num_texts(arrays["words"]), "source": num_texts(arrays["source_words"])}
    return {
        "num_classes": num_texts(arrays["section_names"]),
        **{f"num_{part}": int(np.count_nonzero(arrays["split"] == code)) for code, part in enumerate(PARTS)},
        "num_nodes": nodes,
        "num_edges": there | back,
        "num_features": {name: columns.get(name, count) for name, count in nodes.items()},
    }


def num_texts(array):
    """How many texts ``build.lines`` made a blob of."""
    return bytes(array).count(b"\n") + 1


def card_text(index, path, arrays):
    """What card.toml states about the index and the file."""
    data, counts = path.read_bytes(), statistics(arrays)
    tables = {
        "[index]": {"size": len(index), "sha256": hashlib.sha256(index).hexdigest()},
        "[statistics]": {name: value for name, value in counts.items() if not isinstance(value, dict)},
        **{f"[statistics.{name}]": value for name, value in counts.items() if isinstance(value, dict)},
        "[[files]]": {"name": path.name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()},
    }
    return "\n".join(
        "\n".join([head, *(f"{key} = {value!r}".replace("'", '"') for key, value in table.items()), ""])
        for head, table in tables.items()
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", nargs="?", type=Path, help="Packages file (default: apt's, of this release's main)")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("debian-typed.npz"), help="file to write")
    options = parser.parse_args(arguments)
    try:
        index = build.read_index(options.index or build.find_index())
        arrays = build_typed(index)
        build.write_npz(options.output, arrays)
    except (OSError, EOFError, ValueError, KeyError, lzma.LZMAError, zlib.error, subprocess.CalledProcessError) as error:
        sys.exit(f"build_typed.py: {error}")
    print(card_text(index, options.output, arrays))


if __name__ == "__main__":
    main()
