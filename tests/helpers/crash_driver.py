"""Runs command lines in forks of a process that has loaded and compiled everything, and ends them where it is told to.

Reads a JSON object a line: {"arguments": [...], "log": path} and, to end the child at a point, {"point": name, "file": name,
"call": n, "end": "kill", "no space" or "wait"}, or {"limit": bytes of a file}. Answers with the child's number, and with its
exit status (negative: the signal) when it has ended. No hook in the package: in the child, the functions that it calls for
files are replaced.
"""

import builtins
import errno
import json
import os
import signal
import sys
import time
from pathlib import Path

from graphsage.base import files
from graphsage.cli import main as cli
from graphsage.runs import metrics_file, run


class Point:
    """Ends the process at the n-th time that ``file`` gets to the point; a disk that is full stays so."""

    def __init__(self, file, call, end):
        self.file, self.left, self.end = file, call, end

    def reached(self, path):
        name = Path(path).name
        if name != self.file and not (name.startswith(f".{self.file}.") and name.endswith(".part")):  # or written aside
            return False
        self.left -= 1
        return self.left == 0 or (self.left < 0 and self.end == "no space")

    def strike(self):
        if self.end == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.end == "wait":
            return time.sleep(600)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Torn:
    """A file that takes half of what is written, and no more."""

    def __init__(self, file, point):
        self.file, self.point = file, point

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        self.point.strike()


def opens(point, *, torn):
    def replacement(path, *arguments, **options):
        file = builtins.open(path, *arguments, **options)
        if point.reached(path):
            if torn:
                return Torn(file, point)
            file.close()
            point.strike()
        return file

    return replacement


def calls(point, function, place, *, after=False):
    """``function``, ended before or after; its argument number ``place`` is the file."""

    def replacement(*arguments):
        file = arguments[place]
        reached = point.reached(os.readlink(f"/proc/self/fd/{file}") if isinstance(file, int) else file)
        if reached and not after:
            point.strike()
        result = function(*arguments)
        if reached:
            point.strike()
        return result

    return replacement


def install(name, point):
    if name in ("open", "write"):
        files.open = opens(point, torn=name == "write")
    elif name == "append":
        metrics_file.open = opens(point, torn=True)
    elif name == "fsync":
        os.fsync = calls(point, os.fsync, 0)
    elif name in ("link", "linked"):
        os.link = calls(point, os.link, 0, after=name == "linked")
    else:
        os.replace = calls(point, os.replace, 1, after=name == "replaced")


def child(command):
    """Never returns."""
    log = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1), os.dup2(log, 2)
    code = 99
    try:
        if command.get("point"):
            install(command["point"], Point(command["file"], command["call"], command["end"]))
        if command.get("limit"):  # of a file's size in bytes: a write beyond it fails, as on a full disk
            import resource

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (command["limit"], command["limit"]))
        code = cli.main(command["arguments"])
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


def no_report(path, **content):
    """It takes longer than the training, and is not what is tested here."""


def answer(**values):
    print(json.dumps(values), flush=True)


def main():
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        answer(pid=pid)
        answer(status=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    code = cli.main(sys.argv[1:])  # loads and compiles everything
    run.write_report = no_report
    answer(status=code)
    main()
