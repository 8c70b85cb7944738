"""Faults of vendors that send webhooks: again and again, in any order, forged, oversized."""

import collections
import concurrent.futures
import gzip
import json
import subprocess
import time

from ground import wait_until  # Puts tools/lib on the path.
import customers
from vendors import Twilio

MESSAGES = 60
TIMES = 3
FORGERIES = 20
ROUNDS = 5
RSS_GROWN_MAX = 32 << 20
ANSWER_MAX_S = 0.1
SLOW_CONNECTIONS = 700
SLOW_S = 15
# Below, a machine with two cores shows its own noise.
SLOW_ANSWER_S = 0.25
# Where loadgen's burst lies, as a part of its time, and how much of all is sent in it.
BURST_FROM, BURST_MIN = 0.45, 0.4
BURST_ANSWER_S = 5


def repeat(run):
    """Each message three times at once, at both instances; and all of it once more when Redis has
    forgotten what was seen, as after the memory's eight days."""
    twilio = Twilio(run.world["channels"]["sms"])
    ports = [run.trama.ports[f"{name}_http"] for name in run.trama.replicas_of("sms")]
    forms = [twilio.message(f"+1212555{1000 + number % 20}", f"message {number}")
             for number in range(MESSAGES)]
    run.extra_ids.update(form["MessageSid"] for form in forms)
    posts = [(ports[time % len(ports)], form) for form in forms for time in range(TIMES)]
    with concurrent.futures.ThreadPoolExecutor(2 * TIMES) as senders:
        statuses = list(senders.map(lambda post: twilio.post(*post), posts))
        run.ground.empty_redis()
        statuses += senders.map(lambda post: twilio.post(*post), posts[::TIMES])
    run.expect(set(statuses) == {200}, f"answers to repeated webhooks: {sorted(set(map(str, statuses)))}")
    run.mark("healed")


# -- forged

def forge(run):
    """Signatures that are none, cut, in another case, of another secret or another body: 403, and
    nothing of it on a topic. Then a secret is changed while both are valid, and one goes again."""
    twilio = Twilio(run.world["channels"]["sms"])
    port = run.trama.ports["sms_http"]
    for params, signature in _forgeries(run, twilio):
        run.expect(twilio.post(port, params, signature) == 403,
                   f"a forged webhook ({signature[:12]!r}) was not refused")
    _rotate(run, twilio, port)
    run.mark("healed")


def _forgeries(run, twilio):
    for number in range(FORGERIES):
        params = twilio.message("+12125550000", f"forged {number}")
        good = twilio.sign(params)
        yield params, ""
        yield params, good[:-2]
        yield params, good.swapcase()
        yield params, twilio.sign(params, "0" * 32)
        yield params, twilio.sign({**params, "Body": "something else"})
        yield params, "A" * run.random.randrange(1, 4000)


def _rotate(run, twilio, port):
    old, new = "twilio-auth-token-" + run.workspace, "twilio-auth-token-new-" + run.workspace
    fresh = run.trama.secret(new)

    def answer(token):
        params = twilio.message("+12125550001", "rotated")
        status = twilio.post(port, params, twilio.sign(params, token))
        if status == 200:
            run.extra_ids.add(params["MessageSid"])
        return status

    _apply_tokens(run, [new, old])
    _wait_for_all(run, lambda: answer(fresh) == 200, "the new secret is valid")
    run.expect(answer(None) == 200, "the old secret is not valid beside the new one")
    _apply_tokens(run, [old])
    _wait_for_all(run, lambda: answer(fresh) == 403, "the secret that was taken away is not valid")


def _wait_for_all(run, holds, what):
    """Several times in a row, since two instances take turns."""
    wait_until(what, lambda: all(holds() for _ in range(4)))


def _apply_tokens(run, names):
    """The account with these secrets, newest first."""
    parts = (run.ground.folder / f"{run.workspace}.yaml").read_text().split("\n---\n")
    account = next(part for part in map(json.loads, parts)
                   if part["kind"] == "ChannelAccount" and part["metadata"]["name"] == "sms")
    account["spec"]["sms"]["authTokens"] = [
        f"file:{run.trama.secrets / name}" for name in names]
    file = run.ground.folder / f"{run.workspace}-account.yaml"
    file.write_text(json.dumps(account))
    run.trama.tramactl("apply", "-f", file)


# -- too much

