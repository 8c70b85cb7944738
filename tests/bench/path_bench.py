"""path: from the request's last byte to the offer in an agent's client, and from accept to answer,
with everything on; beside it what Kafka alone takes, measured between the rounds.

What is judged are agents who accept, resolve and wrap up, as the peers of the goals were measured; the
same follows with agents who also answer each message, which a vendor gets and confirms."""

import statistics

from figures import Figures
from ground import Ground

ACKS, COMMITS = 1000, 100
WARM_UP_AGAIN_S = 15  # Of a second run on what is warm.
# Who takes part, and who works on the way from webhook to accepted offer.
NAMES = ("config", "profile", "routing_0", "routing_1", "sla_0", "sla_1", "reporting", "sms",
         "whatsapp")
PATH = ("sms", "whatsapp", "profile", "routing_0", "routing_1")


def latency(report, name, quantile):
    return report["latencies"][name][f"{quantile}_ms"]


def play(ground, options, seed, warm_up, answers):
    """What loadgen reports of `options.seconds` after so many to warm up."""
    return ground.run_json([
        ground.trama.build / "bin/trama-loadgen", f"--endpoints={ground.folder / 'endpoints.json'}",
        f"--world={ground.world}", f"--rate={options.rate}",
        f"--duration={options.seconds + warm_up}s", f"--warm_up={warm_up}s", "--returning=0",
        "--channels=sms=1,whatsapp=1", "--calls_owner", f"--answers={str(answers).lower()}",
        f"--seed={seed}", "--settle_max=120s", "--o=json"])


def main(options):
    from machine import Sampler
    figures = Figures("path")
    acks, commits, reports, answered, cpu, rss = [], [], [], [], [], {}
    for turn in range(options.rounds):
        # A stack of its own for each: Kafka goes on cleaning up after one for minutes.
        with Ground(options.build, agents=options.agents, names=NAMES) as ground:
            acks.append(ground.kafka("ack", count=ACKS))
            commits.append(ground.kafka("commit", count=COMMITS))
            with Sampler(ground.pids()) as sampler:
                reports.append(play(ground, options, turn + 1, options.warm_up, answers=False))
                answered.append(play(ground, options, turn + 101, WARM_UP_AGAIN_S, answers=True))
            cpu.append(sampler.cpu_between(reports[-1]["warm_ms"], reports[-1]["sent_ms"]))
            for name, megabytes in sampler.rss_max_mb().items():
                rss[name] = max(megabytes, rss.get(name, 0))
    figures.peer("librdkafka sync ack p50, ms", [each["p50_ms"] for each in acks])
    figures.peer("transaction commit p50, ms", [each["p50_ms"] for each in commits])
    figures.row("librdkafka sync ack p99", statistics.median(e["p99_ms"] for e in acks), "ms")
    figures.row("transaction commit p99", statistics.median(e["p99_ms"] for e in commits), "ms")
    tell_latencies(figures, answered, "with an answer to each: ")
    tell(figures, options, reports, cpu)
    for name, megabytes in sorted(rss.items()):
        figures.row(f"{name}: RSS under load", megabytes, "MB")
    figures.goal("rss_under_load_max_mb", max(rss.values()), 96, 48, higher_is_better=False)
    figures.finish()
    return figures


def median_of(reports, name, quantile):
    return statistics.median(latency(report, name, quantile) for report in reports)


def tell_latencies(figures, reports, what=""):
    for report in reports:
        if report["differences"]:
            first = report["differences"][0]
            raise RuntimeError(f"{len(report['differences'])} differences, the first: {first}")
        if report["offers"] < report["accepted"]:
            raise RuntimeError(f"{report['accepted']} messages, {report['offers']} offers")
    for name in reports[0]["latencies"]:
        figures.row(what + name,
                    " / ".join(f"{median_of(reports, name, q):.1f}" for q in ("p50", "p99", "max")),
                    "ms p50 / p99 / max")


def tell(figures, options, reports, cpu):
    tell_latencies(figures, reports)
    seconds = options.seconds
    for name in sorted(cpu[0]):
        used = statistics.median(each.get(name, 0) for each in cpu)
        figures.row(f"{name}: CPU", used / seconds, "s per second")
    accepts = statistics.median(report["latencies"]["accept to answer"]["count"]
                                for report in reports)
    path_cpu = statistics.median(sum(each.get(name, 0) for name in PATH) for each in cpu)
    figures.goal("offer_p50_ms", median_of(reports, "send to offer", "p50"), None, 8, False)
    figures.goal("G5_offer_p99_ms", median_of(reports, "send to offer", "p99"), 54, 25, False)
    figures.goal("accept_p99_ms", median_of(reports, "accept to answer", "p99"), None, 60, False)
    figures.goal("G6_durable_assignments_per_cpu_s", accepts / max(path_cpu, 0.01), 6400, 12000,
                 True)
