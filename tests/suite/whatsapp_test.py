"""WhatsApp from the webhook to the customer's telephone: people without a number, batches in any order
and again and again, the session window, what the vendor reports."""

import random
import time
import unittest

import world as worlds
from world import customers, wait_until

ANA_LEE = "US.1001"  # Shows no telephone number.
BEN = "US.1002"
CARLO = "US.1003"  # The vendor cannot reach him.
DORA = "US.1004"  # Wrote more than a day ago.
BATCHES = 40
REPEATS = 6
SEED = 20261128


class WhatsAppStory(unittest.TestCase):
    """The story passes once; each test is one thing that must be true afterwards."""

    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        customers.start_graph(cls.world.stack)
        cls.world.watched.append("graph")
        cls.vendor = customers.demo_whatsapp(cls.world.stack)
        cls.world.watch("ana")
        cls.everybody_writes()
        cls.ana_answers()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    @classmethod
    def everybody_writes(cls):
        assert cls.vendor.message(ANA_LEE, "Do you open on Sunday?", name="Ana Lee") == 200
        assert cls.vendor.message(CARLO, "Hello?", wa_id="14155550000") == 200
        assert cls.vendor.message(DORA, "Are you there?", sent_at=time.time() - 25 * 3600) == 200
        cls.conversations = {}
        for user in (ANA_LEE, CARLO, DORA):
            cls.conversations[user] = cls.world.accept(
                "ana", lambda each, user=user: each["identifier"]["value"] == user)

    @classmethod
    def ana_answers(cls):
        world, of = cls.world, cls.conversations
        world.agent("ana", "reply", of[ANA_LEE], "From ten to two.")
        world.agent("ana", "reply", of[ANA_LEE], "Shall I reserve?", "--choice", "y=Yes, please",
                    "--choice", "n=No")
        world.agent("ana", "reply", of[CARLO], "Yes?")
        cls.refused = world.refused("agent", "ana", "reply", of[DORA], "We are.", who="ana")
        world.agent("ana", "reply", of[DORA], "Hi Dora, we are back.", "--template", "welcome_back",
                    "--parameter", "Dora")
        wait_until("the vendor has all of it", lambda: len(cls.world.sent_by_whatsapp()) >= 4)
        wait_until("the last statuses are known", lambda: (
            cls.delivery(of[DORA]) == 4 and cls.delivery(of[CARLO]) == 5
            and cls.delivery(of[ANA_LEE], 1) == 4))

    @classmethod
    def delivery(cls, conversation, place=0):
        """The newest status of the conversation's answer number `place`."""
        statuses = {}
        for event in cls.world.events(conversation):
            if "replySent" in event:
                statuses.setdefault(event["replySent"]["messageId"], 0)
            if "deliveryChanged" in event:
                statuses[event["deliveryChanged"]["messageId"]] = event["deliveryChanged"]["status"]
        values = list(statuses.values())
        return values[place] if place < len(values) else None

    def sent_to(self, user):
        return [message for message in self.world.sent_by_whatsapp()
                if message.get("recipient") == user]

    def test_customer_without_a_number_is_answered_by_her_user_id(self):
        text = self.sent_to(ANA_LEE)[0]
        self.assertEqual(text["text"]["body"], "From ten to two.")
        self.assertNotIn("to", text)
        self.assertEqual(text["phone_number_id"], self.vendor.phone_number_id)

    def test_choices_leave_as_buttons(self):
        asked = self.sent_to(ANA_LEE)[1]["interactive"]
        self.assertEqual([each["reply"] for each in asked["action"]["buttons"]],
                         [{"id": "y", "title": "Yes, please"}, {"id": "n", "title": "No"}])

    def test_pressed_button_comes_back_to_the_same_conversation(self):
        status = self.vendor.message(ANA_LEE, {
            "type": "interactive", "interactive": {"type": "button_reply", "button_reply": {
                "id": "y", "title": "Yes, please"}}}, vendor_id="wamid.pressed")
        self.assertEqual(status, 200)
        interaction = self.world.interaction_of("wamid.pressed")
        self.assertEqual(interaction["channelFacts"]["button_id"], "y")
        wait_until("it is in her conversation", lambda: int(self.world.conversation(
            self.conversations[ANA_LEE])["inboundCount"]) == 2)

    def test_after_the_window_a_text_is_refused_before_it_leaves(self):
        self.assertEqual(self.refused.returncode, 1)
        self.assertIn("template", self.refused.stderr)

    def test_a_template_reaches_her_all_the_same(self):
        sent = self.sent_to(DORA)
        self.assertEqual([message["type"] for message in sent], ["template"])
        self.assertEqual(sent[0]["template"]["name"], "welcome_back")

    def test_what_the_vendor_reports_reaches_the_conversation(self):
        self.assertEqual(self.delivery(self.conversations[ANA_LEE]), 4)
        failed = [event["deliveryChanged"] for event in
                  self.world.events(self.conversations[CARLO])
                  if event.get("deliveryChanged", {}).get("failureReason")]
        self.assertEqual([each["failureReason"] for each in failed], [5])

    def test_batches_in_any_order_and_again_count_once(self):
        posts = []
        for number in range(BATCHES):
            contact = {"profile": {"name": "Ben"}, "user_id": BEN}
            messages = [{"from_user_id": BEN, "id": f"wamid.{number}.{place}",
                         "timestamp": str(int(time.time())), "type": "text",
                         "text": {"body": f"{number}.{place}"}} for place in range(3)]
            posts.append(self.vendor.body(
                self.vendor.change(contacts=[contact], messages=messages)))
        posts *= REPEATS
        random.Random(SEED).shuffle(posts)
        self.assertEqual({self.vendor.post(post) for post in posts}, {200})
        wait_until("all of it is counted", lambda: any(
            each["identifier"]["value"] == BEN and int(each["inboundCount"]) >= 3 * BATCHES
            for each in self.world.listed("conversations", "list")))
        of_ben = [each for each in self.world.listed("conversations", "list")
                  if each["identifier"]["value"] == BEN]
        self.assertEqual([int(each["inboundCount"]) for each in of_ben], [3 * BATCHES])

    def test_nobody_elses_signature_is_taken(self):
        body = self.vendor.body(self.vendor.change(messages=[]))
        self.assertEqual(self.vendor.post(body, "sha256=" + "0" * 64), 403)

    def test_nothing_became_a_dead_letter(self):
        self.assertEqual(self.world.records(worlds.DEAD_LETTERS), [])


if __name__ == "__main__":
    worlds.main()
