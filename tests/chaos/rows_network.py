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
    ports = [port for port in run.trama.kafka.ports()]
    with network.rules(*(network.from_to(run.ground.group(name), port) + network.DROP
                         for name in owners for port in ports)):
        run.pause(PARTED_S)
    with network.rules(*(network.answers_of(run.ground.group(name), run.trama.ports[name])
                         + network.DROP for name in run.trama.replicas_of("profile"))):
        run.pause(PARTED_S)
    run.mark("healed")
    run.note("parted from Kafka: " + ", ".join(owners))


def lose(run):
    """Of what a door and the owner of routing send, a third is lost; then one packet in twenty tears its
    connection."""
    victims = ["sms_0", run.ground.owner("routing", run.workspace)]
    groups = [run.ground.group(name) for name in victims]
    with network.rules(*(network.of(group) + network.sometimes(LOSS) + network.DROP
                         for group in groups)):
        run.pause(LOSSY_S)
    with network.rules(*(network.of(group) + network.sometimes(TORN) + network.RESET
                         for group in groups)):
        run.pause(TORN_S)
    run.mark("healed")
    run.note("lossy: " + ", ".join(victims))
