"""Two machines of a Ray cluster on this one: processes that can be killed, or a network namespace that can be cut off."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

HERE, THERE, SPACE, LINK = "10.77.16.1", "10.77.16.2", "graphsage-ray", "gsray"
QUIET = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}


class Processes:
    """Machines are groups of processes; to lose one is kill -9 of its processes."""

    name = "processes killed"

    @contextmanager
    def running(self):
        """Inside, ray is connected to machines of one CPU each."""
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        self.back()
        ray.init(address=self._cluster.address, log_to_driver=False, logging_level="ERROR")
        try:
            yield self
        finally:
            ray.shutdown()
            self._cluster.shutdown()

    def lose(self):
        """The second machine is gone."""
        self._cluster.remove_node(self._second, allow_graceful=False)

    def back(self):
        """It is there again."""
        self._second = self._cluster.add_node(num_cpus=1)


class Namespace:
    """The second machine is a network namespace; to lose it is to take its only link down. Needs root and the program ip."""

    name = "link cut"

    @contextmanager
    def running(self):
        """Inside, ray is connected to machines of one CPU each."""
        _make_link()
        os.environ["GLOO_SOCKET_IFNAME"] = f"{LINK}0"
        ray.init(_node_ip_address=HERE, num_cpus=1, **QUIET)
        self._address, self._second = ray.get_runtime_context().gcs_address, None
        try:
            self.back()
            yield self
        finally:
            self._end_second()
            ray.shutdown()
            del os.environ["GLOO_SOCKET_IFNAME"]
            subprocess.run(["ip", "netns", "delete", SPACE], check=False)

    def lose(self):
        """The second machine is cut off; it does not know."""
        _ip("-n", SPACE, "link", "set", f"{LINK}1", "down")

    def back(self):
        """It is there again, with a ray that was started anew."""
        self._end_second()
        _ip("-n", SPACE, "link", "set", f"{LINK}1", "up")
        start = [str(Path(sys.executable).with_name("ray")), "start", f"--address={self._address}", "--num-cpus=1", "--block"]
        command = ["ip", "netns", "exec", SPACE, *start, f"--node-ip-address={THERE}"]
        environment = {**os.environ, "GLOO_SOCKET_IFNAME": f"{LINK}1"}
        how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
        self._second = subprocess.Popen(command, env=environment, **how)
        until(lambda: sum(node["Alive"] for node in ray.nodes()) == 2)

    def _end_second(self):
        for pid in below(self._second.pid) if self._second is not None else ():
            _kill(pid)


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


def until(is_so, seconds=120):
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
