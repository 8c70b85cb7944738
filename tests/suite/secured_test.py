"""Kafka with TLS, a user for each service and least-privilege rules: every service does its work as
its own user and can do nothing else; wrong credentials end its start with a clear text."""

import json
import smtplib
import subprocess
import unittest
import uuid

import yaml

import world as worlds
from world import ROOT, fact_of, stack, wait_until

PHONE, MAIL = "+14155550123", "maria@customer.test"
REFUSED_WAIT_MAX_S = 60


class Secured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World(kafka_security="sasl")
        cls.world.start_wiremock()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    # -- as a user of Kafka

    def client(self, user, *arguments, given=None, seconds=REFUSED_WAIT_MAX_S):
        """kcat as that user; the finished process."""
        kafka = self.world.stack.kafka
        return subprocess.run(
            ["kcat", "-b", kafka.at("kafka_tls"), "-X", "security.protocol=sasl_ssl",
             "-X", f"ssl.ca.location={kafka.tls}/ca.pem", "-X", "sasl.mechanism=SCRAM-SHA-512",
             "-X", f"sasl.username=trama-{user}",
             "-X", f"sasl.password={kafka.password_file(user).read_text()}", *arguments],
            input=given, capture_output=True, text=True, errors="replace", timeout=seconds)

    def assert_denied(self, finished, of):
        self.assertNotEqual(finished.returncode, 0, finished.stdout)
        self.assertRegex(finished.stderr, f"(?i){of} authorization failed|not authorized")

    # -- what must hold

    def test_every_service_does_its_work_as_its_own_user(self):
        world = self.world
        world.watch("ana")
        self.assertEqual(world.text(PHONE, "Where is my parcel?"), 200)
        conversation = world.accept("ana", lambda each: each["channel"] == "sms")
        world.agent("ana", "reply", conversation, "It arrives tomorrow.")
        wait_until("the reply is at the vendor", lambda: world.sent_texts(PHONE))
        wait_until("routing knows that it was sent", lambda: [
            event for event in world.events(conversation) if fact_of(event) == "deliveryChanged"])
        wait_until("profile has both messages", lambda: len(world.timeline(PHONE)) >= 2)
        wait_until("sla has a clock of it", lambda: world.events(conversation, worlds.SLA))
        with smtplib.LMTP(stack.HOST, world.stack.ports["email_lmtp"]) as client:
            client.sendmail(MAIL, ["help@demo.test"],
                            f"From: {MAIL}\r\nTo: help@demo.test\r\nMessage-ID: "
                            f"<{uuid.uuid4()}@customer.test>\r\nSubject: Hello\r\n\r\nHello\r\n")
        wait_until("the mail is a conversation", lambda: [
            each for each in world.listed("conversations", "list") if each["channel"] == "email"])
        self.assertEqual(world.unready(), {})

    def test_a_channel_cannot_write_what_routing_decides(self):
        self.assert_denied(
            self.client("sms", "-P", "-t", worlds.CONVERSATIONS, "-p", "0", given="forged"),
            "topic")

    def test_a_channel_cannot_read_what_profile_knows(self):
        self.assert_denied(self.client("sms", "-C", "-e", "-t", "trama.profiles.v1"), "topic")

    def test_nobody_reads_with_the_group_of_another(self):
        """It would move the other's partitions and positions."""
        self.assert_denied(self.client("sla", "-G", "trama-reporting", worlds.CONVERSATIONS),
                           "group")

    def test_nobody_fences_the_owner_of_another_service(self):
        self.assert_denied(
            self.client("sla", "-P", "-t", "trama.sla.v1", "-p", "0",
                        "-X", "transactional.id=trama-routing-0", given="forged"),
            "transactional id")

    def test_what_a_user_has_beyond_the_file_is_taken_away(self):
        declared = yaml.safe_load((ROOT / "deploy/topics.yaml").read_text())
        for topic in declared["topics"]:
            if topic["name"] == worlds.CONVERSATIONS:
                topic["read_by"].append("sms")
        file = self.world.folder / "topics.yaml"
        file.write_text(yaml.safe_dump(declared))
        tramactl = self.world.stack.tramactl

        more = json.loads(tramactl("-o", "json", "access", "ensure", "--topics-file", file))
        self.assertEqual({(each["user"], each["operation"]) for each in more["added"]},
                         {("trama-sms", "Read"), ("trama-sms", "DescribeConfigs")})
        self.assertEqual(
            self.client("sms", "-C", "-e", "-t", worlds.CONVERSATIONS).returncode, 0)

        self.assertEqual(tramactl("access", "ensure", "--check", check=False).returncode, 1)
        less = json.loads(tramactl("-o", "json", "access", "ensure"))
        self.assertEqual(less["removed"], more["added"])
        self.assertEqual(less["added"], [])
        self.assert_denied(self.client("sms", "-C", "-e", "-t", worlds.CONVERSATIONS), "topic")
        self.assertEqual(tramactl("access", "ensure", "--check", check=False).returncode, 0)

    def start_with(self, **flags):
        """A second sms, with other settings; its finished process."""
        command = self.world.stack.command("sms")
        mine = {"admin_listen": "127.0.0.1:0", "http_listen": "127.0.0.1:0",
                "group_instance": "sms-1", **flags}
        return subprocess.run(
            [str(part) for part in command] + [f"--{flag}={mine[flag]}" for flag in mine],
            capture_output=True, text=True, timeout=REFUSED_WAIT_MAX_S)

    def test_a_wrong_password_ends_the_start_with_a_clear_text(self):
        wrong = self.world.folder / "wrong-password"
        wrong.write_text("not-the-password")
        ended = self.start_with(kafka_sasl_password=f"file:{wrong}")
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("does not let user \\\"trama-sms\\\" in, check --kafka_sasl_username",
                      ended.stderr)
        self.assertNotIn("not-the-password", ended.stderr)

    def test_a_broker_that_nobody_vouches_for_ends_the_start_too(self):
        others = self.world.folder / "others"
        worlds.stack.stack_kafka.certificates.make_authority(others)
        ended = self.start_with(kafka_ca_file=others / "ca.pem")
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("check --kafka_ca_file", ended.stderr)


if __name__ == "__main__":
    worlds.main()
