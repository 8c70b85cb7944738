"""Faults of what a service depends on: slow, half open, full of nonsense."""

import invariants
from proxies import Nonsense

SLOW_S = 8
LATENCY_MS = 500
PROFILE_LATENCY_MS = 3000  # Ten times what intake waits for.
ANSWER_MAX_S = 5
CALLS_MEANWHILE_MAX = 1.1  # Of those before: no storm of repeats.


def slow_redis(run):
    """Redis answers half a second late, then not at all though its connections stand."""
    proxies = run.ground.proxies
    proxies.poison("redis", "latency", latency=LATENCY_MS)
    run.pause(SLOW_S)
    proxies.cure("redis", "latency")
    proxies.poison("redis", "timeout", timeout=0)
    run.pause(SLOW_S)
    proxies.cure("redis", "timeout")
    run.mark("healed")


def check_slow_redis(run, facts):
    """The doors do without their memory, and routing does not ask Redis at all."""
    took = facts.answer_seconds(facts.moments["fault"], facts.moments["healed"])
    took.sort()
    p99 = took[int(0.99 * (len(took) - 1))]
    run.note(f"answered meanwhile: p50 {took[len(took) // 2]:.2f} s, p99 {p99:.2f} s")
    run.expect(p99 < ANSWER_MAX_S, f"p99 of the answers was {p99:.1f} s")


def broken_profile(run):
    """profile answers ten times later than anybody waits, then with nonsense. Routing goes on with what
    it can derive itself, and spares profile: a call in a while finds out whether it answers again."""
    proxies, names = run.ground.proxies, run.trama.replicas_of("profile")
    calm = _calls_of_profile(run)
    run.pause(SLOW_S)
    slow = _calls_of_profile(run)
    for name in names:
        proxies.poison(name, "latency", latency=PROFILE_LATENCY_MS)
    run.pause(SLOW_S)
    end = _calls_of_profile(run)
    for name in names:
        proxies.cure(name, "latency")
    nonsense = Nonsense(run.seed)
    for name in names:
        proxies.lead_to(name, nonsense.address)
    run.pause(SLOW_S)
    for name in names:
        proxies.lead_to(name, run.trama.at(name))
    nonsense.close()
    run.mark("healed")
    before, meanwhile = slow - calm, end - slow
    run.note(f"calls of profile: {before} in {SLOW_S} s before, {meanwhile} while slow; "
             f"{nonsense.calls} connections met nonsense")
    run.expect(meanwhile <= CALLS_MEANWHILE_MAX * before,
               "routing asks more of a profile that is slow")


def check_broken_profile(run, facts):
    """Nobody waits for profile longer than he wants to."""
    took = sorted(delay for at, delay in invariants.delays(facts)
                  if facts.moments["fault"] <= at < facts.moments["healed"])
    p99 = took[int(0.99 * (len(took) - 1))]
    run.note(f"to the conversation meanwhile: p50 {took[len(took) // 2]:.2f} s, p99 {p99:.2f} s")
    run.expect(p99 < ANSWER_MAX_S, f"p99 to the conversation was {p99:.1f} s")


def _calls_of_profile(run):
    """How many calls profile was asked by now."""
    count = 0
    for name in run.trama.replicas_of("profile"):
        count += sum(value for what, value in run.ground.metrics(name).items()
                     if what.startswith("trama_grpc_server_calls_total"))
    return int(count)
