"""Damaged datasets for every reader: what comes out must be a dataset or one sentence. A command, repeatable by seed.

    python tests/fuzz_readers.py --cases 10000            seeds 0..9999; exit status 1 if anything failed
    python tests/fuzz_readers.py --first 4711 --cases 1   one of them again

Case ``seed`` takes a small folder of one layout, does one to three damages to it and loads it, in a process that may take
1 GiB of memory. A failure is any other exception than ValueError (DatasetError is one), a text of several lines, a warning,
a crash, more than 10 seconds of the processor, or a minute without an answer. Each is printed with its seed.
"""

import argparse
import gzip
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from queue import Empty, Queue

import numpy as np

SECONDS, MINUTE, MEMORY = 10, 60, 1 << 30
LONGEST = 1000  # characters of a sentence, beside the folder's name
OK, REFUSED, FAILED = "dataset", "sentence", "failure"
WILD = ["-1", "0", "1e309", "nan", "9" * 25, str(2**63), str(2**31), "1.5", "", "é", "null", "[]", '{"source": 1}', '"x"', "\0"]
SHAPES = ["(3000000000,)", "(2, 3000000000)", "(0,)", "()", "(1, 1, 1, 1)", "(0, 99999999999999)", "(4, 0)", "(7,)", "(-1,)"]
TYPES = ["<f8", "<f2", "<i1", ">i4", "<u8", "|b1", "|O", "<c16", "<U9", "|V8", "<M8[s]", "zz"]

# ---- whole folders


def whole_folders(root):
    """{layout: {path inside the folder: bytes}} of small datasets that load."""
    sys.path.append(str(Path(__file__).parent / "data" / "readers"))  # where whole folders of each layout are made
    import test_csr_npz
    import test_dgl_csv
    import test_heco
    import test_heterophilous
    import test_linqs
    import test_neo4j_csv
    import test_ogb
    import test_ogb_typed
    import test_sage_json
    import test_saved
    import test_twitch
    import test_typed_npz
    from helpers.data_helpers import planetoid_files, write_files
    from helpers.debian_index import INDEX, TYPED_INDEX, load_build
    from helpers.public_files import WRITERS
    from helpers.table_files import as_parquet, write_tables

    from graphsage.shards.cut import cut

    def save(folder, write):
        folder.mkdir()
        write(folder)

    kinds, dataset_with, build = test_saved.KINDS, test_saved.dataset_with, load_build()
    typed = load_build("debian-typed/build_typed.py").build_typed(TYPED_INDEX.encode())
    sparse, weighted = dataset_with(**kinds["sparse"], node_ids=list("abcd")), dataset_with(**kinds["weights"])
    rows = np.arange(12.0).reshape(6, 2)
    made = {
        "tables": lambda f: write_tables(f),
        "tables-array": lambda f: write_tables(f, edges="source,target\n0,1\n1,2\n3,0\n5,5\n", nodes=None, features=rows),
        "tables-parquet": lambda f: as_parquet(write_tables(root / "csv", features=rows), f),
        "debian": lambda f: save(f, lambda f: build.write_npz(f / "debian.npz", build.build(INDEX.encode(), num_words=4))),
        "debian-typed": lambda f: save(f, lambda f: build.write_npz(f / "debian-typed.npz", typed)),
        "planetoid": lambda f: write_files(f, planetoid_files()),
        "graphsage": lambda f: save(f, lambda f: sparse.save(f / "a.npz")),
        "graphsage-dense": lambda f: save(f, lambda f: weighted.save(f / "a.npz")),
        "graphsage-typed": lambda f: save(f, lambda f: test_typed_npz.KINDS["weights, times, gaps"].save(f / "a.npz")),
        "dataset-folder": lambda f: sparse.save(f),
        "dataset-folder-dense": lambda f: weighted.save(f),
        "dataset-folder-typed": lambda f: test_typed_npz.KINDS["weights, times, gaps"].save(f),
        "shards": lambda f: cut(sparse, f, 1),
        "heco": test_heco.made,
        "dgl-typed": test_dgl_csv.write_typed,
        "neo4j-typed": test_neo4j_csv.write_typed,
        "cora-linqs": test_linqs.write,
        "twitch": test_twitch.write,
        "heterophilous": lambda f: save(f, lambda f: np.savez(f / "a.npz", **test_heterophilous.arrays())),
        "csr-npz": lambda f: save(f, lambda f: np.savez(f / "a.npz", **test_csr_npz.arrays())),
        "ogb": test_ogb.made,
        "ogb-edges": lambda f: test_ogb.made(f, raw__node_feat=None, raw__edge_feat="1,0\n2,0\n3,0\n4,0\n5,6\n"),
        "ogb-typed": test_ogb_typed.made,
        "graphsage-json": test_sage_json.made,
        "graphsage-json-multilabel": lambda f: test_sage_json.made(
            f, list("abcde"), [("a", "b")], class_map={name: [0, 1] for name in "abcde"}
        ),
    } | {layout: lambda f, write=write: save(f, write) for layout, write in WRITERS.items()}
    folders = {}
    for layout, make in made.items():
        make(root / layout)
        files = sorted(path for path in (root / layout).rglob("*") if path.is_file())
        folders[layout] = {str(path.relative_to(root / layout)): path.read_bytes() for path in files}
    return folders


