"""Faults of agents' clients. Some agents of the workspace are not loadgen's: they play here."""

import collections
import json
import signal
import time

from facts import seconds
from ground import stands_still, wait_until
from rows_webhooks import quantile

LOADGENS = 7  # Of the agents; the others are this row's.
OFFER_TIMEOUT_S = 4
RULES = {"offer_timeout": f"{OFFER_TIMEOUT_S}s", "heartbeat_timeout": "20s"}
OPEN_AT_CRASH = 2
# The end of an offer is a deadline of the engine, told with the next commit.
TOLERANCE_S = 2


class Agent:
    """An agent whose client is tramactl."""

    def __init__(self, run, credential, session=""):
        self.run, self.name, self.token = run, credential["name"], credential["token"]
        self.client = run.ground.process(f"{run.workspace}-{self.name}{session}")

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

    def open_offers(self):
        """Of those that he was told of and never answered: whose time is not over."""
        now = time.time()
        return [offer for offer in self.offers() if seconds(offer["expiresAt"]) > now]

    def wait_for_open_offers(self, count):
        wait_until(f"{self.name} has {count} open offers", lambda: len(self.open_offers()) >= count)


def crash(run):
    """One agent's client dies with open offers; one is in two sessions and accepts in both; one accepts
    when it is too late. Each gets a clear answer, and every conversation finds another agent."""
    agents = [Agent(run, each) for each in run.world["agents"][LOADGENS:]]
    second = Agent(run, run.world["agents"][LOADGENS + 1], session="-second")
    for agent in (*agents, second):
        agent.come()
    dying, double, late = agents
    dying.wait_for_open_offers(OPEN_AT_CRASH)
    dying.client.kill()
    run.crashed = dying.name
    run.mark("crashed")
    _accept_twice(run, double, second, late)
    _accept_late(run, late)
    for agent in (double, second, late):
        agent.client.stop()
    for agent in agents:
        agent.tramactl("offline")
    run.mark("healed")


def _accept_twice(run, agent, second, other):
    offer = agent.next_offer(after=len(agent.offers()))
    wait_until("the second session was told the same", lambda: any(
        each["offerId"] == offer["offerId"] for each in second.offers()), OFFER_TIMEOUT_S)
    foreign = other.tramactl("accept", offer["offerId"])
    run.expect(foreign.returncode != 0, f"{other.name} accepted an offer of {agent.name}")
    first = agent.tramactl("accept", offer["offerId"])
    again = second.tramactl("accept", offer["offerId"])  # Another command id.
    conversation = offer["conversation"]["conversationId"]
    run.expect(first.returncode == 0, f"{agent.name} could not accept: {first.stderr}")
    run.note(f"a second accept: exit {again.returncode} {again.stderr.strip()[:100]}")
    done = agent.tramactl("resolve", conversation)
    run.expect(done.returncode == 0, f"{agent.name} could not resolve: {done.stderr}")


def _accept_late(run, agent):
    offer = agent.next_offer(after=len(agent.offers()))
    run.pause(OFFER_TIMEOUT_S + TOLERANCE_S)
    answer = agent.tramactl("accept", offer["offerId"])
    run.expect(answer.returncode != 0, f"{agent.name} accepted an offer that was over")
    run.note(f"a late accept: {answer.stderr.strip()[:100]}")


def check_crash(run, facts):
    check(run, facts)
    _expect_given_back(run, facts, run.crashed, facts.moments["crashed"])


def _expect_given_back(run, facts, agent, at):
    """He had open offers then, and what was offered to him came to others."""
    offered = {event["offered"]["offerId"]: event["conversationId"] for event in facts.conversations
               if event.get("offered", {}).get("agentId") == agent
               and seconds(event["occurredAt"]) <= at}
    lost = {offered[event["offerEnded"]["offerId"]] for event in facts.conversations
            if event.get("offerEnded", {}).get("offerId") in offered
            and seconds(event["occurredAt"]) > at}
    found = {event["conversationId"] for event in facts.conversations
             if "accepted" in event and event["accepted"]["agentId"] != agent}
    run.note(f"{len(lost)} offers of {agent} were open")
    run.expect(lost, f"{agent} had no open offer")
    for conversation in lost - found:
        run.wrong(f"conversation {conversation} was given back by {agent} and found nobody else")


def check(run, facts):
    """Every offer ended: accepted, or given back in time."""
    run.expect(any("offered" in event for event in facts.conversations), "nobody was offered anything")
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
    agent.wait_for_open_offers(1)
    agent.client.signal(signal.SIGSTOP)
    run.mark("fault")
    run.pause(STILL_S)
    run.mark("healed")
    run.expect(stands_still(agent.client), f"{agent.name}'s client did not stand still")
    agent.client.signal(signal.SIGCONT)
    agent.client.kill()
    agent.tramactl("offline")


def check_still(run, facts):
    check(run, facts)
    lost = [event for event in facts.agents
            if event["agentId"] == run.still and "heartbeatLost" in event]
    run.expect(lost, f"{run.still} stood still and was not missed")
    fault, healed = facts.moments["fault"], facts.moments["healed"]
    _expect_given_back(run, facts, run.still, fault)
    calm, meanwhile = (_offer_to_accept(facts, *span) for span in ((0, fault), (fault, healed)))
    run.note(f"offer to accept: p50 {quantile(calm, 0.5):.3f} s, p99 {quantile(calm, 0.99):.3f} s before; "
             f"{quantile(meanwhile, 0.5):.3f} and {quantile(meanwhile, 0.99):.3f} s meanwhile")
    run.expect(calm and meanwhile, "nobody else accepted anything")
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
