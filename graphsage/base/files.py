"""Files that are written whole or not at all."""

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def written_aside(path):
    """An open binary file beside ``path`` that takes its place at the end: readers meanwhile see the old one.

    If anything fails the old file stays and nothing else is left behind; an OSError names ``path``.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(aside, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        if error.filename == str(aside):
            error.filename = str(path)  # nobody asked for a file of the other name
        raise
    finally:
        with suppress(OSError):  # not there; or on a disk that is read-only, which was the error
            aside.unlink()


@contextmanager
def folder_written_aside(path):
    """A new folder beside ``path`` that gets that name at the end, with all its files on the disk; OSError if it is taken.

    If anything fails nothing is left behind; what a killed process could not take away goes with the next call beside it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.mkdir()
        yield aside
        for file in aside.iterdir():
            _flush(file)
        os.rename(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _flush(path):
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder):
    """Delete what processes that are no more were writing aside in ``folder``."""
    for path in Path(folder).glob(".*.*.part"):
        pid = path.name.split(".")[-2]
        if pid.isdecimal() and not _is_running(int(pid)):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _is_running(pid):
    if os.name == "nt":  # there a signal 0 is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        pass
    return True


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


def _lock(fcntl, descriptor, folder):
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse(f"{folder} is in use by another process: wait for its end, or end it") from None