# ---- damages


def damaged(layout, folders, rng):
    """The files of a layout after one to three damages; a value None is a folder where a file should be."""
    files = dict(folders[layout])
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        name = rng.choice(sorted(files))
        if files[name] is None:
            continue
        kind = rng.randrange(16)
        if kind < 4:
            files[name] = _mutated(files[name], rng)
        elif kind < 12:
            files[name] = _inside(name, files[name], rng)
        elif kind == 12:
            del files[name]
            files[name + "~"] = b""
        elif kind == 13:
            other = rng.choice(sorted(files))
            files[name], files[other] = files[other], files[name]
        elif kind == 14:
            other = folders[rng.choice(sorted(folders))]
            files[name] = other[rng.choice(sorted(other))]
        else:
            files[name] = rng.choice([b"", None, b"\0" * (1 << 22), files[name] + b"\0" * (1 << 20)])
    return files


def _mutated(data, rng):
    from helpers.mutations import mutated

    return mutated(data or b"\0", rng)


def _inside(name, data, rng):
    """Damage that keeps the wrapping whole: members of a zip, the text in a .gz, numbers in a text."""
    try:
        if name.endswith(".npz"):
            return _in_zip(data, rng)
        if name.endswith(".gz"):
            text = gzip.decompress(data)
            return gzip.compress(rng.choice([_mutated, _wild_number])(text, rng), 1)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError, RuntimeError):
        return _mutated(data, rng)  # an earlier damage reached it
    return _wild_header(data, rng) if data.startswith(b"\x93NUMPY") else _wild_number(data, rng)


def _in_zip(data, rng):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    one, two = rng.choice(sorted(members)), rng.choice(sorted(members))
    kind = rng.randrange(7)
    if kind == 0:
        members[one], members[two] = members[two], members[one]
    elif kind == 1:
        del members[one]
    elif kind == 2:
        members[one] = _mutated(members[one][:128], rng) + members[one][128:]
    elif kind == 3:
        members[one] = members[one][:128] + _mutated(members[one][128:], rng)
    elif kind == 4:
        members[one] = _wild_header(members[one], rng)
    elif kind == 5:
        members[one] = _wild_array(rng)
    else:
        members[one] += b"\0" * (1 << 26)  # 64 MiB that shrink to nothing
    out = io.BytesIO()
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]) if kind < 6 else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", method, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _wild_header(data, rng):
    """A .npy file whose header states another shape or type."""
    pattern, values = rng.choice([(rb"\([0-9, ]*\)", SHAPES), (rb"'[<>|][a-zA-Z][0-9]*'", [f"'{name}'" for name in TYPES])])
    return re.sub(pattern, lambda _: rng.choice(values).encode(), data[:128], count=1) + data[128:]


def _wild_array(rng):
    """A whole .npy file of extreme numbers."""
    kind = np.dtype(rng.choice(["<i8", "<i4", "|u1", "<u8", "<f4", "<f8", "|b1"]))
    shape = rng.choice([(4,), (5,), (4, 2), (1,), (0,), (4, 0), (0, 2), (9, 1, 1)])
    flat = np.frombuffer(rng.randbytes(8 * int(np.prod(shape))), np.uint8)[: kind.itemsize * int(np.prod(shape))]
    array = rng.choice([flat.copy().view(kind), np.zeros(int(np.prod(shape)), kind), np.arange(np.prod(shape)).astype(kind)])
    out = io.BytesIO()
    np.save(out, array.reshape(shape))
    return out.getvalue()


