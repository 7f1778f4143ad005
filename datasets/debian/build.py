"""Makes debian.npz from apt's index of a Debian archive: packages, what they depend on, and the words that describe them.

    python build.py                        # the index of the main archive that apt has fetched on this Debian machine
    python build.py Packages.xz            # or any Packages file: plain, .gz, .xz, .lz4
    python build.py --output new.npz

Needs python and numpy, and no network (`apt-get update` fetches the index). The same index gives the same bytes on every
run with the same zlib; with another zlib the arrays are the same. README.md describes the file. The facts for card.toml
are printed as TOML.
"""

import argparse
import gzip
import hashlib
import io
import lzma
import os
import platform
import re
import subprocess
import sys
import zipfile
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

KINDS = ("Depends", "Pre-Depends", "Recommends", "Suggests")
NUM_WORDS = 2000
SPLIT_KEY = b"graphsage debian split"  # changing it changes the split, and every reported accuracy with it
WORD = re.compile(r"[a-z0-9]+")
RELATION = re.compile(r"\s*([a-z0-9][a-z0-9+.-]*)", re.IGNORECASE)
# Words that carry grammar and no subject; "s" is what the possessive leaves.
STOP_WORDS = frozenset(
    "a an and are as at be by for from in into is it its of on or s that the this to with you your".split()
)


# ---- the index


def find_index():
    """Path of apt's index of the running Debian release's main archive, amd64."""
    release = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    wanted = ("Created-By: Packages", "Component: main", "Architecture: amd64", f"Codename: {release}")
    command = ["apt-get", "indextargets", "--format", "$(FILENAME)", *wanted]
    paths = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if len(paths) != 1:
        raise ValueError(f"apt has {len(paths)} indexes of {release} main amd64, not 1: name the Packages file")
    return Path(paths[0])


def read_index(path):
    """The text of a Packages file as bytes, unpacked by what its name ends in."""
    if path.suffix == ".lz4":  # python has no lz4 of its own; apt, which wrote the file, does
        return subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", path], check=True, capture_output=True).stdout
    openers = {".gz": gzip.open, ".xz": lzma.open}
    with openers.get(path.suffix, open)(path, "rb") as stream:
        return stream.read()


def parse(index):
    """[{field: value}, ...], one dict a package; a folded value keeps its line ends."""
    paragraphs = []
    for text in re.split(r"\n\s*\n", index.decode("utf-8")):
        fields, last = {}, None
        for line in filter(str.strip, text.split("\n")):
            if not line[0].isspace():
                last, _, line = line.partition(":")
            fields[last] = f"{fields[last]}\n{line.strip()}" if last in fields else line.strip()
        if fields:
            paragraphs.append(fields)
    for package in paragraphs:
        missing = [field for field in ("Package", "Section", "Description") if field not in package]
        if missing:
            raise ValueError(f"a package of the index lacks {missing[0]}: {str(package)[:80]}")
    if not paragraphs:
        raise ValueError("the index lists no package")
    return paragraphs


# ---- what is taken from it


def names_in(package, kind):
    """Every package name in a relation field: versions, architectures and the choice between alternatives are dropped."""
    names = []
    for part in filter(str.strip, re.split(r"[,|]", package.get(kind, ""))):
        match = RELATION.match(part)
        if match is None:
            raise ValueError(f"{package['Package']}: {kind} lists {part.strip()!r}, which is no package name")
        names.append(match[1])
    return names


def edges_of(packages, id_of):
    """int64[A, 3], unique rows (package, what it depends on, kind), sorted.

    A name that is no package stands for every package that provides it; a name that nobody provides is dropped.
    """
    providers = defaultdict(set)
    for package in packages:
        for name in names_in(package, "Provides"):
            providers[name].add(id_of[package["Package"]])
    edges = set()
    for package in packages:
        source = id_of[package["Package"]]
        for code, kind in enumerate(KINDS):
            for name in names_in(package, kind):
                targets = (id_of[name],) if name in id_of else providers.get(name, ())
                edges.update((source, target, code) for target in targets)
    return np.array(sorted(edges), np.int64).reshape(-1, 3)


def words_of(packages, num_words):
    """(words, rows): the most frequent words of the short descriptions, and for each package the ids it has, rising.

    Frequency is the number of packages whose description has the word; words of equal frequency are in alphabetical
    order. Labels and split play no part.
    """
    texts = [package["Description"].split("\n")[0].lower() for package in packages]
    tokens = [set(WORD.findall(text)) - STOP_WORDS for text in texts]
    frequency = Counter(word for found in tokens for word in found)
    words = sorted(frequency, key=lambda word: (-frequency[word], word))[:num_words]
    id_of = {word: number for number, word in enumerate(words)}
    return words, [sorted(id_of[word] for word in found if word in id_of) for found in tokens]


def split_of(name):
    """0 = train (10 %), 1 = validation (10 %), 2 = test (80 %): a keyed hash of the name alone.

    A package therefore keeps its part whatever else the archive holds.
    """
    digest = hashlib.blake2b(name.encode(), key=SPLIT_KEY, digest_size=8).digest()
    return min(int.from_bytes(digest, "big") % 10, 2)


