"""A vendor that delivers its webhooks again and again, in any order and many at once: every message
counts once."""

import http.client
import random
import threading
import unittest
import urllib.parse
import uuid

import world as worlds
from world import stack, wait_until

REPEATS = 1000
CONNECTIONS = 8
OTHERS = 50
SENDERS = ["+14155550101", "+14155550102", "+14155550103", "+14155550104", "+14155550105"]
SEED = 20261123


class WebhookStorm(unittest.TestCase):
    """The storm passes once; each test is one thing that must be true afterwards."""

    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        cls.statuses = []
        cls.repeated = cls.webhook(SENDERS[0], "the same again")
        cls.others = [cls.webhook(SENDERS[number % len(SENDERS)], f"message {number}")
                      for number in range(OTHERS)]
        cls.storm([cls.repeated] * REPEATS + cls.others)
        wait_until("every message has reached routing", lambda: len(cls.received()) >= OTHERS + 1)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    @classmethod
    def webhook(cls, sender, body):
        """(sender, id, text, signed request)"""
        sid = "SM" + uuid.uuid4().hex
        params = {"MessageSid": sid, "AccountSid": cls.world.twilio.account_sid, "From": sender,
                  "To": "+14155550199", "Body": body, "NumMedia": "0", "NumSegments": "1"}
        signature = cls.world.twilio.validator.compute_signature(
            cls.world.twilio.public_base + cls.world.twilio.path, params)
        headers = {"Content-Type": "application/x-www-form-urlencoded",
                   "X-Twilio-Signature": signature}
        return sender, sid, body, (urllib.parse.urlencode(params), headers)

    @classmethod
    def storm(cls, webhooks):
        random.Random(SEED).shuffle(webhooks)
        threads = [threading.Thread(target=cls.post, args=(webhooks[place::CONNECTIONS],))
                   for place in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @classmethod
    def post(cls, webhooks):
        connection = http.client.HTTPConnection(stack.HOST, cls.world.stack.ports["sms_http"],
                                                timeout=30)
        for _, _, _, (body, headers) in webhooks:
            connection.request("POST", cls.world.twilio.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            cls.statuses.append(answer.status)
        connection.close()

    @classmethod
    def received(cls):
        return [event for event in cls.world.events() if "messageReceived" in event]

    def test_every_webhook_is_answered_with_success(self):
        self.assertEqual(len(self.statuses), REPEATS + OTHERS)
        self.assertEqual(set(self.statuses), {200})

    def test_every_sender_has_one_conversation(self):
        conversations = self.world.listed("conversations", "list")
        self.assertEqual(len(conversations), len(SENDERS))
        self.assertEqual(len({each["identifier"]["value"] for each in conversations}),
                         len(SENDERS))

    def test_every_message_counts_once_in_its_conversation(self):
        counts = {each["identifier"]["value"]: each["inboundCount"]
                  for each in self.world.listed("conversations", "list")}
        expected = {sender: OTHERS // len(SENDERS) for sender in SENDERS}
        expected[SENDERS[0]] += 1
        self.assertEqual(counts, expected)

    def test_every_message_stands_once_on_the_timeline(self):
        for sender in SENDERS:
            written = sorted(body for each, _, body, _ in [self.repeated, *self.others]
                             if each == sender)
            wait_until("the timeline is complete",
                       lambda: len(self.world.texts_on_timeline(sender)) >= len(written))
            self.assertEqual(sorted(self.world.texts_on_timeline(sender)), written)

    def test_reporting_counts_each_message_once(self):
        def figures():
            rows = self.world.said("kpis").get("rows", [])
            return rows and int(rows[0].get("messagesIn", 0)) >= OTHERS + 1 and rows[0]
        row = wait_until("reporting has counted the messages", figures)
        self.assertEqual(int(row["messagesIn"]), OTHERS + 1)
        self.assertEqual(int(row["opened"]), len(SENDERS))

    def test_nothing_became_a_dead_letter(self):
        self.assertEqual(self.world.records(worlds.DEAD_LETTERS), [])


if __name__ == "__main__":
    worlds.main()