def oversize(run):
    """Bodies and headers beyond every limit, bombs, a request that never ends: a clear 4xx each, soon,
    and the memory does not grow with it."""
    for name in run.trama.replicas_of("sms"):
        before = run.ground.rss()[name]
        port, took = run.trama.ports[f"{name}_http"], []
        for _ in range(ROUNDS):
            for what, request in _monsters(Twilio(run.world["channels"]["sms"]).path):
                began = time.monotonic()
                answer = customers.say_raw(port, request)
                took.append(time.monotonic() - began)
                # 400, 403, 404, 408, 411, 413, 415, 431; some may get the door instead.
                run.expect(not answer or answer[9:10] == b"4", f"{what}: {answer[:40]!r}")
        grown = run.ground.rss()[name] - before
        run.expect(grown < RSS_GROWN_MAX, f"{name} grew by {grown >> 20} MiB")
        median = sorted(took)[len(took) // 2]
        run.expect(median < ANSWER_MAX_S, f"{name} took {median * 1000:.0f} ms to refuse")
        run.note(f"{name}: {len(took)} requests, {median * 1000:.0f} ms each, "
                 f"grew by {grown >> 20} MiB")
    run.mark("healed")


def _monsters(path):
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode()
    form = b"Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: x\r\n"
    bomb = gzip.compress(b"Body=" + b"x" * (10 << 20))
    deep = b"[" * 50_000
    yield "a body of 1 MB", head + form + b"Content-Length: 1048576\r\n\r\n" + b"x" * 1_048_576
    yield "a body of 10 GB", head + form + b"Content-Length: 10737418240\r\n\r\n" + b"x" * 65_536
    yield "10 000 headers", head + b"A: b\r\n" * 10_000 + b"\r\n"
    yield "a header of 1 MB", head + b"A: " + b"x" * 1_048_576 + b"\r\n\r\n"
    yield "a gzip bomb", (head + form + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
                          % len(bomb) + bomb)
    yield "deep JSON", (head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                        % len(deep) + deep)
    yield "chunks without end", head + form + b"Transfer-Encoding: chunked\r\n\r\n5\r\nBody=\r\n"


# -- too slow, too many

def slow_down(run):
    """Slow headers, slow bodies and slow readers by the thousand at one instance; whoever is quick
    must not feel it."""
    url = f"http://{run.trama.at('sms_0_http')}{Twilio(run.world['channels']['sms']).path}"
    common = ["-u", url, "-c", str(SLOW_CONNECTIONS), "-r", "400", "-l", str(SLOW_S), "-p", "3"]
    attacks = [subprocess.Popen(["slowhttptest", *kind, *common], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
               for kind in (["-H", "-i", "5"], ["-B", "-i", "5", "-s", "4096"],
                            ["-X", "-n", "5", "-w", "1", "-y", "8"])]
    run.pause(SLOW_S / 2)
    opened = int(run.ground.metrics("sms_0")["trama_process_open_files"])
    run.note(f"sms_0 had {opened} open files meanwhile")
    run.expect(opened > SLOW_CONNECTIONS, "the slow connections did not come about")
    for attack in attacks:
        attack.wait()
    run.mark("healed")


def check_slow(run, facts):
    """The answers to good webhooks, before and meanwhile."""
    fault, healed = facts.moments["fault"], facts.moments["healed"]
    calm = facts.answer_seconds(0, fault)
    slow = facts.answer_seconds(fault, healed)
    run.note(f"answered: p50 {quantile(calm, 0.5) * 1000:.0f} ms, p99 {quantile(calm, 0.99) * 1000:.0f}"
             f" ms before; {quantile(slow, 0.5) * 1000:.0f} and {quantile(slow, 0.99) * 1000:.0f} ms"
             " meanwhile")
    limit = max(2 * quantile(calm, 0.99), SLOW_ANSWER_S)
    run.expect(quantile(slow, 0.99) <= limit,
               f"p99 was {quantile(slow, 0.99):.2f} s, {limit:.2f} s are allowed")


def quantile(values, part):
    return sorted(values)[int(part * (len(values) - 1))] if values else 0.0


def burst(run):
    """loadgen itself writes ten times as much in the middle tenth of its time."""
    run.pause(run.lasts_s)


def check_burst(run, facts):
    """What is refused is refused with 429 or 503, and who is taken is answered in time."""
    times = sorted(facts.sent().values())
    span = times[-1] - times[0]
    begin, end = times[0] + BURST_FROM * span, times[0] + (1 - BURST_FROM) * span
    took = facts.answer_seconds(begin, end)
    answers = collections.Counter(line["answer"] for line in facts.journal
                                  if line["what"] == "answer")
    run.note(f"{len(took)} taken in {end - begin:.0f} s, p99 {quantile(took, 0.99):.2f} s; "
             f"answers: {dict(answers)}")
    run.expect(set(answers) <= {"200", "250", "429", "503", "421", "451"},
               f"answers to a burst: {set(answers)}")
    run.expect(quantile(took, 0.99) < BURST_ANSWER_S, "p99 of the answers to a burst is not bounded")
    run.expect(len(took) >= BURST_MIN * len(times), "there was no burst")
