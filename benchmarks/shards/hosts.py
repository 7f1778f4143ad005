"""Hosts on one machine: network namespaces with a cable between them, whose rate is set."""

import os
import subprocess
from contextlib import contextmanager

ADDRESSES = "10.77.0.1", "10.77.0.2"


def can_be_made():
    """Are we root, with ip and tc at hand?"""
    try:
        with two_hosts("1gbit"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def two_hosts(rate):
    """[(words that start a command there, its environment)] of two hosts; rate: as tc takes it, None: both are this machine."""
    if rate is None:
        yield [([], {"MASTER_ADDR": "127.0.0.1"})] * 2
        return
    names = [f"graphsage-{os.getpid()}-{side}" for side in "ab"]
    cables = [f"gs{os.getpid() % 10**7}{side}" for side in "ab"]
    try:
        for name in names:
            run("ip", "netns", "add", name)
        run("ip", "link", "add", cables[0], "netns", names[0], "type", "veth", "peer", "name", cables[1], "netns", names[1])
        for name, cable, address in zip(names, cables, ADDRESSES):
            run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", cable)
            for device in (cable, "lo"):
                run("ip", "-n", name, "link", "set", device, "up")
            limit = ("tbf", "rate", rate, "burst", "256kb", "latency", "200ms")
            run("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", cable, "root", *limit)
        yield [
            (["ip", "netns", "exec", name], {"MASTER_ADDR": ADDRESSES[0], "GLOO_SOCKET_IFNAME": cable})
            for name, cable in zip(names, cables)
        ]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def run(*words):
    subprocess.run(words, check=True, capture_output=True)
