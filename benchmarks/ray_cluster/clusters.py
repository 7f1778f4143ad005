"""Two machines of a Ray cluster on this one, of which the second can be lost: killed, or cut off."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import ray

HERE, THERE, SPACE, LINK = "10.77.16.1", "10.77.16.2", "graphsage-ray", "gsray"


class Processes:
    """The second machine is a group of processes; to lose it is kill -9 of all of them."""

    here, there, before = "127.0.0.1", "127.0.0.1", ()  # their addresses, and what a command there begins with

    def __init__(self):
        self.environment = {}  # of processes there

    @contextmanager
    def running(self):
        """Inside, ray is connected to two machines of one CPU each."""
        how = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
        os.environ["RAY_memory_monitor_refresh_ms"] = "0"  # it would kill workers for what other programs here take
        ray.init("local", _node_ip_address=self.here, num_cpus=1, **how)
        self._second = None
        try:
            self.back()
            yield self
        finally:
            self.end_second()
            ray.shutdown()

    def lose(self):
        """The second machine is gone."""
        self.end_second()

    def back(self):
        """It is there again, with a ray that was started anew."""
        self.end_second()
        start = [str(Path(sys.executable).with_name("ray")), "start", "--num-cpus=1", "--block", "--disable-usage-stats"]
        address = [f"--address={ray.get_runtime_context().gcs_address}", f"--node-ip-address={self.there}"]
        how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": os.environ | self.environment}
        self._second = subprocess.Popen([*self.before, *start, *address], start_new_session=True, **how)
        until(lambda: sum(node["Alive"] for node in ray.nodes()) == 2)

    def end_second(self):
        """kill -9 of its processes."""
        if self._second is not None:
            for pid in below(self._second.pid):
                _kill(pid)
            self._second.wait()
            self._second = None


class Namespace(Processes):
    """The second machine is a network namespace; to lose it is to take its only link down. Needs root and the program ip."""

    here, there, before = HERE, THERE, ("ip", "netns", "exec", SPACE)

    @contextmanager
    def running(self):
        """Inside, ray is connected to two machines of one CPU each."""
        _make_link()
        self.environment = {"GLOO_SOCKET_IFNAME": f"{LINK}1"}
        os.environ["GLOO_SOCKET_IFNAME"] = f"{LINK}0"
        try:
            with super().running():
                yield self
        finally:
            del os.environ["GLOO_SOCKET_IFNAME"]
            subprocess.run(["ip", "netns", "delete", SPACE], check=False)

    def lose(self):
        """The second machine is cut off; it does not know."""
        _ip("-n", SPACE, "link", "set", f"{LINK}1", "down")

    def back(self):
        """It is there again."""
        _ip("-n", SPACE, "link", "set", f"{LINK}1", "up")
        super().back()


def _make_link():
    subprocess.run(["ip", "netns", "delete", SPACE], check=False, stderr=subprocess.DEVNULL)
    _ip("netns", "add", SPACE)
    _ip("link", "add", f"{LINK}0", "type", "veth", "peer", "name", f"{LINK}1", "netns", SPACE)
    _ip("address", "add", f"{HERE}/24", "dev", f"{LINK}0")
    _ip("link", "set", f"{LINK}0", "up")
    _ip("-n", SPACE, "address", "add", f"{THERE}/24", "dev", f"{LINK}1")
    _ip("-n", SPACE, "link", "set", "lo", "up")


def _ip(*words):
    subprocess.run(["ip", *words], check=True)


def until(is_so, seconds=240):
    """Wait until ``is_so()``."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError(f"still not so after {seconds} seconds")
        time.sleep(0.05)


# ---- processes that descend from this one


def kill_one(name):
    """kill -9 of the first process that ray calls ``name``; did it find one?"""
    found = [pid for pid in below(os.getpid()) if _title(pid).startswith(f"ray::{name}")]
    return bool(found) and _kill(found[0])


def below(pid):
    """The processes that descend from ``pid``, and itself, last."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, parent = int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
        children.setdefault(parent, []).append(number)
    return _under(pid, children)


def _under(pid, children):
    return [*(found for child in children.get(pid, ()) for found in _under(child, children)), pid]


def _title(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
