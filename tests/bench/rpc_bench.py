"""rpc: a read of ProfileService and commands of RoutingService per CPU second of the server; beside
it a server that answers the same calls at once with as many bytes."""

import statistics

import machine
from figures import Figures
from ground import Ground
from stack import wait_until

PHONE = "+12122000000"  # The sender of the first webhook of a run.
# Calls under way, of ours and of the echo. A command waits for a commit of Kafka, so it takes more of
# them to keep the server busy; a server that waits pays for being woken up, not for calls.
OUTSTANDING = {"customer": 64, "heartbeat": 64, "presence": 512}


def per_cpu_second(ground, server, pid, method, seconds):
    agent = ground.facts["agents"][0]
    before = machine.cpu_seconds(pid)
    said = ground.tool("rpc", server=server, method=method, token=agent["token"],
                       agent=agent["name"], phone=PHONE, outstanding=OUTSTANDING[method],
                       seconds=seconds)
    return said, said["calls"] / max(machine.cpu_seconds(pid) - before, 0.01)


def owner_of_load(ground):
    """The routing replica that answers most cheaply is the one that owns the workspace: the other
    one would be measured as a forwarder."""
    costs = {}
    for name in ("routing_0", "routing_1"):
        pid = ground.trama.process(name).pid()
        costs[name] = per_cpu_second(ground, ground.trama.at(name), pid, "heartbeat", 1)[1]
    return max(costs, key=costs.get)


def main(options):
    figures = Figures("rpc")
    with Ground(options.build, names=["config", "profile", "routing_0", "routing_1", "sms"]) as ground:
        ground.webhooks(ground.trama.at("sms_http"), "customer", count=1, connections=1)
        wait_until("profile knows a customer", lambda: ground.records_in("trama.profiles.v1") > 0)
        owner = owner_of_load(ground)
        targets = {"customer": ("profile", 0.4, 0.6), "presence": (owner, 0.4, 0.6),
                   "heartbeat": (owner, None, None)}
        for method, (name, floor, goal) in targets.items():
            compare(ground, figures, options, method, name, floor, goal)
        figures.note("presence: committed to Kafka with its events and rows; heartbeat: applied, "
                     "nothing to commit")
    figures.finish()
    return figures


def compare(ground, figures, options, method, name, floor, goal):
    pid = ground.trama.process(name).pid()
    said, _ = per_cpu_second(ground, ground.trama.at(name), pid, method, 1)
    port = ground.peer_port("echo")
    echo = ground.start("echo", [ground.trama.build / "bin/trama-bench-tool", "--what=echo",
                                 f"--listen=127.0.0.1:{port}", f"--bytes={said['answer_bytes']}"],
                        port)
    peers, ours, p99 = [], [], []
    for _ in range(options.rounds):
        peers.append(per_cpu_second(ground, f"127.0.0.1:{port}", echo, method, options.seconds)[1])
        said, rate = per_cpu_second(ground, ground.trama.at(name), pid, method, options.seconds)
        ours.append(rate)
        p99.append(said["p99_ms"])
    ground.trama.process("echo").stop()
    figures.peer(f"echo of {method}, calls per CPU second", peers)
    figures.row(f"{name}: {method}, calls per CPU second", statistics.median(ours))
    figures.row(f"{name}: {method}, p99 with {OUTSTANDING[method]} under way", statistics.median(p99), "ms")
    figures.goal(f"G16_{method}_to_echo",
                 statistics.median(a / b for a, b in zip(ours, peers)), floor, goal, True)
