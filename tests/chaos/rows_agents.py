"""Faults of agents' clients. Some agents of the workspace are not loadgen's: they play here."""

import collections
import json
import signal
import time

from facts import seconds
from ground import wait_until
from rows_webhooks import quantile

LOADGENS = 7  # Of the agents; the others are this row's.
OFFER_TIMEOUT_S = 4
RULES = {"offer_timeout": f"{OFFER_TIMEOUT_S}s", "heartbeat_timeout": "20s"}
# The end of an offer is a deadline of the engine, told with the next commit.
TOLERANCE_S = 2


class Agent:
    """An agent whose client is tramactl."""

    def __init__(self, run, credential):
        self.run, self.name, self.token = run, credential["name"], credential["token"]
        self.client = run.ground.process(f"{run.workspace}-{self.name}")

    def tramactl(self, *arguments):
        return self.run.trama.tramactl("-w", self.run.workspace, "--token", self.token, "-o",
                                       "json", "agent", self.name, *arguments, check=False)

    def come(self):
        self.client.start([
            self.run.trama.build / "bin/tramactl", "--endpoints",
            self.run.ground.folder / "endpoints.json", "-w", self.run.workspace, "--token",
            self.token, "-o", "json", "agent", self.name, "watch", "--online"])

    def offers(self):
        """Those that his client was told of, of text conversations, newest last."""
        told = []
        for line in self.client.log_file.read_text().splitlines() if self.client.pid() else []:
            if line.startswith("{") and line.endswith("}"):
                offer = json.loads(line).get("offer")
                if offer and offer["conversation"].get("channel") == "sms":
                    told.append(offer)
        return told

    def next_offer(self, after=0):
        """One that was told after so many."""
        return wait_until(f"{self.name} is offered something",
                          lambda: self.offers()[after:] or None)[-1]


def crash(run):
    """One agent's client dies with open offers; one accepts twice, in two sessions at once; one accepts
    when it is too late. Each gets a clear answer, and every conversation finds another agent."""
    agents = [Agent(run, each) for each in run.world["agents"][LOADGENS:]]
    for agent in agents:
        agent.come()
    dying, double, late = agents
    dying.next_offer()
    dying.client.kill()
    run.moments["crashed"] = time.time()
    _accept_twice(run, double, late)
    _accept_late(run, late)
    for agent in (double, late):
        agent.client.stop()
    for agent in agents:
        agent.tramactl("offline")
    run.mark("healed")


def _accept_twice(run, agent, other):
    offer = agent.next_offer(after=len(agent.offers()))
    foreign = other.tramactl("accept", offer["offerId"])
    run.expect(foreign.returncode != 0, f"{other.name} accepted an offer of {agent.name}")
    first = agent.tramactl("accept", offer["offerId"])
    second = agent.tramactl("accept", offer["offerId"])  # Another session, another command id.
    conversation = offer["conversation"]["conversationId"]
    run.expect(first.returncode == 0, f"{agent.name} could not accept: {first.stderr}")
    run.note(f"a second accept: exit {second.returncode} {second.stderr.strip()[:100]}")
    done = agent.tramactl("resolve", conversation)
    run.expect(done.returncode == 0, f"{agent.name} could not resolve: {done.stderr}")


def _accept_late(run, agent):
    offer = agent.next_offer(after=len(agent.offers()))
    run.pause(OFFER_TIMEOUT_S + TOLERANCE_S)
    answer = agent.tramactl("accept", offer["offerId"])
    run.expect(answer.returncode != 0, f"{agent.name} accepted an offer that was over")
    run.note(f"a late accept: {answer.stderr.strip()[:100]}")


def check(run, facts):
    """Every offer ended: accepted, or given back in time."""
    ends = collections.defaultdict(list)
    for event in facts.conversations:
        for fact in ("accepted", "offerEnded"):
            if fact in event:
                ends[event[fact]["offerId"]].append(seconds(event["occurredAt"]))
    for event in facts.conversations:
        if "offered" not in event:
            continue
        offer = event["offered"]["offerId"]
        if len(ends[offer]) != 1:
            run.wrong(f"offer {offer} ended {len(ends[offer])} times")
        elif ends[offer][0] > seconds(event["offered"]["expiresAt"]) + TOLERANCE_S:
            run.wrong(f"offer {offer} came back late")


# -- one who does not read

STILL_S = 18
SLOW_RULES = {"offer_timeout": "4s", "heartbeat_timeout": "10s"}
# The median of others may grow by a fifth, and by what a busy machine does anyhow.
GROWTH_MAX, NOISE_S = 1.2, 0.1


def stand_still(run):
    """A client stops to read its stream and to send heartbeats: its offers come back, it counts as
    gone, and nobody else waits for it."""
    agent = Agent(run, run.world["agents"][-1])
    run.still = agent.name
    agent.come()
    agent.next_offer()
    agent.client.signal(signal.SIGSTOP)
    run.mark("fault")
    run.pause(STILL_S)
    run.mark("healed")
    agent.client.signal(signal.SIGCONT)
    agent.client.kill()
    agent.tramactl("offline")


def check_still(run, facts):
    check(run, facts)
    lost = [event for event in facts.agents
            if event["agentId"] == run.still and "heartbeatLost" in event]
    run.expect(lost, f"{run.still} stood still and was not missed")
    fault, healed = facts.moments["fault"], facts.moments["healed"]
    calm, meanwhile = (_offer_to_accept(facts, *span) for span in ((0, fault), (fault, healed)))
    run.note(f"offer to accept: p50 {quantile(calm, 0.5):.3f} s, p99 {quantile(calm, 0.99):.3f} s before; "
             f"{quantile(meanwhile, 0.5):.3f} and {quantile(meanwhile, 0.99):.3f} s meanwhile")
    for part in (0.5, 0.99):
        run.expect(quantile(meanwhile, part) <= GROWTH_MAX * quantile(calm, part) + NOISE_S,
                   f"others waited longer at {part}")


def _offer_to_accept(facts, begin, end):
    offered, took = {}, []
    for line in facts.journal:
        at = line["at_us"] / 1e6
        if line["what"] == "offer":
            offered[line["agent"], line["conversation"]] = at
        elif line["what"] == "accept" and line["answer"] == "ok":
            since = offered.get((line["agent"], line["conversation"]))
            if since is not None and begin <= since < end:
                took.append(at - since)
    return took
