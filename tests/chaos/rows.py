"""The rows of the fault matrix: what is done while the load runs, and what is checked besides the
invariants."""

import dataclasses
from collections.abc import Callable

import rows_agents
import rows_processes
import rows_redis
import rows_webhooks


@dataclasses.dataclass(frozen=True)
class Row:
    """`lasts_s`: how long the fault takes at most; `recovery_max`: seconds from "healed" until 90 % of
    the flow is there again; `load`: flags of loadgen that are not the usual ones; `rules`: times of the
    workspace; `check`: what is found wrong in what was left behind, besides the invariants; `ground`:
    what the stack must be like (see Ground), rows with equal grounds share one."""
    number: int
    name: str
    fault: Callable
    lasts_s: float = 20
    recovery_max: float = 10
    lateness_max: float = 30
    rss_grown_max: int = 0
    load: dict = dataclasses.field(default_factory=dict)
    rules: dict = dataclasses.field(default_factory=dict)
    check: Callable = None
    ground: tuple = ()


# Whoever sends something himself beside loadgen leaves it without an end: it never finds all equal.
BESIDE = {"settle_max": "8s"}

ROWS = [
    Row(1, "kill -9 of each service, alone and in pairs", rows_processes.kill_each, lasts_s=45,
        recovery_max=5),
    Row(2, "an owner stands still for 15 s", rows_processes.freeze_owners, lasts_s=20,
        recovery_max=8),
    Row(5, "Redis is killed, and comes back empty", rows_redis.kill_and_empty, lasts_s=12),
    Row(14, "each webhook three times, to both instances", rows_webhooks.repeat, lasts_s=6,
        load=BESIDE),
    Row(21, "agents crash, accept twice, accept late", rows_agents.crash, lasts_s=20,
        load={"agents": rows_agents.LOADGENS}, rules=rows_agents.RULES, check=rows_agents.check),
]
