"""Faults of agents' clients. Some agents of the workspace are not loadgen's: they play here."""

import collections
import json
import time

from facts import seconds
from ground import wait_until

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
