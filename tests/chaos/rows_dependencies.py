"""Faults of what a service depends on: slow, half open, full of nonsense."""

import time

import invariants
from ground import wait_until
from proxies import Nonsense
from rows_webhooks import quantile

SLOW_S = 8
LATENCY_MS = 500
CALL_LATENCY_MS = 3000  # Ten times what intake waits for.
ANSWER_MAX_S = 5
CALLS_MEANWHILE_MAX = 1.1  # Of those before: no storm of repeats.
# How long whoever asks an engine is ready to wait, and how long tramactl itself may take.
PATIENCE_S, START_S = 2, 2
REMEMBERING = ("email", "sms", "whatsapp", "open")  # Doors that ask Redis what was there before.
# An engine's question, which its owner answers.
QUESTIONS = {"routing": ("queues",), "sla": ("sla",)}


def slow_redis(run):
    """Redis answers half a second late, then not at all though its connections stand."""
    proxies = run.ground.proxies
    late = _of_redis(run, "trama_redis_late_total")
    proxies.poison("redis", "latency", latency=LATENCY_MS)
    run.pause(SLOW_S)
    proxies.cure("redis", "latency")
    late_then = _of_redis(run, "trama_redis_late_total")
    refused = _of_redis(run, "trama_redis_refused_total", 'reason="circuit"')
    proxies.poison("redis", "timeout", timeout=0)
    run.pause(SLOW_S)
    refused_then = _of_redis(run, "trama_redis_refused_total", 'reason="circuit"')
    proxies.cure("redis", "timeout")
    run.mark("healed")
    run.note("late while Redis was slow: " + _grown(late, late_then))
    run.note("refused by the circuit while it was half open: " + _grown(refused, refused_then))
    for service in refused:
        run.expect(late_then[service] > late[service], f"{service} did not feel a slow Redis")
        run.expect(refused_then[service] > refused[service],
                   f"{service} went on asking a Redis that does not answer")


def _of_redis(run, metric, *labels):
    """Door -> what its processes count."""
    return {service: run.ground.total(service, metric, *labels) for service in REMEMBERING
            if run.trama.counts[service]}


def _grown(before, after):
    return ", ".join(f"{service} {after[service] - count:.0f}" for service, count in before.items())


def check_slow_redis(run, facts):
    """The doors do without their memory, and routing does not ask Redis at all."""
    took = facts.answer_seconds(facts.moments["fault"], facts.moments["healed"])
    _expect_soon(run, "answered", took)
    _expect_soon(run, "to the conversation", _delays_meanwhile(facts))


def broken_services(run):
    """profile answers ten times later than anybody waits, then with nonsense; then the owners of
    routing and sla do, to whoever asks them through another replica. Routing goes on with what it can
    derive itself, and spares profile; everybody who asks gets an answer or an error in time."""
    before = {service: _calls_of(run, service) for service in ("profile", "routing")}
    run.pause(SLOW_S)
    run.calm = {service: (_calls_of(run, service) - count) / SLOW_S
                for service, count in before.items()}
    profiles = run.trama.replicas_of("profile")
    _slow(run, "profile", profiles)
    spared = run.ground.total("routing", "trama_routing_profile_spared_total")
    run.expect(spared, "routing did not spare a slow profile")
    _confuse(run, profiles)
    owners = {service: run.ground.owner(service, run.workspace) for service in QUESTIONS}
    _expect_answers(run, owners)
    _slow(run, "routing", [owners["routing"]], lambda: _expect_errors(run, owners), owners["sla"])
    _confuse(run, list(owners.values()), lambda: _expect_errors(run, owners))
    run.mark("healed")
    for service, owner in owners.items():
        wait_until(f"{owner} is reached again", lambda each=service, at=owner: _ask(
            run, each, at).returncode == 0)


def _slow(run, service, names, meanwhile=lambda: None, *others):
    """Answers of `names` and `others` come late; they are not asked more for that."""
    proxies, before = run.ground.proxies, _calls_of(run, service)
    began = time.monotonic()
    for name in (*names, *others):
        proxies.poison(name, "latency", latency=CALL_LATENCY_MS)
    meanwhile()
    run.pause(max(0.0, SLOW_S - (time.monotonic() - began)))
    calls, seconds = _calls_of(run, service) - before, time.monotonic() - began
    for name in (*names, *others):
        proxies.cure(name, "latency")
    calm = run.calm[service] * seconds
    run.note(f"calls of {service}: {calm:.0f} in {seconds:.0f} s before, {calls:.0f} while slow")
    run.expect(calm, f"nobody asks {service} anything")
    run.expect(calls <= CALLS_MEANWHILE_MAX * calm, f"{service} is asked more when it is slow")


def _confuse(run, names, meanwhile=lambda: None):
    """Whoever asks `names` gets bytes without a meaning."""
    nonsense, began = Nonsense(run.seed), time.monotonic()
    for name in names:
        run.ground.proxies.lead_to(name, nonsense.address)
    meanwhile()
    run.pause(max(0.0, SLOW_S - (time.monotonic() - began)))
    for name in names:
        run.ground.proxies.lead_to(name, run.trama.at(name))
    nonsense.close()
    run.note(f"{nonsense.calls} connections of {', '.join(names)} met nonsense")
    run.expect(nonsense.calls, f"nobody met the nonsense of {names}")


def _ask(run, service, owner):
    """Through the replica that does not own the workspace."""
    other = next(name for name in run.trama.replicas_of(service) if name != owner)
    return run.ground.as_supervisor(
        run.workspace, f"--{service}-address", run.trama.at(other), "--timeout", f"{PATIENCE_S}s",
        *QUESTIONS[service], check=False)


def _expect_answers(run, owners):
    for service, owner in owners.items():
        done = _ask(run, service, owner)
        run.expect(done.returncode == 0, f"{service} does not answer: {done.stderr}")


def _expect_errors(run, owners):
    """In time, and nothing but an error: no answer can be right."""
    for service, owner in owners.items():
        began = time.monotonic()
        done = _ask(run, service, owner)
        took = time.monotonic() - began
        run.expect(done.returncode != 0, f"{service} answered though {owner} could not")
        run.expect(took < PATIENCE_S + START_S, f"{service} took {took:.1f} s to say that it cannot")
        run.note(f"{service}: {done.stderr.strip()[:120]}")


def check_broken_services(run, facts):
    """Nobody waits for another service longer than he wants to."""
    _expect_soon(run, "to the conversation", _delays_meanwhile(facts))


def _delays_meanwhile(facts):
    return [delay for at, delay in invariants.delays(facts)
            if facts.moments["fault"] <= at < facts.moments["healed"]]


def _expect_soon(run, what, took):
    p50, p99 = quantile(took, 0.5), quantile(took, 0.99)
    run.note(f"{what} meanwhile: p50 {p50:.2f} s, p99 {p99:.2f} s of {len(took)}")
    run.expect(took and p99 < ANSWER_MAX_S, f"{what}: p99 was {p99:.1f} s of {len(took)}")


def _calls_of(run, service):
    """How many calls it was asked by now."""
    return run.ground.total(service, "trama_grpc_server_calls_total")
