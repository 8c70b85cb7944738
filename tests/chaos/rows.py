"""The rows of the fault matrix: what is done while the load runs, and what is checked besides the
invariants."""

import dataclasses
from collections.abc import Callable

import rows_agents
import rows_brokers
import rows_clocks
import rows_dependencies
import rows_flood
import rows_mail
import rows_network
import rows_order
import rows_processes
import rows_redis
import rows_signatures
import rows_tls
import rows_topics
import rows_webhooks
from ground import AGENTS


@dataclasses.dataclass(frozen=True)
class Row:
    """`lasts_s`: how long the fault takes at most; `short_s`: the same with --short. `recovery_max`:
    seconds from "healed" until 90 % of the flow is there again. `rate_factor`: times the rate, where
    loadgen takes it as the mean of something uneven. `load`: flags of loadgen that are not the usual
    ones. `rules`: times of the workspace. `check`: finds what is wrong in what was left behind,
    besides the invariants. `ground`: what the stack must be like (see Ground); rows with equal
    grounds share one. `needs_network`: packets are lost, for which root and a network of its own are
    needed. `may_end`: a process may give up without Kafka, to be started again."""
    number: int
    name: str
    fault: Callable
    lasts_s: float = 20
    short_s: float = None
    recovery_max: float = 10
    lateness_max: float = 30
    rss_grown_max: int = 128 << 20
    rate_factor: float = 1
    load: dict = dataclasses.field(default_factory=dict)
    rules: dict = dataclasses.field(default_factory=dict)
    check: Callable = None
    ground: tuple = ()
    needs_network: bool = False
    may_end: bool = False


# Whoever sends something himself must tell loadgen, which would call it forged.
BESIDE = {"has_others": "true"}

THREE = (("brokers", 3),)
# Two cores carry less with three brokers on them.
BROKERS_FACTOR = 0.4
# What agents carry who take their time.
SLOW_AGENTS_FACTOR = 0.3
PROXIED = (("proxied", True),)
CLOCKS = (("has_clocks", True),)

ROWS = [
    Row(1, "kill -9 of each service, alone and in pairs", rows_processes.kill_each, lasts_s=45,
        short_s=14, recovery_max=5),
    Row(2, "an owner stands still for 15 s", rows_processes.freeze_owners, lasts_s=20,
        recovery_max=8),
    Row(5, "Redis is killed, and comes back empty", rows_redis.kill_and_empty, lasts_s=12),
    Row(7, "partition, one way", rows_network.part, lasts_s=24, needs_network=True,
        may_end=True),
    Row(8, "a third of the packets lost, connections torn", rows_network.lose, lasts_s=24,
        needs_network=True, may_end=True),
    Row(11, "poison on every topic that is an input", rows_topics.poison, lasts_s=14,
        recovery_max=2, check=rows_topics.check_poison),
    Row(12, "an agent's client never reads", rows_agents.stand_still, lasts_s=22,
        load={"agents": AGENTS - 1}, rules=rows_agents.SLOW_RULES, check=rows_agents.check_still),
    Row(13, "instances leave and join every 3 s", rows_processes.storm, lasts_s=72,
        check=rows_processes.check_storm),
    Row(14, "each webhook three times, to both instances", rows_webhooks.repeat, lasts_s=10,
        load=BESIDE, check=rows_webhooks.check_repeat),
    Row(15, "receipts and mails in another order", rows_order.shuffle, lasts_s=16, load=BESIDE,
        check=rows_order.check),
    Row(16, "oversized bodies, headers, bombs", rows_flood.oversize, lasts_s=12,
        check=rows_flood.check_oversize),
    Row(17, "2 000 slow connections at each door", rows_flood.slow_down, lasts_s=20,
        check=rows_flood.check_slow),
    Row(18, "bad TLS", rows_tls.bad_peers, lasts_s=20),
    Row(19, "forged signatures, secrets rotated", rows_signatures.forge, lasts_s=30, load=BESIDE),
    Row(20, "broken, smuggled, repeated mail", rows_mail.break_dialogues, lasts_s=12, load=BESIDE),
    Row(21, "agents crash, accept twice, accept late", rows_agents.crash, lasts_s=38,
        load={"agents": rows_agents.LOADGENS}, rules=rows_agents.RULES,
        check=rows_agents.check_crash),
    Row(24, "ten times the rate in a burst", rows_webhooks.burst, lasts_s=45, recovery_max=20,
        load={"pattern": "burst", "settle_max": "150s"}, rate_factor=1.9,
        check=rows_webhooks.check_burst),
    Row(3, "a broker of three is killed, then the controller", rows_brokers.lose_one, lasts_s=75,
        rate_factor=BROKERS_FACTOR, ground=THREE, check=rows_brokers.check_one, may_end=True),
    Row(4, "two brokers of three are gone", rows_brokers.lose_two, lasts_s=45,
        rate_factor=BROKERS_FACTOR, lateness_max=90, ground=THREE, load=BESIDE,
        check=rows_brokers.check_two, may_end=True),
    Row(6, "Redis is slow, then half open", rows_dependencies.slow_redis, lasts_s=20, ground=PROXIED,
        check=rows_dependencies.check_slow_redis),
    Row(23, "profile, then routing and sla are slow, then nonsense",
        rows_dependencies.broken_services, lasts_s=50, ground=PROXIED,
        check=rows_dependencies.check_broken_services),
    Row(9, "clocks jump and drift", rows_clocks.jump, lasts_s=48, ground=CLOCKS,
        rate_factor=SLOW_AGENTS_FACTOR, load=rows_clocks.SLOW_AGENTS,
        rules=rows_clocks.RULES, check=rows_clocks.check),
]
