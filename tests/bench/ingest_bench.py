"""ingest: signed messages, each with an id of its own, acknowledged by Kafka before the answer, per
CPU second of the server; beside it nginx, which answers the same requests with a fixed text, and a
server of Go's standard library and franz-go, which does the same job: it looks repeats up and writes
the event that the door writes. What becomes of it when it only forwards the body, and when it
remembers nothing either, is told too."""

import os
import statistics
import subprocess

import machine
import stack
from figures import Figures
from ground import ROOT, TOPIC, Ground

CONNECTIONS = 128  # Of all servers: as many as one needs that waits for Kafka, to be busy.
WARM_UP_S = 60  # Of Kafka, which compiles itself meanwhile.
ACKS = 1000
INTERACTIONS = "trama.interactions.v1"
PAYLOAD_BYTES = 512

NGINX = """
daemon off;
worker_processes {cores};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 10000000;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type text/xml; return 200 "<Response/>"; }}
  }}
}}
"""


def start_nginx(ground):
    port = ground.peer_port("nginx")
    config = ground.folder / "nginx.conf"
    config.write_text(NGINX.format(cores=os.cpu_count(), folder=ground.folder, port=port))
    return ground.start("nginx", ["nginx", "-c", config, "-p", ground.folder], port)


def build_go():
    binary = stack.CACHE / "bench-go-peer"
    # Debian's Go may be too old; the vendors' Python environment has one, too.
    path = f"{stack.CACHE / 'vendor/venv/bin'}:{os.environ['PATH']}"
    subprocess.run(["go", "build", "-trimpath", "-o", str(binary), "."], check=True,
                   cwd=ROOT / "tests/bench/go", env={**os.environ, "PATH": path, "CGO_ENABLED": "0"})
    return binary


def start_go(ground, name, binary, *more):
    sms = ground.facts["channels"]["sms"]
    port = ground.peer_port(name)
    address = f"127.0.0.1:{port}"
    pid = ground.start(name, [binary, "-listen", address, "-brokers", ground.trama.at("kafka"),
                              "-topic", TOPIC, "-token", sms["auth_token"], "-url", sms["url"],
                              *more], port)
    return address, pid


def measure(ground, server, pid, run, seconds, **more):
    """(what came of it, accepted per CPU second of the server)"""
    before = machine.cpu_seconds(pid)
    said = ground.webhooks(server, run, seconds=seconds, connections=CONNECTIONS, **more)
    cpu = machine.cpu_seconds(pid) - before
    refused = {status: times for status, times in said["answers"].items() if status != "200"}
    if refused:
        raise RuntimeError(f"{run}: answers {refused}")
    return said, said["accepted"] / max(cpu, 0.01)


def main(options):
    figures = Figures("ingest")
    with Ground(options.build, names=["config", "sms"]) as ground:
        go = build_go()
        redis = ["-redis", ground.trama.at("redis")]
        # The judged peer right before ours: what the machine does meanwhile meets both.
        servers = {"nginx": (f"127.0.0.1:{ground.peer_port('nginx')}", start_nginx(ground)),
                   "Go, forgetful": start_go(ground, "go_forgetful", go),
                   "Go, forwarding": start_go(ground, "go_forwarding", go, *redis),
                   "Go": start_go(ground, "go", go, *redis, "-whole"),
                   "ours": (ground.trama.at("sms_http"), ground.trama.process("sms").pid())}
        per_cpu = {name: [] for name in servers}
        walls, acks, halves, ceilings, unsafe, forgetful = [], [], [], [], [], []
        measure(ground, *servers["ours"], "warm-up", WARM_UP_S)
        for turn in range(options.rounds):
            for name, (server, pid) in servers.items():
                there = ground.records_in(INTERACTIONS)
                said, rate = measure(ground, server, pid, f"{name}-{turn}", options.seconds)
                per_cpu[name].append(rate)
                if name == "ours":
                    walls.append(said["per_second"])
                    check(ground.records_in(INTERACTIONS) - there, said["accepted"])
            # Before the ceilings, whose gigabyte the system writes to the disk for a while.
            acks.append(ground.kafka("ack", count=ACKS)["p99_ms"])
            half, _ = measure(ground, *servers["ours"], f"half-{turn}", options.seconds,
                              rate=walls[-1] / 2)
            halves.append(half["p99_ms"])
            forgetful.append(without_memory(ground, servers["ours"], turn, options.seconds))
            ceilings.append(throughput(ground, idempotent=True))
            unsafe.append(throughput(ground, idempotent=False))
        tell(figures, per_cpu, walls, acks, halves, ceilings)
        tell_safety(figures, {"dedupe": (per_cpu["ours"], forgetful),
                              "idempotence": (ceilings, unsafe)})
    figures.finish()
    return figures


def throughput(ground, idempotent):
    return ground.kafka("throughput", bytes=PAYLOAD_BYTES, seconds=3,
                        idempotent=str(idempotent).lower())["per_second"]


def without_memory(ground, server, turn, seconds):
    """Messages per CPU second while Redis is away, so that nobody looks for repeats."""
    ground.trama.process("redis").stop()
    try:
        return measure(ground, *server, f"forgetful-{turn}", seconds)[1]
    finally:
        ground.trama.start_redis()


def check(records, accepted):
    if records != accepted:
        raise RuntimeError(f"{accepted} messages were accepted and {records} stand on the topic")


def tell_safety(figures, runs):
    """What is left of the speed without a safety when it is on."""
    for name, (with_it, without) in runs.items():
        ratio = statistics.median(a / b for a, b in zip(with_it, without))
        figures.goal(f"G22_with_{name}_to_without", ratio, 0.7, 0.85, True)


def tell(figures, per_cpu, walls, acks, halves, ceilings):
    median = statistics.median
    for peer in ("nginx", "Go", "Go, forwarding", "Go, forgetful"):
        figures.peer(f"{peer}: requests per CPU second", per_cpu[peer])
    figures.row("ours: messages per CPU second", median(per_cpu["ours"]))
    figures.row("ours: messages per second", median(walls))
    figures.row("librdkafka: records per second", median(ceilings))
    figures.row("ours: p99 at half load", median(halves), "ms")
    figures.row("librdkafka: sync ack p99", median(acks), "ms")

    def ratio(ours, peers):
        return median(a / b for a, b in zip(ours, peers))
    figures.goal("G1_per_cpu_to_go", ratio(per_cpu["ours"], per_cpu["Go"]), 2, 3, True)
    for peer in ("Go, forwarding", "Go, forgetful"):
        figures.row(f"ours / {peer}", ratio(per_cpu["ours"], per_cpu[peer]))
    figures.goal("G2_per_cpu_to_nginx", ratio(per_cpu["ours"], per_cpu["nginx"]), 0.20, 0.35, True)
    figures.goal("G3_rate_to_librdkafka", ratio(walls, ceilings), 0.05, 0.08, True)
    figures.goal("G4_p99_to_sync_ack", ratio(halves, acks), 30, 12, False)
