"""Faults of processes: killed, standing still, coming and going."""

import concurrent.futures
import signal
import time

from ground import stands_still
from invariants import throughput

KILLS_SHORT, PAIRS = 6, 6
KILL_EVERY_S = (0.8, 2.2)


def kill_each(run):
    """kill -9 of each process once and of pairs, at random moments."""
    names = list(run.trama.replicas())
    singles = run.random.sample(names, KILLS_SHORT - 1 if run.is_short else len(names))
    pairs = [run.random.sample(names, 2) for _ in range(1 if run.is_short else PAIRS)]
    hit = []
    for victims in [*([name] for name in singles), *pairs]:
        run.pause(run.random.uniform(*KILL_EVERY_S))
        hit.append(all([run.ground.kill(name) for name in victims]))
    run.mark("healed")
    run.note(f"{len(singles)} single kills, {len(pairs)} pairs")
    # Who is drawn again at once may still be down, but hardly more than one of them.
    run.expect(hit.count(False) <= 1, f"{hit.count(False)} kills met nobody")


FREEZE_S = 15


def freeze_owners(run):
    """SIGSTOP of the processes that own the workspace; nobody starts anything, the others take over.
    Woken, they must not write with what they thought they owned."""
    owners = {service: run.ground.owner(service, run.workspace) for service in ("routing", "sla")}
    victims = sorted({*owners.values(), f"sms_{run.random.randrange(2)}"})
    for name in victims:
        run.ground.process(name).signal(signal.SIGSTOP)
    # The flow must come back while they still stand.
    run.mark("healed")
    run.pause(FREEZE_S)
    for name in victims:
        run.expect(stands_still(run.ground.process(name)), f"{name} did not stand still")
    for service, owner in owners.items():
        run.expect(run.ground.owner(service, run.workspace) != owner,
                   f"nobody took over from {owner} while it stood still")
    for name in victims:
        run.ground.process(name).signal(signal.SIGCONT)
    run.note("stood still: " + ", ".join(victims))


STORM_TURNS, STORM_EVERY_S = 20, 3
STORMY = ("routing", "sla", "profile", "reporting", "sms", "email", "whatsapp", "open")
AT_ONCE = 3
FLOW_MIN = 0.3


def storm(run):
    """Every three seconds an instance of each of three groups leaves, and comes back with the next
    turn, for a minute."""
    services = [service for service in STORMY if run.trama.counts[service]]
    began, left, gone = time.time(), 0, []
    with run.ground.supervisor.holding(*run.trama.replicas()):
        for turn in range(STORM_TURNS):
            run.pause(max(0.0, began + turn * STORM_EVERY_S - time.time()))
            for name in gone:
                run.trama.start_service(name)
            gone = [run.random.choice(run.trama.replicas_of(service)) for service in
                    run.random.sample(services, AT_ONCE)]
            processes = [run.ground.process(name) for name in gone]
            left += sum(process.pid() is not None for process in processes)
            # All at once: each takes a moment to end what it has begun.
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as leaving:
                list(leaving.map(lambda process: process.stop(), processes))
        for name in gone:
            run.trama.start_service(name)
    run.mark("healed")
    run.note(f"{left} times an instance left, in {time.time() - began:.0f} s")
    run.expect(left == STORM_TURNS * AT_ONCE, f"only {left} instances left")


def check_storm(run, facts):
    """A part of the flow goes on all the time."""
    came, sent = throughput(facts)
    run.expect(sent, "nobody wrote meanwhile")
    run.expect(came >= FLOW_MIN * sent, f"only {came} of {sent} went through")
