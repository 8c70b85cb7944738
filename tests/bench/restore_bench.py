"""restore: what a process weighs and how long it takes to be ready with nothing to restore; then, with
open conversations and their armed clocks, how long an engine that was killed takes to be ready again,
beside a bare read of the same topic."""

import statistics
import time

import machine
from figures import Figures
from ground import Ground
from stack_process import READY_WAIT_MAX_S, StackError, wait_until

ENGINES = ("routing", "sla")
LAG_WAIT_MAX_S = 600
POLL_S = 0.002


def seconds_until_ready(trama, names):
    """From the start of the processes until all are ready."""
    begin = time.monotonic()
    for name in names:
        trama.start_service(name)
    for name in names:
        while not trama.is_ready(name):
            if time.monotonic() - begin > READY_WAIT_MAX_S:
                raise StackError(f"{name} is not ready: {trama.ready_text(name)}")
            time.sleep(POLL_S)
    return time.monotonic() - begin


def measure_size(ground, figures):
    trama = ground.trama
    readies, weights = {}, {}
    suite = sum(machine.pss_mb(trama.process(name).pid()) for name in ground.names)
    for name in ground.names:
        weights[name] = machine.rss_mb(trama.process(name).pid())
        trama.process(name).stop()
        readies[name] = seconds_until_ready(trama, [name]) * 1000
        figures.row(f"{name}: ready after", readies[name], "ms")
        figures.row(f"{name}: RSS when idle", weights[name], "MB")
    figures.goal("G19_start_to_ready_max_ms", max(readies.values()), 500, 150, False)
    figures.goal("G17_rss_idle_max_mb", max(weights.values()), 48, 24, False)
    figures.row("all services: RSS when idle, shared pages once for each", sum(weights.values()),
                "MB")
    # Twice what LibreDesk and its PostgreSQL hold (62 + 78 MB, measured elsewhere).
    figures.goal("G18_suite_idle_mb", suite, 280, 140, False)
    figures.note("G18: two of routing and of sla; a page that processes share counts once (PSS)")


def main(options):
    figures = Figures("restore")
    with Ground(options.build) as ground:
        measure_size(ground, figures)
        fill(ground, options.conversations)
        for service in ENGINES:
            compare(ground, figures, options, service)
    figures.finish()
    return figures


def fill(ground, conversations):
    """One message each of so many customers, and nobody who answers."""
    said = ground.webhooks(ground.trama.at("sms_http"), "fill", count=conversations, connections=64)
    if said["accepted"] != conversations:
        raise RuntimeError(f"{said['accepted']} of {conversations} messages were accepted: {said}")
    # Every conversation is queued and has its clocks when its events have reached their topics; and
    # nobody works any more when profile has written down all customers.
    topics = {"trama.conversations.v1": conversations, "trama.sla.v1": conversations,
              "trama.profiles.v1": conversations}
    for topic, wanted in topics.items():
        wait_until(f"{topic} has told of all", lambda: settled(ground, topic, wanted),
                   LAG_WAIT_MAX_S)


def settled(ground, topic, wanted):
    """At least so many records, and no more of them than half a second ago."""
    before = ground.records_in(topic)
    time.sleep(0.5)
    return before >= wanted and ground.records_in(topic) == before


def compare(ground, figures, options, service):
    trama = ground.trama
    names = [name for name, of in trama.replicas().items() if of == service]
    topic = f"trama.{service}.changelog.v1"
    reads, restores = [], []
    for _ in range(options.rounds):
        read = ground.tool("read", brokers=trama.at("kafka"), topic=topic)
        reads.append(read["seconds"])
        for name in names:
            trama.process(name).kill()
        restores.append(seconds_until_ready(trama, names))
    figures.peer(f"bare read of {topic}, s", reads)
    figures.row(f"{topic}", read["records"], "records")
    figures.row(f"{service}: killed, ready again after", statistics.median(restores), "s")
    figures.goal(f"G12_{service}_restore_to_read",
                 statistics.median(a / b for a, b in zip(restores, reads)), 5, 2.5, False)
