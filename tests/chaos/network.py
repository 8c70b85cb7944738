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


def _packets():
    """How many packets each rule has met, in their order."""
    listed = subprocess.run(["iptables", "-w", "-nvxL", "OUTPUT"], check=True, capture_output=True,
                            text=True).stdout.splitlines()[2:]
    return [int(line.split()[0]) for line in listed]


@contextlib.contextmanager
def rules(wanted):
    """Packets that meet one of these go that way meanwhile. `wanted`: name -> rules; afterwards what is
    yielded has how many packets those of each name have met."""
    made, met = [], {}
    try:
        for name, each in wanted.items():
            for rule in each:
                _iptables("-A", rule)
                made.append((name, rule))
        yield met
    finally:
        for (name, _), count in zip(made, _packets()):
            met[name] = met.get(name, 0) + count
        for _, rule in made:
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
