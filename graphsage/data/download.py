"""Fetches the files of a dataset into the cache: checksum first, name second, so what has the right name is right.

pooch downloads to a temporary file beside the target, compares its sha256, and only then renames it. An interrupted or
wrong download therefore leaves nothing that a later start would take for the file; what a killed process leaves behind
has another name.
"""

import hashlib
import os
import sys
from pathlib import Path

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
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # its note on every file would break the progress bar
    try:
        downloader = _Downloader(file, bar)
        pooch.retrieve(file.url, f"sha256:{file.sha256}", fname=file.name, path=folder, downloader=downloader)
    except (OSError, ValueError) as error:  # requests' errors are OSErrors, a wrong checksum is a ValueError
        raise DatasetError(f"{file.name} could not be fetched from {file.url}: {_reason(error)}") from error
    finally:
        logger.setLevel(level)


class _Downloader:
    """pooch's HTTP download with time limits, a bar in true bytes, and an end once the pinned size is exceeded."""

    def __init__(self, file, bar):
        self.file, self.bar = file, bar

    def __call__(self, url, output_file, pooch):
        from pooch import HTTPDownloader

        responses = []
        keep = {"response": lambda response, **_: responses.append(response)}
        request = HTTPDownloader(timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), chunk_size=1 << 16, hooks=keep)
        try:
            with open(output_file, "wb") as stream:
                counted = _Counted(stream, self.file.size, self.bar)
                request(url, counted, pooch)
        finally:
            for response in responses:  # pooch leaves the connection of a failed download open
                response.close()
        if counted.count < self.file.size:
            raise ValueError(f"the server sent {counted.count} of {self.file.size} bytes")


class _Counted:
    """A file that counts, reports and limits what is written to it."""

    def __init__(self, stream, limit, bar):
        self.stream, self.limit, self.bar, self.count = stream, limit, bar, 0

    def write(self, chunk):
        self.count += len(chunk)
        if self.count > self.limit:
            raise ValueError(f"the server sent more than the {self.limit} bytes that the file has")
        self.bar.update(len(chunk))
        self.stream.write(chunk)

    def flush(self):
        self.stream.flush()


def _reason(error):
    """What went wrong, in words; the chain of nested connection errors is cut to its cause."""
    text = str(error)
    if "hash of downloaded file" in text:
        return "its sha256 is not the one on the dataset's card, so it was deleted"
    if "NameResolutionError" in text or "Failed to resolve" in text:
        return "the server's name cannot be resolved (no network?)"
    if "Connection refused" in text:
        return "the connection was refused"
    if "timed out" in text:
        return "the server did not answer in time"
    return " ".join(text.split())[:300] or type(error).__name__
