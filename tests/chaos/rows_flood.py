"""Faults of whoever sends too much to a door, or too slowly."""

import contextlib
import gzip
import re
import socket
import subprocess
import time

import vendors
from ground import stack
from rows_webhooks import quantile

ROUNDS = 5
RSS_GROWN_MAX = 32 << 20
ANSWER_MAX_S = 0.1
# Beyond the limit of every door.
HUGE_BODY = 4 << 20
CHUNKS = 128  # Of 64 KiB; none is the last.
# Of each kind, at each door: of slow headers, of slow bodies, and of slow readers.
SLOW_CONNECTIONS, SLOW_MIN = 700, 2000
ROOM = 1024  # How many connections the server of a door takes at once.
SLOW_S = 15
# Below, a machine with two cores shows its own noise.
SLOW_ANSWER_S = 0.25


# -- too much

def oversize(run):
    """Bodies and headers beyond every limit, bombs, a request that never ends, at each door: a clear
    4xx each, soon, and the memory does not grow with it."""
    run.buried = 0  # Signed ones that a vendor must not send again: they become dead letters.
    for vendor in vendors.of(run):
        for name in run.trama.replicas_of(vendor.channel):
            _besiege(run, vendor, name)
    run.mark("healed")


def _besiege(run, vendor, name):
    port, before = run.trama.ports[f"{name}_http"], run.ground.rss()[name]
    took, refused = [], {}
    for _ in range(ROUNDS):
        for what, request in _monsters(vendor):
            began = time.monotonic()
            answer = _say(port, request)
            took.append(time.monotonic() - began)
            refused.setdefault(what, 0)
            if not answer:  # The door was closed before all was said.
                continue
            status = answer[9:12].decode()
            # 400, 401, 403, 404, 408, 411, 413, 415, 431.
            is_buried = "signed" in what and status == str(vendor.taken)
            run.buried += is_buried
            refused[what] += 1
            run.expect(status.startswith("4") or is_buried, f"{name}: {what}: {answer[:40]!r}")
    for what, count in refused.items():
        run.expect(count, f"{name}: nobody was ever answered that sent {what}")
    grown = run.ground.rss()[name] - before
    run.expect(grown < RSS_GROWN_MAX, f"{name} grew by {grown >> 20} MiB")
    median = quantile(took, 0.5)
    run.expect(median < ANSWER_MAX_S, f"{name} took {median * 1000:.0f} ms to refuse")
    run.note(f"{name}: {len(took)} requests, {median * 1000:.0f} ms each, grew by {grown >> 20} MiB")


def check_oversize(run, facts):
    """Nothing that was taken is gone without a trace."""
    letters = len(facts.dead_letters)
    run.expect(letters >= run.buried, f"{run.buried} signed ones were taken, {letters} were kept")


def _say(port, request):
    """What a server answers to these bytes until it closes."""
    answer = b""
    with socket.create_connection((stack.HOST, port), vendors.TIMEOUT_S) as line:
        with contextlib.suppress(OSError):
            line.sendall(request)
            line.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while chunk := line.recv(4096):
                answer += chunk
    return answer


def _monsters(vendor):
    head = f"POST {vendor.path} HTTP/1.1\r\nHost: x\r\n".encode()
    typed = f"Content-Type: {vendor.content_type}\r\n{vendor.signature_header}: x\r\n".encode()
    bomb = gzip.compress(b"Body=" + b"x" * (10 << 20))
    deep = b"[" * 50_000
    zipped, json = b"Content-Encoding: gzip\r\n", b"Content-Type: application/json\r\n"
    yield "a body of 4 MB", (head + typed + b"Content-Length: %d\r\n\r\n" % HUGE_BODY
                             + b"x" * HUGE_BODY)
    yield "a body of 10 GB", head + typed + b"Content-Length: 10737418240\r\n\r\n" + b"x" * 65_536
    yield "10 000 headers", head + b"A: b\r\n" * 10_000 + b"\r\n"
    yield "a header of 1 MB", head + b"A: " + b"x" * 1_048_576 + b"\r\n\r\n"
    yield "a gzip bomb", head + typed + zipped + _sized(bomb)
    yield "deep JSON", head + json + _sized(deep)
    yield "chunks without end", (head + typed + b"Transfer-Encoding: chunked\r\n\r\n"
                                 + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * CHUNKS)
    if vendor.signs_bytes:  # Whoever has the secret gets further.
        yield "signed deep JSON", head + json + _proof(vendor, deep) + _sized(deep)
        yield "a signed gzip bomb", head + json + zipped + _proof(vendor, bomb) + _sized(bomb)


