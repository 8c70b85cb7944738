"""Processes die, stop and lose their memory in the middle of the work: nothing is lost, nothing
happens twice, and the same questions get the same answers."""

import subprocess
import threading
import unittest
import uuid

import world as worlds
from world import fact_of, json, wait_until

MARIA, PAULO, RITA = "+14155550123", "+14155550177", "+14155550188"
MAIL = "maria@customer.test"
OWNERS = "trama.owners.v1"


class Takeover(unittest.TestCase):
    """Each test finds a whole Trama and leaves a whole one."""

    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        cls.world.start_wiremock()
        cls.partition = next(
            each["spec"].get("partition", 0) for each in
            cls.world.listed("get", "workspaces", who="admin") if each["metadata"]["name"] == "demo")

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def tearDown(self):
        """Whoever was ended is started again."""
        for name in self.world.stack.replicas():
            self.world.stack.start_service(name)
        self.world.stack.wait_ready()

    # -- owners

    def owner(self, service):
        """The process that owns the demo's partition of that service."""
        owned = [record["value"] for record in self.world.records(OWNERS)
                 if record["value"]["service"] == service
                 and record["value"].get("partition", 0) == self.partition]
        address = owned[-1]["address"]
        return next(name for name, its in self.world.stack.replicas().items()
                    if its == service and self.world.stack.at(name) == address)

    def kill_owner(self, service):
        """kill -9; returns once the other replica has taken over."""
        owner = self.owner(service)
        self.world.stack.process(owner).kill()
        wait_until(f"another {service} owns the demo", lambda: self.owner(service) != owner)
        return owner

    # -- what the tests do with conversations

    def of(self, sender):
        """The conversation of that sender as routing sees it. After a takeover an address is known
        again only when somebody works on its conversation."""
        return next((each for each in self.world.listed("conversations", "list")
                     if each.get("identifier", {}).get("value") == sender), None)

    def open(self, sender, body):
        self.assertEqual(self.world.text(sender, body), 200)
        return wait_until(f"{sender} has a conversation", lambda: self.of(sender))

    def check_story(self, conversation_id):
        """Its events stand there once, in order, without gaps."""
        numbers = [int(event["sequence"]) for event in self.world.events(conversation_id)]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def facts(self, conversation_id, name):
        return [event for event in self.world.events(conversation_id) if fact_of(event) == name]

    # -- tests, in the order of their names: killing comes last

    def test_1_a_command_with_the_same_id_has_one_effect(self):
        self.world.watch("ana")
        self.open(MARIA, "Hello?")
        conversation = self.world.accept("ana", lambda each: each["channel"] == "sms")
        command = ("--command-id", f"reply-{uuid.uuid4()}")
        first = self.world.agent("ana", "reply", conversation, "Yes?", *command)
        again = self.world.agent("ana", "reply", conversation, "Yes?", *command)
        self.assertEqual(first["messageId"], again["messageId"])
        self.assertEqual(len(self.facts(conversation, "replySent")), 1)
        wait_until("the text is at the vendor", lambda: self.world.sent_texts(MARIA))
        self.assertEqual(len(self.world.sent_texts(MARIA)), 1)

    def test_2_killing_the_owner_of_routing_loses_nothing(self):
        assigned = self.of(MARIA)
        opened = self.open(PAULO, "Is it open?")["conversationId"]
        offer = self.world.offer_of("ana", lambda each: each["conversationId"] == opened)
        command = ("--command-id", f"note-{uuid.uuid4()}")
        noted = self.world.agent("ana", "note", assigned["conversationId"], "kind", *command)

        self.kill_owner("routing")

        again = self.world.agent("ana", "note", assigned["conversationId"], "kind", *command)
        self.assertEqual(again["messageId"], noted["messageId"])
        self.assertEqual(len(self.facts(assigned["conversationId"], "noteAdded")), 1)
        now = self.world.conversation(assigned["conversationId"])
        self.assertEqual(now["state"], "STATE_ASSIGNED")
        self.assertEqual(int(now["inboundCount"]), int(assigned["inboundCount"]))
        accepted = self.world.accept(
            "ana", lambda each: each["conversationId"] == offer["conversationId"])
        self.world.agent("ana", "reply", accepted, "Until six.")
        wait_until("the text is at the vendor", lambda: self.world.sent_texts(PAULO))
        for conversation in (assigned["conversationId"], accepted):
            self.check_story(conversation)
        ends = [each["offerEnded"]["reason"] for each in self.facts(accepted, "offerEnded")]
        self.assertNotIn("REASON_TIMED_OUT", ends)  # Time without an owner is nobody's miss.

    def test_3_killing_the_owner_of_sla_loses_no_clock(self):
        conversation = self.open(RITA, "I wait")["conversationId"]
        before = wait_until("its clocks run", lambda: self.clocks(conversation, "RUNNING", 2))

        self.kill_owner("sla")

        after = wait_until("its clocks run on",
                           lambda: self.clocks(conversation, "RUNNING", 2))
        for each in (before, after):
            self.assertEqual(len(each), 2)
        same = ("clockId", "kind", "startedAt", "dueAt", "targetMs", "policy")
        self.assertEqual([[each.get(name) for name in same] for each in before],
                         [[each.get(name) for name in same] for each in after])
        self.world.accept("ana", lambda each: each["conversationId"] == conversation)
        self.world.agent("ana", "reply", conversation, "Done.")
        wait_until("its clocks have ended", lambda: self.clocks(conversation, "FULFILLED", 2))
        told = [event["clockId"] for event in self.world.events(conversation, worlds.SLA)
                if "fulfilled" in event]
        self.assertEqual(len(told), len(set(told)))

    def clocks(self, conversation, state, count):
        done = self.world.refused("-o", "json", "sla", conversation)
        clocks = json.loads(done.stdout) if done.returncode == 0 else []
        clocks = [each for each in clocks if each["state"] == f"CLOCK_STATE_{state}"]
        return sorted(clocks, key=lambda each: each["kind"]) if len(clocks) == count else None

    def test_4_ending_services_under_load_loses_nothing(self):
        taken, done = [], threading.Event()
        before = self.count_of_messages()

        def write():
            number = 0
            while not done.is_set():
                sender = f"+1415555{1000 + number % 20}"
                body = f"load {number}"
                # Not taken: the vendor comes again, as here with the next number.
                if self.text_or_none(sender, body) == 200:
                    taken.append((sender, body))
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for name in ("routing_0", "profile", "sms"):
                wait_until("more was taken", lambda many=len(taken): len(taken) > many + 20)
                self.world.stack.process(name).stop()
                self.world.stack.start_service(name)
                self.world.stack.wait_ready([name])
        finally:
            done.set()
            writer.join()
        wait_until("every message has reached its conversation",
                   lambda: self.count_of_messages() - before >= len(taken), 60)
        self.assertEqual(self.count_of_messages() - before, len(taken))
        for sender in {sender for sender, _ in taken}:
            written = sorted(body for each, body in taken if each == sender)
            wait_until("the timeline is complete",
                       lambda: sorted(self.world.texts_on_timeline(sender)) == written)

    def text_or_none(self, sender, body):
        try:
            return self.world.text(sender, body)
        except OSError:
            return None

    def count_of_messages(self):
        return sum(each["inboundCount"] for each in self.world.listed("conversations", "list"))

    def test_5_an_emptied_redis_gives_the_same_answers(self):
        for who in (MARIA, PAULO, RITA):
            wait_until("the timeline says that the vendor has our answers",
                       lambda person=who: self.statuses(person) == {2})
        received = sum(each["inboundCount"]
                       for each in self.world.listed("conversations", "list"))
        wait_until("reporting has counted everything",
                   lambda: self.messages_in(self.figures()) == received)
        timelines = [self.timeline(who) for who in (MARIA, PAULO, RITA)]
        figures = self.figures()

        self.empty_redis()

        self.world.run("profile", "rebuild", who="admin")
        self.assertEqual([self.timeline(who) for who in (MARIA, PAULO, RITA)], timelines)
        wait_until("reporting counts the same again", lambda: self.figures() == figures)

    def empty_redis(self):
        subprocess.run(["redis-cli", "-p", str(self.world.stack.ports["redis"]), "FLUSHALL"],
                       check=True, capture_output=True)

    def statuses(self, who):
        return {entry.get("deliveryStatus") for entry in json.loads(self.timeline(who))
                if entry["kind"] == "KIND_OUTBOUND"}

    @staticmethod
    def messages_in(figures):
        return sum(int(row.get("messagesIn", 0)) for row in (figures or {}).get("rows", []))

    def timeline(self, who):
        """As the command prints it, byte for byte."""
        return self.world.run("-o", "json", "customers", "timeline", who, "--limit", "200")

    def figures(self):
        done = self.world.refused("-o", "json", "kpis", "--by", "channel,queue,agent")
        if done.returncode != 0:
            return None
        said = json.loads(done.stdout)
        said.pop("asOf", None)
        return said


if __name__ == "__main__":
    worlds.main()
