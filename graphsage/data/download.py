"""Fetches the files of a dataset into the cache: checksum first, name second, so what has the right name is right.

A download is written aside, and gets its name when its sha256 is right. An interrupted or wrong one therefore leaves nothing
that a later start would take for the file; what a killed process leaves behind has another name, and goes with the next.
"""

import hashlib
import os
import sys
from pathlib import Path

from graphsage.base.files import remove_leftovers, written_aside
from graphsage.data.dataset import DatasetError

CACHE_VARIABLE = "GRAPHSAGE_CACHE"
CONNECT_TIMEOUT = 10  # seconds to reach the server
READ_TIMEOUT = 30  # seconds without a byte, not for the whole file


def cache_folder(cache=None):
    """``cache``, else the environment variable GRAPHSAGE_CACHE, else the user's cache folder of this system."""
    if cache is None:
        cache = os.environ.get(CACHE_VARIABLE)
    if cache:
        return Path(cache).expanduser()
    import pooch

    return Path(pooch.os_cache("graphsage"))


def is_intact(path, file):
    """Whether ``path`` exists and has the size and sha256 of ``file``, an entry of a card."""
    try:
        return path.stat().st_size == file.size and sha256_of(path) == file.sha256
    except OSError:
        return False


def sha256_of(path):
    """Hexadecimal sha256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch(name, files, folder, *, progress=True):
    """Bring every file of ``files`` (``CardFile``: name, size, sha256, url) into ``folder``.

    Files that are there and intact are not fetched again; damaged ones are replaced. name: what the progress bar (on
    standard error) calls the dataset. Raises DatasetError: file, address, reason.
    """
    wanted = [file for file in files if not is_intact(folder / file.name, file)]
    if not wanted:
        return
    from tqdm import tqdm

    total = sum(file.size for file in wanted)
    look = {"unit": "B", "unit_scale": True, "leave": False, "file": sys.stderr}
    with tqdm(total=total, desc=name, disable=not progress, **look) as bar:
        for file in wanted:
            _fetch_one(file, folder, bar)


def _fetch_one(file, folder, bar):
    """One file; every way in which that can fail becomes one sentence."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
        with written_aside(folder / file.name) as stream:
            _download(file, _Counted(stream, file.size, bar))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        raise DatasetError(f"{file.name} could not be fetched from {file.url}: {_reason(error)}") from error


def _download(file, counted):
    """pooch's HTTP download with time limits; ValueError where the bytes are not those of the card."""
    from pooch import HTTPDownloader

    responses = []
    keep = {"response": lambda response, **_: responses.append(response)}
    try:
        HTTPDownloader(timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), chunk_size=1 << 16, hooks=keep)(file.url, counted, None)
    finally:
        for response in responses:  # pooch leaves the connection of a failed download open
            response.close()
    if counted.count < file.size:
        raise ValueError(f"the server sent {counted.count} of {file.size} bytes")
    if counted.sha256.hexdigest() != file.sha256:
        raise ValueError("its sha256 is not the one on the dataset's card, so it was deleted")


class _Counted:
    """A file that counts, sums, reports and limits what is written to it."""

    def __init__(self, stream, limit, bar):
        self.stream, self.limit, self.bar = stream, limit, bar
        self.count, self.sha256 = 0, hashlib.sha256()

    def write(self, chunk):
        self.count += len(chunk)
        if self.count > self.limit:
            raise ValueError(f"the server sent more than the {self.limit} bytes that the file has")
        self.sha256.update(chunk)
        self.bar.update(len(chunk))
        self.stream.write(chunk)

    def flush(self):
        self.stream.flush()


def _reason(error):
    """What went wrong, in words; the chain of nested connection errors is cut to its cause."""
    text = str(error)
    if "NameResolutionError" in text or "Failed to resolve" in text:
        return "the server's name cannot be resolved (no network?)"
    if "Connection refused" in text:
        return "the connection was refused"
    if "timed out" in text:
        return "the server did not answer in time"
    return " ".join(text.split())[:300] or type(error).__name__