def _sized(body):
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def _proof(vendor, body):
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in vendor.sign(body).items())


# -- too slow

def slow_down(run):
    """Slow headers, slow bodies and slow readers by the thousand at one instance of each door, which
    takes as many as it has room for; whoever is quick must not feel it."""
    attacks = {vendor.channel: _creep(run, vendor) for vendor in vendors.of(run)}
    most = {channel: 0 for channel in attacks}
    until = time.monotonic() + SLOW_S
    while time.monotonic() < until:
        for channel in most:
            files = run.ground.metrics(f"{channel}_0")["trama_process_open_files"]
            most[channel] = max(most[channel], int(files))
        run.pause(1)
    for channel, creeping in attacks.items():
        made = sum(_connections(attack) for attack in creeping)
        run.note(f"{channel}_0: {made} slow connections, {most[channel]} open files at most")
        run.expect(made >= SLOW_MIN, f"only {made} connections came to {channel}_0")
        run.expect(most[channel] > ROOM, f"{channel}_0 was never full: {most[channel]} open files")
    run.mark("healed")


def _creep(run, vendor):
    url = f"http://{run.trama.at(f'{vendor.channel}_0_http')}{vendor.path}"
    kinds = {"-H": ["-i", "5"], "-B": ["-i", "5", "-s", "4096"],
             "-X": ["-n", "5", "-w", "1", "-y", "8"]}
    return [subprocess.Popen(
        ["slowhttptest", kind, *more, "-u", url, "-c", str(SLOW_CONNECTIONS), "-r", "400", "-l",
         str(SLOW_S), "-p", "3"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for kind, more in kinds.items()]


def _connections(attack):
    """How many it has made, as it says at its end: those that stand, and those that were closed."""
    said = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", attack.communicate()[0])
    return sum(int(re.findall(rf"{word}:\s*(\d+)", said)[-1]) for word in ("connected", "closed"))


def check_slow(run, facts):
    """The answers to good webhooks, before and meanwhile."""
    fault, healed = facts.moments["fault"], facts.moments["healed"]
    calm = facts.answer_seconds(0, fault)
    slow = facts.answer_seconds(fault, healed)
    run.note(f"answered: p50 {quantile(calm, 0.5) * 1000:.0f} ms, p99 {quantile(calm, 0.99) * 1000:.0f}"
             f" ms before; {quantile(slow, 0.5) * 1000:.0f} and {quantile(slow, 0.99) * 1000:.0f} ms"
             " meanwhile")
    channel_of = {each["vendorMessageId"]: each["channel"] for each in facts.interactions}
    accepted = facts.accepted()
    for vendor in vendors.of(run):
        count = sum(1 for vendor_id, at in facts.sent().items() if fault <= at < healed
                    and vendor_id in accepted and channel_of.get(vendor_id) == vendor.channel)
        run.expect(count, f"nothing was taken at {vendor.channel} meanwhile")
    limit = max(2 * quantile(calm, 0.99), SLOW_ANSWER_S)
    run.expect(quantile(slow, 0.99) <= limit,
               f"p99 was {quantile(slow, 0.99):.2f} s, {limit:.2f} s are allowed")
