"""The picture of a report for README: the top of a report.html as a browser shows it.

    python tools/report_picture.py runs/debian-1/report.html docs/report.png

Needs a Chromium, and Pillow, which comes with matplotlib.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
SIZE = (1160, 1000)  # of the window, in pixels
COLOURS = 128


def browser():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def browse(page, *arguments):
    """What the browser prints for the file ``page``, with a profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [browser(), *FLAGS, f"--user-data-dir={profile}", *arguments, Path(page).resolve().as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def save_picture(report, path):
    """Write the top of ``report`` to the PNG file ``path``, in few colours."""
    from PIL import Image

    browse(report, f"--screenshot={Path(path).resolve()}", f"--window-size={SIZE[0]},{SIZE[1]}")
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(COLOURS)
    few.save(path, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if browser() is None:
        sys.exit(f"report_picture: none of {', '.join(BROWSERS)} is installed")
    save_picture(*sys.argv[1:])
