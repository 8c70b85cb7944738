"""A network of the run's own: as root, everything runs in a network namespace, so that ports are
nobody else's and packets can be lost, one way, by whose they are."""

import contextlib
import os
import subprocess
import sys

MARK = "TRAMA_CHAOS_NETWORK"


def enter():
    """Runs this program again inside, where that can be done."""
    if os.geteuid() != 0 or os.environ.get(MARK):
        return
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        return
    os.environ[MARK] = "own"
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
                          sys.executable, *sys.argv])


def is_own():
    return os.environ.get(MARK) == "own"


def prefix_of(group):
    """What runs a process with a group of its own, by which its packets are known."""
    return ["setpriv", f"--regid={group}", "--clear-groups"]


def _iptables(action, rule):
    subprocess.run(["iptables", "-w", action, "OUTPUT", "-o", "lo", "-p", "tcp", *map(str, rule)],
                   check=True, capture_output=True)


@contextlib.contextmanager
def rules(*wanted):
    """Packets that meet one of these go that way meanwhile."""
    made = []
    try:
        for rule in wanted:
            _iptables("-A", rule)
            made.append(rule)
        yield
    finally:
        for rule in made:
            _iptables("-D", rule)


def from_to(group, port):
    """What that group sends to a port."""
    return ["-m", "owner", "--gid-owner", group, "--dport", port]


def answers_of(group, port):
    """What that group answers from a port of its own."""
    return ["-m", "owner", "--gid-owner", group, "--sport", port]


def of(group):
    return ["-m", "owner", "--gid-owner", group]


def sometimes(probability):
    return ["-m", "statistic", "--mode", "random", "--probability", probability]


DROP = ["-j", "DROP"]
RESET = ["-j", "REJECT", "--reject-with", "tcp-reset"]
