"""What a run has left behind: loadgen's journal, the records of the public topics, what services
answer. Lists of plain dictionaries as tramactl prints Protobuf (JSON, defaults left out), in the
order of the topic. Whoever judges gets nothing else."""

import dataclasses
import datetime

FACTS = ("opened", "messageReceived", "queued", "offered", "offerEnded", "accepted", "replySent",
         "noteAdded", "resolved", "wrapUpStarted", "wrapUpCompleted", "reopened", "closed",
         "abandoned", "factsLearned", "deliveryChanged", "consentChanged")


def fact_of(event):
    """The name of the fact that a conversation event tells."""
    return next((name for name in FACTS if name in event), "unknown")


def seconds(text):
    """A timestamp of Protobuf's JSON, in seconds since 1970."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + float(f"0.{fraction or 0}")


@dataclasses.dataclass
class Facts:
    """Of one workspace. `journal`: loadgen's lines. `extra_ids`: vendor ids that the row itself has
    sent beside loadgen. `units`: channel -> what one conversation costs. `moments`: name -> seconds
    since 1970 of what the row did ("fault", "healed"). `before` and `after`: customer -> what profile
    said before and after it was rebuilt from the topics."""
    journal: list = dataclasses.field(default_factory=list)
    extra_ids: set = dataclasses.field(default_factory=set)
    interactions: list = dataclasses.field(default_factory=list)
    conversations: list = dataclasses.field(default_factory=list)
    agents: list = dataclasses.field(default_factory=list)
    clocks: list = dataclasses.field(default_factory=list)
    deliveries: list = dataclasses.field(default_factory=list)
    outbound: list = dataclasses.field(default_factory=list)
    dead_letters: list = dataclasses.field(default_factory=list)
    kpis: dict = dataclasses.field(default_factory=dict)
    before: dict = dataclasses.field(default_factory=dict)
    after: dict = dataclasses.field(default_factory=dict)
    units: dict = dataclasses.field(default_factory=dict)
    units_total: int = 100
    lag: dict = dataclasses.field(default_factory=dict)
    rss_grown: dict = dataclasses.field(default_factory=dict)
    rss_grown_max: int = 0
    moments: dict = dataclasses.field(default_factory=dict)
    recovery_max: float = 10.0
    lateness_max: float = 30.0

    # -- what loadgen saw

    def sent(self):
        """Vendor id -> when it was first sent."""
        times = {}
        for line in self.journal:
            if line["what"] == "send":
                times.setdefault(line["id"], line["at_us"] / 1e6)
        return times

    def accepted(self):
        """Vendor id -> when it was answered with success. From then on it must not be lost."""
        times = {}
        for line in self.journal:
            if line["what"] == "answer" and line["answer"].isdigit() \
                    and line["answer"].startswith("2"):
                times.setdefault(line["id"], line["at_us"] / 1e6)
        return times

    def answer_seconds(self, begin, end):
        """How long the answers took to messages that were first sent in that time."""
        accepted = self.accepted()
        return [accepted[vendor_id] - at for vendor_id, at in self.sent().items()
                if begin <= at < end and vendor_id in accepted]

    def accepted_commands(self, command):
        return [line for line in self.journal
                if line["what"] == command and line.get("answer") == "ok"]

    def arrivals(self):
        """Token of an answer -> how often it was at the vendor."""
        times = {}
        for line in self.journal:
            if line["what"] == "arrival":
                times[line["id"]] = times.get(line["id"], 0) + 1
        return times

    # -- what stands on the topics

    def interaction_ids(self):
        """Vendor id -> its interaction ids."""
        ids = {}
        for each in self.interactions:
            if each.get("kind") == "KIND_MESSAGE":
                ids.setdefault(each["vendorMessageId"], set()).add(each["interactionId"])
        return ids

    def received(self):
        """(interaction id, event) of every message in a conversation."""
        return [(event["messageReceived"]["interactionId"], event)
                for event in self.conversations if "messageReceived" in event]

    def by_conversation(self):
        events = {}
        for event in self.conversations:
            events.setdefault(event["conversationId"], []).append(event)
        return events

    def message_of(self):
        """Token of an answer -> its outbound message."""
        messages = {}
        for each in self.outbound:
            for part in each.get("parts", []):
                _, _, rest = part.get("text", {}).get("body", "").partition("[token:")
                token, closed, _ = rest.partition("]")
                if closed:
                    messages[token] = each
        return messages
