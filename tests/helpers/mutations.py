"""Damage to files, repeatable: what a reader must refuse with a sentence or read as something legal."""

import random
import tracemalloc
import zipfile

import numpy as np


def mutated(data, rng):
    """``data`` (bytes) cut short, with bits flipped, a piece repeated, removed or swapped, or numbers made wild."""
    data, kind = bytearray(data), rng.randrange(6)
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    if kind == 0:
        del data[a:]
    elif kind == 1:
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 2:
        data[a:b] = data[a:b] * 2
    elif kind == 3:
        del data[a : min(b, a + 20)]
    elif kind == 4:
        data[a : a + 8] = rng.choice([b"99999999", b"-1", b"\xff\xfe", b"\n", b"\0" * 8, b"nan", b'"', b"[[[[[[[["])
    else:
        data[a:b] = data[a:b][::-1]
    return bytes(data)


def mutated_npz(path, rng):
    """The .npz file ``path`` with a member damaged inside an intact zip, two members swapped, or the zip itself damaged."""
    kind = rng.randrange(3)
    if kind == 0:
        path.write_bytes(mutated(path.read_bytes(), rng))
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    first, second = rng.choice(list(members)), rng.choice(list(members))
    if kind == 1:
        members[first] = mutated(members[first][:128], rng) + mutated(members[first][128:] or b"\0", rng)
    else:
        members[first], members[second] = members[second], members[first]
    write_zip(path, members)


def write_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    """{name: bytes} as a zip."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def npy(shape, dtype="<f4", data=b"", fortran=False):
    """A .npy file that states whatever it is told."""
    header = f"{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    header += b" " * (117 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def peak_of(action):
    """(what ``action`` returned or raised, bytes allocated at most while it ran)."""
    tracemalloc.start()
    try:
        outcome = action()
    except Exception as error:
        outcome = error
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return outcome, peak


def generator(seed):
    """Python's generator, whose draws are the same in every version."""
    return random.Random(seed)


def save(path, **arrays):
    """``numpy.savez_compressed`` of plain arrays; names may have dots."""
    np.savez_compressed(path, **arrays)
    return path
