"""Faults of the network between processes: one way, lossy, torn."""

import network

PARTED_S = 9
LOSSY_S = 12
TORN_S = 5
LOSS = 0.3
TORN = 0.05


def part(run):
    """The owners reach Kafka no more, though Kafka reaches them; then profile's answers to routing are
    lost, though its questions arrive."""
    owners = sorted({run.ground.owner(service, run.workspace) for service in ("routing", "sla")})
    ports = run.trama.kafka.ports()
    _disturb(run, "parted from Kafka", PARTED_S, {
        name: [network.from_to(run.ground.group(name), port) + network.DROP for port in ports]
        for name in owners})
    _disturb(run, "answers lost", PARTED_S, {
        name: [network.answers_of(run.ground.group(name), run.trama.ports[name]) + network.DROP]
        for name in run.trama.replicas_of("profile")})
    run.mark("healed")


def lose(run):
    """Of what a door and the owner of routing send, a third is lost; then one packet in twenty tears its
    connection."""
    victims = ["sms_0", run.ground.owner("routing", run.workspace)]

    def all_of(chance, fate):
        return {name: [network.of(run.ground.group(name)) + network.sometimes(chance) + fate]
                for name in victims}
    _disturb(run, "lossy", LOSSY_S, all_of(LOSS, network.DROP))
    _disturb(run, "torn", TORN_S, all_of(TORN, network.RESET))
    run.mark("healed")


def _disturb(run, what, seconds, wanted):
    with network.rules(wanted) as met:
        run.pause(seconds)
    run.note(f"{what}: " + ", ".join(f"{name} {count} packets" for name, count in met.items()))
    for name in wanted:
        run.expect(met.get(name), f"{what}: no packet of {name} was hit")
