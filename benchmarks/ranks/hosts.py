"""Two hosts: network namespaces with a cable between them, torchrun over both; one is lost, and comes back.

    python -m benchmarks.ranks.hosts [--quick] [--readme]

Needs the rights to make network namespaces (root), and iproute2. Fails where weights are not those of one process, to the bit.
About 3 minutes.
"""

import os
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import torch

from benchmarks.ranks.killed import LAUNCHER, environment, trained, weights_in
from benchmarks.shared.measuring import say
from benchmarks.shared.options import options_of
from benchmarks.shared.publish import heading, paste
from benchmarks.shared.records import new_result, until_interrupted, write_json, write_text

OPTIONS = {"dataset": (str, "what is trained on"), "flags": (str, "settings, as flags of graphsage train")}
SIZES = {
    "full": {"dataset": "debian", "flags": "--epochs 6 --accumulate 4"},
    "quick": {
        "dataset": "sbm:nodes=370,classes=3,train=0.1",
        "flags": "--epochs 200 --accumulate 3 --batch-size 8 --fanouts 3,3 --hidden-features 6",
    },
}
KEPT = "join_timeout=300,last_call_timeout=3,keep_alive_interval=1,keep_alive_max_attempt=3"  # a host is missed after 3 s
CABLE = "cable"
LOST, BACK = 2, 8  # seconds after the first checkpoint


def ip(*words):
    subprocess.run(["ip", *words], check=True)


@contextmanager
def network():
    """The names of two network namespaces; address N of 10.77.0.N is the N-th's, on a cable between them."""
    names = [f"ranks-{os.getpid()}-{side}" for side in "ab"]
    try:
        for name in names:
            ip("netns", "add", name)
        ip("link", "add", CABLE, "netns", names[0], "type", "veth", "peer", "name", CABLE, "netns", names[1])
        for number, name in enumerate(names, 1):
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", CABLE)
            for device in ("lo", CABLE):
                ip("-n", name, "link", "set", device, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False)


def host(names, number, least, words, log):
    """The launcher on host ``number``, in a session of its own, so that all of the host can be lost at once."""
    more = {"GLOO_SOCKET_IFNAME": CABLE, "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    meet = ["--nnodes", f"{least}:2", "--nproc-per-node", "1", "--max-restarts", "10", "--local-addr", f"10.77.0.{number}"]
    meet += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "10.77.0.1:29400", "--rdzv-id", "ranks"]
    meet += ["--rdzv-conf", f"{KEPT},is_host={int(number == 1)}"]  # the address is not that of the host's name
    command = ["ip", "netns", "exec", names[number - 1], *LAUNCHER, *meet, "-m", "graphsage", "train", *words]
    return subprocess.Popen(command, env=environment() | more, stdout=log, stderr=log, start_new_session=True)


def lose(process):
    """End all processes of a host: the launcher, and its workers, which have sessions of their own."""
    doomed = [process.pid]
    for parent in doomed:
        doomed += [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    for one in doomed:
        os.kill(one, signal.SIGKILL)
    process.wait()


def undisturbed(names, folder, words):
    """Seconds of a training on both hosts."""
    began = time.monotonic()
    with open(f"{folder}.log", "w") as log:
        both = [host(names, number, 2, words, log) for number in (1, 2)]
        _finish(both, folder)
    return time.monotonic() - began


def lost_and_back(names, folder, words):
    """The same; the second host is lost, and started again."""
    began = time.monotonic()
    with open(f"{folder}.log", "w") as log:
        first, second = (host(names, number, 1, words, log) for number in (1, 2))
        while not (folder / "checkpoint.pt").exists() and first.poll() is None:
            time.sleep(0.1)
        time.sleep(LOST)
        lose(second)
        say("the second host is lost")
        time.sleep(BACK - LOST)
        was_running, again = first.poll() is None, host(names, 2, 1, words, log)
        _finish([first, again], folder)
    if not was_running:
        raise SystemExit("the training was over before the host came back: give it more --epochs")
    return time.monotonic() - began


def _finish(processes, folder):
    codes = [process.wait() for process in processes[:1]]
    for process in processes[1:]:
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # it came back when all was done, and waits for others
            lose(process)
    if codes != [0]:
        raise SystemExit(f"the first host ended with {codes}: {Path(f'{folder}.log').read_text()[-3000:]}")


def rows(options, folder):
    """How long each training took, and whether its weights are those of one process."""
    flags = [options.dataset, *options.flags.split(), "--gradients", "ordered", "--no-baseline", "--checkpoint-every", "12"]
    yield {"part": "one process", **trained(1, folder / "one", flags), "same": True}
    wanted = weights_in(folder / "one")
    with network() as names:
        for part in (undisturbed, lost_and_back):
            to = folder / part.__name__
            seconds = part(names, to, [*flags, "--out", str(to), "--resume", "auto"])
            found = weights_in(to)
            same = all(torch.equal(found[name], value) for name, value in wanted.items())
            say(f"{part.__name__}: {seconds:.0f} s, the same bits: {same}")
            yield {"part": part.__name__, "seconds": seconds, "same": same}


def markdown(result):
    of = {row["part"]: row["seconds"] for row in result["rows"]}
    times = ", ".join(f"{name.replace('_', ' ')} {seconds:.0f} s" for name, seconds in of.items())
    return f"{heading(result)}\n\nTwo hosts, each a process; all ended with the bits of one process: {times}.\n"


def main(argv=None):
    options = options_of("ranks", __doc__, SIZES, OPTIONS, argv)
    result = new_result(options, argv)
    with until_interrupted(result), tempfile.TemporaryDirectory() as folder:
        for row in rows(options, Path(folder)):
            result["rows"].append(row)
    if not all(row["same"] for row in result["rows"]):
        raise SystemExit(f"the weights differ: {result['rows']}")
    write_json(Path(options.out) / "hosts.json", result)
    write_text(Path(options.out) / "hosts.md", markdown(result))
    print(markdown(result))
    if options.readme:
        paste("ranks_hosts", markdown(result))


if __name__ == "__main__":
    main()
