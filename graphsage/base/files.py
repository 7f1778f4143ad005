"""Files that are written whole or not at all.

What is being written has the name ``.NAME.HOST-PID-START-RANDOM.part``: no other thread, process or machine takes it, and
whoever finds it can tell whether its writer is still there.
"""

import errno
import os
import platform
import re
import secrets
import shutil
import time
import zlib
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

ASIDE = re.compile(r"\..+\.([0-9a-f]{8})-(\d+)-(\d*)-[0-9a-f]{16}\.part", re.DOTALL)
FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")} - {None}  # of a write, which names no file
FORGOTTEN = 24 * 3600  # seconds without a change, after which nobody is still writing


@contextmanager
def written_aside(path):
    """An open binary file beside ``path`` that takes its place at the end: readers meanwhile see the old one.

    Of several writers at once the last one stays. If anything fails the old file stays and nothing else is left behind; an
    OSError names ``path``.
    """
    with _aside(path) as aside:
        with open(aside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)


@contextmanager
def folder_written_aside(path):
    """A new folder beside ``path`` that gets that name at the end, with all its files on the disk; OSError if it is taken.

    If anything fails nothing is left behind; what a killed process could not take away goes with the next call beside it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent)
    with _aside(path) as aside:
        aside.mkdir()
        yield aside
        for file in aside.iterdir():
            _flush(file, os.O_RDWR)
        _flush_names(aside)
        os.rename(aside, path)


@contextmanager
def scratch_folder(path):
    """A new folder beside ``path`` for files that are gone at the end; a killed process's go with the next call beside it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent)
    with _aside(path) as aside:
        aside.mkdir()
        yield aside


@contextmanager
def _aside(path):
    """A free name beside ``path``; at the end the folder is on the disk, and nothing has that name."""
    path = Path(path)
    if not path.name:  # "", ".", "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    aside = path.with_name(f".{path.name[:50]}.{_host()}-{os.getpid()}-{_start(os.getpid())}-{secrets.token_hex(8)}.part")
    try:
        yield aside
        _flush_names(path.parent)
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) == str(aside):
            error.filename = str(path)  # nobody asked for a file of the other name
        if error.filename is None and error.errno in FULL:
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):  # not there; or on a disk that is read-only, which was the error
            _remove(aside)


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()


def _flush(path, flags):
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_names(folder):
    """The names in ``folder`` outlive a power cut; Windows and some file systems cannot promise that."""
    with suppress(OSError):
        _flush(folder, os.O_RDONLY)


# ---- names of files are bytes, and where these are no text of the locale Python spells each as a surrogate (PEP 383)


def readable(name):
    """``name`` (a path, or any text) without surrogates: bytes of UTF-8 are its characters, others stand there as ``\\xe9``."""
    try:
        return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    except UnicodeEncodeError:  # surrogates that stand for no byte
        return name.encode(errors="backslashreplace").decode()


def path_of(text):
    """The path that ``readable`` made ``text`` of, as it is spelt in this process's locale; without surrogates ``text``."""
    content = re.sub(rb"\\x([89a-f][0-9a-f])", lambda found: bytes.fromhex(found[1].decode()), text.encode())
    is_bytes = not text.isascii() or content != text.encode()
    return os.fsdecode(content) if is_bytes and os.name == "posix" and not os.path.lexists(text) else text


# ---- what was never finished


def remove_leftovers(folder):
    """Delete what processes that are no more were writing aside in ``folder``.

    Those of this machine are looked up; what another machine writes on a shared disk is left for a day after its last change.
    """
    for path in Path(folder).glob(".*.part"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if _is_left(path):
                _remove(path)


def _is_left(path):
    found = ASIDE.fullmatch(path.name)
    if found is None:
        return False
    host, pid, start = found.groups()
    if host == _host() and os.name != "nt":  # there a signal 0 is Ctrl-C
        return not _is_running(int(pid), start)
    return time.time() - path.stat().st_mtime > FORGOTTEN


def _is_running(pid, start):
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        pass
    return _start(pid) in (start, "")


def _start(pid):
    """When the process began, in ticks since the system did, as numbers are given again; "" where that is not told."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return ""


@cache
def _host():
    """Tells apart where a process number names another process: machines, and containers on one of them."""
    numbers = "/proc/self/ns/pid"
    place = platform.node() + (os.readlink(numbers) if os.path.islink(numbers) else "")
    return f"{zlib.crc32(place.encode()):08x}"


# ---- one process at a time


class InUse(ValueError):
    """Another process works in a folder."""


@contextmanager
def locked(folder):
    """Inside, ``folder`` is in use by this process; ``InUse`` if it is by another. The lock goes with the process.

    Nothing is locked on a system or a file system without such locks (Windows).
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            _lock(fcntl, descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def is_locked(folder):
    """Is ``folder`` in use, by whatever process? False where that cannot be told."""
    try:
        with locked(folder):
            return False
    except InUse:
        return True
    except OSError:
        return False


def _lock(fcntl, descriptor, folder):
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse(f"{folder} is in use by another process: wait for its end, or end it") from None
