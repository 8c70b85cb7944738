"""A channel that is killed after Kafka has acknowledged what came in and before Redis has marked it
as seen: the sender comes again and is answered; downstream it is there once."""

import smtplib
import socket
import threading
import unittest
import uuid

import world as worlds
from world import stack, wait_until

SENDER = "+14155550171"
AUTHOR = "ana.unmarked@customer.test"


class Between:
    """Stands between a service and Redis. The first mark of an event as seen does not get through:
    it kills the service instead."""

    MARK = b"\r\n$3\r\nSET\r\n"

    def __init__(self, redis_port, kill):
        self.redis_port, self.kill = redis_port, kill
        self.killed = threading.Event()
        self.listener = socket.create_server((stack.HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            redis = socket.create_connection((stack.HOST, self.redis_port))
            threading.Thread(target=self.forward, args=(client, redis, True), daemon=True).start()
            threading.Thread(target=self.forward, args=(redis, client, False), daemon=True).start()

    def forward(self, source, target, is_request):
        try:
            while data := source.recv(1 << 16):
                if is_request and self.MARK in data:
                    self.kill()
                    self.killed.set()
                    break
                target.sendall(data)
        except OSError:
            pass
        for each in (source, target):
            each.close()

    def close(self):
        self.listener.close()


class Unmarked(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def die_before_the_mark(self, service, deliver):
        """Delivers an event whose mark kills the service. Whether the answer got away before is a
        race: the sender who has not heard it comes again, and so may one who has."""
        trama = self.world.stack
        process = trama.process(service)
        between = Between(trama.ports["redis"], process.kill)
        process.stop()
        trama.settings[service] = {"redis": f"{stack.HOST}:{between.port}"}
        trama.start_service(service)
        trama.wait_ready([service])
        deliver()
        self.assertTrue(between.killed.wait(worlds.WAIT_MAX_S), "nothing was marked")
        between.close()
        trama.settings.pop(service)
        trama.start_service(service)
        trama.wait_ready([service])

    def assert_once(self, vendor_id, customer, text):
        """That message, and the last one behind it, are all that the customer has written."""
        wait_until("the message is on the timeline", lambda: text in self.world.texts_on_timeline(customer))
        records = [record["value"] for record in self.world.records(worlds.INTERACTIONS)
                   if record["value"].get("vendorMessageId") == vendor_id]
        self.assertEqual(len(records), 2, "once before the death, once as it came again")
        self.assertEqual(len({value["interactionId"] for value in records}), 1)
        # The repeat stands before the last message on the same way: once that has been counted,
        # what is here is all that will be.
        wait_until("routing has counted them", lambda: self.inbound_of(customer) >= 2)
        self.assertEqual(self.inbound_of(customer), 2)
        self.assertEqual(self.world.texts_on_timeline(customer).count(text), 1)

    def inbound_of(self, customer):
        return sum(each["inboundCount"] for each in self.world.listed("conversations", "list")
                   if each.get("identifier", {}).get("value") == customer)

    def test_an_sms_comes_again_and_counts_once(self):
        def deliver(known_by):
            try:
                return self.world.text(SENDER, f"hello {known_by}", sid=f"SM{known_by}") == 200
            except OSError:
                return False
        known_by = uuid.uuid4().hex
        self.die_before_the_mark("sms", lambda: deliver(known_by))
        self.assertTrue(deliver(known_by))
        self.assertEqual(self.world.text(SENDER, "the last one"), 200)
        wait_until("the last one is there", lambda: "the last one" in self.world.texts_on_timeline(SENDER))
        self.assert_once(f"SM{known_by}", SENDER, f"hello {known_by}")

    def test_a_mail_comes_again_and_counts_once(self):
        def hand_over(known_by, text, headers=""):
            mail = (f"From: {AUTHOR}\r\nTo: help@demo.test\r\nSubject: hi\r\n{headers}"
                    f"Message-ID: <{known_by}@customer.test>\r\n\r\n{text}\r\n")
            try:
                with smtplib.LMTP(stack.HOST, self.world.stack.ports["email_lmtp"]) as client:
                    client.sendmail(AUTHOR, ["help@demo.test"], mail)
                return True
            except (OSError, smtplib.SMTPException):
                return False
        known_by = uuid.uuid4().hex
        self.die_before_the_mark("email", lambda: hand_over(known_by, f"hello {known_by}"))
        self.assertTrue(hand_over(known_by, f"hello {known_by}"))
        self.assertTrue(hand_over(uuid.uuid4().hex, "the last one",
                                  f"In-Reply-To: <{known_by}@customer.test>\r\n"))
        wait_until("the last one is there", lambda: "the last one" in self.world.texts_on_timeline(AUTHOR))
        self.assert_once(f"<{known_by}@customer.test>", AUTHOR, f"hello {known_by}")


if __name__ == "__main__":
    worlds.main()