def build(index, num_words=NUM_WORDS):
    """The arrays of debian.npz, by name. Packages are in the order of their names.

    Some packages are listed in two versions: their dependencies are united, the rest is taken from the first listed.
    """
    paragraphs = parse(index)
    first = {}
    for paragraph in paragraphs:
        first.setdefault(paragraph["Package"], paragraph)
    names = sorted(first)
    packages = [first[name] for name in names]
    edges = edges_of(paragraphs, {name: number for number, name in enumerate(names)})
    words, rows = words_of(packages, num_words)
    sections = sorted({package["Section"] for package in packages})
    return {
        "package_names": lines(names),
        "section_names": lines(sections),
        "kind_names": lines(KINDS),
        "words": lines(words),
        "labels": narrow([sections.index(package["Section"]) for package in packages]),
        "split": narrow([split_of(name) for name in names]),
        "arc_counts": narrow(np.bincount(edges[:, 0], minlength=len(names))),
        "arc_targets": narrow(edges[:, 1]),
        "arc_kinds": narrow(edges[:, 2]),
        "word_counts": narrow([len(row) for row in rows]),
        "word_ids": narrow([word for row in rows for word in row]),
    }


# ---- the file


def lines(texts):
    """Texts as uint8: UTF-8, a line feed between them."""
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def narrow(values):
    """Non-negative integers in the narrowest little-endian type that holds them all."""
    values = np.asarray(values, np.int64)
    return values.astype(np.min_scalar_type(int(values.max(initial=0))).newbyteorder("<"))


def write_npz(path, arrays):
    """An .npz whose bytes depend on the arrays alone: members in the given order, no clock, no machine."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
                data = io.BytesIO()
                np.lib.format.write_array(data, array, version=(1, 0), allow_pickle=False)
                archive.writestr(member, data.getvalue(), compresslevel=9)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


# ---- the card


def statistics(arrays):
    """The counts of the card's [statistics] (the default graph: undirected, no repeats, no loops) and [contents]."""
    num_nodes, split = len(arrays["labels"]), arrays["split"]
    src = np.repeat(np.arange(num_nodes), arrays["arc_counts"])
    dst = arrays["arc_targets"].astype(np.int64)
    low, high = np.minimum(src, dst), np.maximum(src, dst)
    pairs = np.unique(low * num_nodes + high)
    ends = np.concatenate([pairs // num_nodes, pairs % num_nodes])
    ends = ends[np.tile(pairs // num_nodes != pairs % num_nodes, 2)]
    degrees = np.bincount(ends, minlength=num_nodes)
    kinds = np.bincount(arrays["arc_kinds"], minlength=len(KINDS)).tolist()
    majority = np.bincount(arrays["labels"][split == 0]).argmax()
    loaded = {
        "num_nodes": num_nodes,
        "num_edges": len(ends),
        "num_features": bytes(arrays["words"]).count(b"\n") + 1,
        "num_classes": bytes(arrays["section_names"]).count(b"\n") + 1,
        "num_isolated": int(np.count_nonzero(degrees == 0)),
        "max_degree": int(degrees.max()),
        **{f"num_{part}": int(np.count_nonzero(split == code)) for code, part in enumerate(("train", "val", "test"))},
    }
    contents = {
        "num_undirected_pairs": len(ends) // 2,
        "num_typed_arcs": len(dst),
        **{f"num_{kind.lower().replace('-', '_')}": count for kind, count in zip(KINDS, kinds)},
        "num_self_loops": int(np.count_nonzero(src == dst)),
        "num_words_set": len(arrays["word_ids"]),
        "num_without_words": int(np.count_nonzero(arrays["word_counts"] == 0)),
        "majority_test_accuracy": round(100 * float(np.mean(arrays["labels"][split == 2] == majority)), 2),
    }
    return loaded, contents


def card_text(index, path, arrays):
    """What card.toml states about the index and the file."""
    loaded, contents = statistics(arrays)
    data = path.read_bytes()
    file = {"name": path.name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    index_facts = {"size": len(index), "sha256": hashlib.sha256(index).hexdigest()}
    tables = {"[index]": index_facts, "[statistics]": loaded, "[contents]": contents, "[[files]]": file}
    return "\n".join(
        "\n".join([head, *(f"{key} = {value!r}".replace("'", '"') for key, value in table.items()), ""])
        for head, table in tables.items()
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", nargs="?", type=Path, help="Packages file (default: apt's, of this release's main)")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("debian.npz"), help="file to write")
    options = parser.parse_args(arguments)
    try:
        index = read_index(options.index or find_index())
        arrays = build(index)
        write_npz(options.output, arrays)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error, subprocess.CalledProcessError) as error:
        sys.exit(f"build.py: {error}")
    print(card_text(index, options.output, arrays))


if __name__ == "__main__":
    main()
