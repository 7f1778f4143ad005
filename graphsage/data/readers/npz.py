"""Opens .npz files of strangers: a zip of ``.npy`` arrays, whose sizes are checked before any memory is taken.

numpy's own reader believes the headers: one that states 10^12 rows allocates them, and a few kilobytes of zip unpack to
gigabytes. Here a header is matched, not evaluated, the bytes that it promises must be those that the zip's directory states,
and no more than those are ever unpacked. Only plain numbers and truth values are arrays; an object array is a pickle and
stays unread.
"""

import re
import struct
import zipfile
import zlib
from contextlib import contextmanager
from math import prod
from pathlib import Path

import numpy as np

from graphsage.base.memory import available_memory, is_mapped
from graphsage.data.errors import DatasetError, one_of_several

SHARE = 0.25  # of the available memory that arrays may take that could be mapped
ALWAYS_READ = 1 << 26  # bytes that a member may unpack to, however small it is in the file
MAX_RATIO = 64  # above that, times its size in the file; zeros shrink a thousandfold, so a small file could fill the memory
MAX_HEADER = 1 << 10
MAX_LENGTH = 2**31 - 1  # along an axis of an array without entries
# magic, version 1.0 (two bytes of header length) or 2.0 (four), and the dict as numpy writes it
HEADER = re.compile(
    rb"\x93NUMPY(?:\x01\x00..|\x02\x00....)\{'descr': '(?P<descr>[<>|=][a-zA-Z][0-9]{0,9})', "
    rb"'fortran_order': (?P<fortran>True|False), 'shape': \((?P<shape>(?:[0-9]{1,19}L?,? ?){0,8})\), \} *\n",
    re.DOTALL,
)
NUMBERS = re.compile(r"[<>|=](b1|[iu][1248]|f[248])")
# what zipfile raises on damage: encrypted members, unknown methods and broken streams have errors of their own
DAMAGED = (OSError, EOFError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error)


def npz_names(path):
    """The names of the arrays in a .npz file, in its order. DatasetError if it is missing or no intact zip."""
    with _archive(path) as archive:
        return tuple(member.filename.removesuffix(".npy") for member in archive.infolist())


def npz_of(folder, fits):
    """The name (without .npz) of the one file in ``folder`` whose array names ``fits`` accepts; None if there is none.

    DatasetError if there are several. Files that are no intact zip fit nothing.
    """
    files = [path for path in Path(folder).glob("?*.npz") if path.is_file() and zipfile.is_zipfile(path)]
    found = sorted(path.stem for path in files if fits(npz_names(path)))
    return one_of_several(folder, found)


def read_npz(path, names, optional=()):
    """{name: array} of the members ``names``, and of those of ``optional`` that are there; others stay unread.

    Arrays have their own shape, and the dtype (native byte order) of the file: integers, floats or bool. They are
    read-only. A member may have 64 MiB, or 64 times its compressed size.
    Raises DatasetError, one sentence that starts with the path, for a missing member and for everything else that is not so.
    """
    with _archive(path) as archive:
        held = {member.filename for member in archive.infolist()}
        missing = [name for name in names if f"{name}.npy" not in held]
        if missing:
            raise DatasetError(f"{', '.join(missing)} missing: the arrays must be {', '.join(names)}")
        chosen = [*names, *(name for name in optional if f"{name}.npy" in held)]
        return {name: _array(archive, archive.getinfo(f"{name}.npy")) for name in chosen}


def read_npy(path):
    """The array of one .npy file, read-only, under the rules of ``read_npz``."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            return _unpacked(path, file, path.stat().st_size)
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from None


def mapped_npy(path, *, as_stored=False):
    """The array of one .npy file as a read-only memory map: nothing is read but the header (and truth values).

    as_stored: these are not read either, and are taken as 0 and 1. DatasetError as ``read_npy``.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            dtype, shape, order, start = _header(path.name, file.read(MAX_HEADER))
        size, length = dtype.itemsize * prod(shape), path.stat().st_size
        if size != length - start:
            raise DatasetError(f"{path} must have {size} bytes for {dtype} {shape}, it has {length - start}")
        if size == 0:
            return np.empty(shape if max(shape) <= MAX_LENGTH else (0,), dtype)
        array = np.asarray(np.memmap(path, dtype, "r", start, shape, order))
        return array.view(np.uint8) != 0 if dtype.kind == "b" and not as_stored else array
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from None


