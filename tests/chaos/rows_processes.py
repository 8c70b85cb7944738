"""Faults of processes: killed, standing still, coming and going."""

import signal

KILLS = 20
KILL_EVERY_S = (1.0, 2.5)


def kill_each(run):
    """kill -9 of each process once and of pairs, at random moments."""
    names = list(run.trama.replicas())
    singles = run.random.sample(names, len(names))
    pairs = [run.random.sample(names, 2) for _ in range(max(0, KILLS - len(singles)))]
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
