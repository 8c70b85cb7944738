"""Faults of processes: killed, standing still, coming and going."""

import signal
import time

from invariants import throughput

KILLS, KILLS_SHORT = 20, 6
KILL_EVERY_S = (1.0, 2.5)


def kill_each(run):
    """kill -9 of each process once and of pairs, at random moments."""
    names, kills = list(run.trama.replicas()), KILLS_SHORT if run.is_short else KILLS
    singles = run.random.sample(names, min(len(names), kills - 1))
    pairs = [run.random.sample(names, 2) for _ in range(kills - len(singles))]
    for victims in [*([name] for name in singles), *pairs]:
        run.pause(run.random.uniform(*KILL_EVERY_S))
        for name in victims:
            run.ground.kill(name)
    run.mark("healed")
    run.note(f"{len(singles)} single kills, {len(pairs)} pairs")


FREEZE_S = 15


def freeze_owners(run):
    """SIGSTOP of the processes that own the workspace; nobody starts anything, the others take over.
    Woken, they must not write with what they thought they owned."""
    owners = {run.ground.owner(service, run.workspace) for service in ("routing", "sla")}
    victims = sorted(owners | {f"sms_{run.random.randrange(2)}"})
    for name in victims:
        run.ground.process(name).signal(signal.SIGSTOP)
    # The flow must come back while they still stand.
    run.mark("healed")
    run.pause(FREEZE_S)
    for name in victims:
        run.ground.process(name).signal(signal.SIGCONT)
    run.note("stood still: " + ", ".join(victims))


STORM_S = 24
STORM_EVERY_S = 3
STORMY = ("routing", "sla", "profile", "reporting", "sms", "email")
FLOW_MIN = 0.3


def storm(run):
    """Every three seconds an instance of each group leaves, and comes back with the next turn."""
    until, gone = time.time() + STORM_S, []
    with run.ground.supervisor.holding(*run.trama.replicas()):
        while time.time() < until:
            for name in gone:
                run.trama.start_service(name)
            gone = [run.random.choice(run.trama.replicas_of(service)) for service in
                    run.random.sample(STORMY, 3)]
            for name in gone:
                run.ground.process(name).stop()
            run.pause(STORM_EVERY_S)
        for name in gone:
            run.trama.start_service(name)
    run.mark("healed")


def check_storm(run, facts):
    """A part of the flow goes on all the time."""
    came, sent = throughput(facts)
    run.expect(came >= FLOW_MIN * sent, f"only {came} of {sent} went through")