@contextmanager
def _archive(path):
    """The open zip; every error within is a sentence that starts with the path."""
    path = Path(path)
    try:
        if not path.is_file():
            raise DatasetError("there is no such file")
        with zipfile.ZipFile(path) as archive:
            _refuse_twins(archive)
            yield archive
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from None
    except DAMAGED as error:
        raise DatasetError(f"{path}: it is not an intact .npz file: {str(error)[:200]}") from None  # zipfile quotes headers


def _refuse_twins(archive):
    names = [member.filename for member in archive.infolist()]
    if len(set(names)) < len(names):
        raise DatasetError(f"its {len(names)} members have {len(set(names))} names: each must have its own")


def _array(archive, member):
    """One member as an array; it is unpacked only once its header and its size agree."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # zipfile bounds no other method's output
        raise DatasetError(f"{member.filename} must be stored or deflated, not compressed by method {member.compress_type}")
    allowed = max(ALWAYS_READ, MAX_RATIO * member.compress_size)
    if member.file_size > allowed:
        raise DatasetError(f"{member.filename} must unpack to at most {allowed} bytes, it states {member.file_size}")
    with archive.open(member) as stream:
        return _unpacked(member.filename, stream, member.file_size)


def _unpacked(name, stream, length):
    """The array of a stream of ``length`` bytes, as its directory states; no memory is taken for more than those."""
    header = stream.read(min(MAX_HEADER, length))
    dtype, shape, order, start = _header(name, header)
    size = dtype.itemsize * prod(shape)
    if size == 0 and max(shape) > MAX_LENGTH:  # no bytes stand behind that
        raise DatasetError(f"{name} must have lengths of at most {MAX_LENGTH}, got {shape}")
    if size != length - start:
        raise DatasetError(f"{name} must have {size} bytes for {dtype} {shape}, it has {length - start}")
    # bounded: without a number zipfile unpacks the whole stream, whatever size the directory states
    data = header[start:] + stream.read(length - len(header))
    if len(data) != size:
        raise DatasetError(f"{name} ends after {len(data)} of {size} bytes: the file is truncated")
    array = np.frombuffer(data, dtype).reshape(shape, order=order)
    return array.view(np.uint8) != 0 if dtype.kind == "b" else array.astype(dtype.newbyteorder("="), copy=False)


def _header(name, data):
    """(dtype, shape, "C" or "F", where the numbers begin) of a .npy file from its first bytes."""
    header = HEADER.match(data)
    if header is None:
        raise DatasetError(f"{name} must begin as a .npy file of version 1 or 2 does, it begins {data[:120]!r}")
    descr = header["descr"].decode()
    if not NUMBERS.fullmatch(descr):
        raise DatasetError(f"{name} must hold plain numbers, not {descr!r}: object arrays are pickles, and are not read")
    shape = tuple(int(length) for length in re.findall(rb"[0-9]+", header["shape"]))
    return np.dtype(descr), shape, "F" if header["fortran"] == b"True" else "C", header.end()


def in_memory(arrays):
    """The memory maps among ``arrays`` as arrays in memory, where all of them take at most SHARE of what is available; else
    as they are.

    Rows of a graph are read far apart, and a map has small pages: sampling from one takes 1.7 times as long.
    """
    maps = {name: array for name, array in arrays.items() if is_mapped(array)}
    if sum(array.nbytes for array in maps.values()) > SHARE * available_memory():
        return arrays
    return {name: np.array(array) if name in maps else array for name, array in arrays.items()}
