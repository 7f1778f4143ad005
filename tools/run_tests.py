"""Every test, then the kernel tests twice more: uncompiled, and compiled with bounds checks.

    python tools/run_tests.py

As many processes as there are cores, four at most, share the tests of a run, a file each at a time. A failing run does not keep
the next from running. The exit status is 0 only where all three passed, and the closing lines repeat pytest's own summary of
each. Each run has a compilation cache of its own (tests/conftest.py): a cached kernel would ignore NUMBA_BOUNDSCHECK.
"""

import os
import subprocess
import sys

PROCESSES = str(min(4, os.cpu_count() or 1))  # each holds torch
MODES = ("NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK")
RUNS = (
    ("every test, kernels compiled", {}, []),
    ("kernel tests, NUMBA_DISABLE_JIT=1", {"NUMBA_DISABLE_JIT": "1"}, ["-m", "kernels"]),
    ("kernel tests, NUMBA_BOUNDSCHECK=1", {"NUMBA_BOUNDSCHECK": "1"}, ["-m", "kernels"]),
)


def echo_and_keep_last_line(stream):
    """Copy bytes to standard output as they come (pytest prints dots without a line end); return the last line."""
    tail = b""
    while chunk := os.read(stream.fileno(), 65536):
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
        tail = (tail + chunk)[-4096:]
    return tail.decode(errors="replace").strip().rpartition("\n")[2]


def run(settings, arguments):
    """One pytest run: its exit status and the last line it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in MODES} | settings
    colour = "yes" if sys.stdout.isatty() else "auto"
    command = [sys.executable, "-m", "pytest", f"--color={colour}", "-n", PROCESSES, "--dist", "loadfile", *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as child:
        summary = echo_and_keep_last_line(child.stdout)
    return child.returncode, summary


def main():
    results = []
    for title, settings, arguments in RUNS:
        print(f"\n{title}", flush=True)
        results.append((title, *run(settings, arguments)))
    print()
    for title, _, summary in results:
        print(f"{title}:\n{summary}")
    return int(any(status for _, status, _ in results))  # "no tests ran" is a failure too: pytest exits with 5


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