def _wild_number(text, rng):
    """One number in a text becomes something else."""
    places = [match.span() for match in re.finditer(rb"[0-9]+", text[: 1 << 16])]
    if not places:
        return _mutated(text, rng)
    start, end = rng.choice(places)
    return text[:start] + rng.choice(WILD).encode() + text[end:]


# ---- one case


def outcome_of(load):
    """(outcome, text) of one call."""
    began = time.process_time()
    try:
        dataset = load()
        spent = time.process_time() - began
        return (OK if spent <= SECONDS else FAILED), f"{spent:.1f} s: {dataset.summary()}".replace("\n", " ")
    except ValueError as error:
        text = str(error)
        fits = text and "\n" not in text and len(text) <= LONGEST and time.process_time() - began <= SECONDS
        return (REFUSED if fits else FAILED), f"{type(error).__name__}: {text}"
    except BaseException as error:
        return FAILED, f"{type(error).__name__}: {error}"


def run_case(seed, folders, root):
    """(layout, outcome, text): the folder of this seed, damaged and loaded."""
    from helpers.mutations import generator

    from graphsage.data import load_dataset

    rng = generator(seed)
    layout = sorted(folders)[seed % len(folders)]
    with tempfile.TemporaryDirectory(dir=root) as folder:
        for name, data in damaged(layout, folders, rng).items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir() if data is None else path.write_bytes(data)
        outcome, text = outcome_of(lambda: load_dataset(folder, progress=False))
        return layout, outcome, text.replace(folder, "")


def work(first, last):
    """The worker: one JSON line a case."""
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as root:
        folders = whole_folders(Path(root))
        from graphsage.data import load_dataset

        for layout in folders:  # everything is imported, and every folder loads while it is whole
            found = outcome_of(lambda layout=layout: load_dataset(Path(root, layout), progress=False))
            print(json.dumps([None, layout, *found]), flush=True)
        used = int(re.search(r"VmSize:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        for seed in range(first, last):
            print(json.dumps([seed, *run_case(seed, folders, root)]), flush=True)


# ---- all cases


def supervise(command, first, last, seconds=MINUTE):
    """Yield [seed, layout, outcome, text] of ``command FIRST LAST``; a worker that hangs or dies is a failure and replaced."""
    while first < last:
        with subprocess.Popen([*command, str(first), str(last)], stdout=subprocess.PIPE, text=True) as worker:
            lines = Queue()
            threading.Thread(target=lambda w=worker, q=lines: [*map(q.put, w.stdout), q.put("")], daemon=True).start()
            started = False
            while first < last:
                try:  # a worker that starts has its imports to do
                    line = lines.get(timeout=seconds if started else seconds + MINUTE)
                except Empty:
                    line = None
                if not line:
                    worker.kill()
                    if not started:
                        raise SystemExit(f"the worker did not start: {worker.wait()}")
                    reason = f"out of time: {seconds} s" if line is None else f"the worker died: {worker.wait()}"
                    yield [first, None, FAILED, reason]
                    first += 1
                    break
                found = json.loads(line)
                started = True
                if found[0] is None:
                    if found[2] != OK:
                        raise SystemExit(f"the whole folder of {found[1]} does not load: {found[3]}")
                    continue
                yield found
                first += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--cases", type=int, default=1000, help="how many seeds")
    parser.add_argument("--show", action="store_true", help="print every case, not failures only")
    parser.add_argument("--worker", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(*options.worker)
        return 0
    counts = Counter()
    command = [sys.executable, __file__, "--worker"]
    for seed, layout, outcome, text in supervise(command, options.first, options.first + options.cases):
        counts[layout, outcome] += 1
        if options.show or outcome == FAILED:
            print(f"{outcome}: seed {seed}, {layout}: {text}", flush=True)
    print(f"{'layout':28}{OK:>10}{REFUSED:>10}{FAILED:>10}")
    for layout in sorted({str(layout) for layout, _ in counts}):
        row = [sum(counts[known, kind] for known in (layout, None) if str(known) == layout) for kind in (OK, REFUSED, FAILED)]
        print(f"{layout:28}" + "".join(f"{n:10}" for n in row))
    failed = sum(n for (_, outcome), n in counts.items() if outcome == FAILED)
    print(f"{sum(counts.values())} cases, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
