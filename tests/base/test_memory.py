"""keep_memory, in processes of their own, as it is of a whole process; and what is available."""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphsage.base import memory
from graphsage.cli import main

FAULTS = """
import resource, sys
import numpy as np
from graphsage.base.memory import keep_memory
if sys.argv[1] == "kept":
    assert keep_memory()
for step in range(12):
    if step == 2:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(10 << 20), np.ones(5 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def is_glibc():
    return sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


def faults(how):
    done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not is_glibc(), reason="this C library is not glibc")
def test_freed_memory_is_used_again_without_a_page_fault():
    given_back, kept = faults("as it is"), faults("kept")
    assert kept < 20 < given_back


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_another_c_library_is_left_as_it_is(monkeypatch, error):
    def missing(name):
        raise error

    monkeypatch.setattr(memory.ctypes, "CDLL", missing)
    assert memory.keep_memory() is False


def test_an_older_glibc_takes_less(monkeypatch):
    asked = []

    class Library:
        def mallopt(self, name, value):
            asked.append((name, value))
            return int(value <= 32 << 20)

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: Library())
    monkeypatch.setattr(memory.sys, "platform", "linux")
    assert memory.keep_memory() is True
    assert asked == [(-3, 1 << 30), (-3, 32 << 20), (-1, -1)]


def test_only_the_process_of_the_command_is_set(monkeypatch):
    calls = []
    monkeypatch.setattr(main, "keep_memory", lambda: calls.append(1))
    main.main(["datasets"])
    assert not calls
    monkeypatch.setattr(sys, "argv", ["graphsage", "datasets"])
    main.main()
    assert calls == [1]


# ---- what is available


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="Linux says so there")
def test_this_system_says_what_is_available():
    assert 0 < memory.available_memory() < 2**50


def test_a_control_group_leaves_less(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    free = memory.available_memory()
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 400\nfile 300\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert abs(memory.available_memory() - free) < free / 2
    (tmp_path / "memory.max").write_text("1000\n")
    assert memory.available_memory() == 1000 - 700 + 300


def test_a_system_that_says_nothing_has_nothing_to_give(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    monkeypatch.setattr(memory, "_meminfo", lambda: None)
    assert memory.available_memory() == 0


# ---- what is not in it


def test_views_of_a_map_are_mapped_whatever_their_form(tmp_path):
    np.arange(12, dtype=np.float32).tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", np.float32, "r", shape=(3, 4))
    plain = np.asarray(mapped)
    for view in (mapped, plain, plain[1:, ::2], plain.view(np.int32).T, np.frombuffer(mapped, np.uint8)):
        assert memory.is_mapped(view) and memory.map_of(view) is mapped._mmap


@pytest.mark.parametrize("other", [np.zeros(3), np.zeros(4)[1:], np.frombuffer(b"abcd", np.uint8), None, [1.0], sys], ids=str)
def test_everything_else_is_in_memory(other):
    assert memory.map_of(other) is None and not memory.is_mapped(other)
