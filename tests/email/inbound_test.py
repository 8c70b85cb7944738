#!/usr/bin/env python3
"""Mail that comes in by SMTP and LMTP, as swaks and raw dialogues bring it."""

import hashlib
import smtplib
import ssl
import subprocess
import unittest
import uuid

from peers import Raw, hand_over, mail, stuffed
from world import MAIL_BYTES_MAX, wait_until, world


def new_id():
    return f"<{uuid.uuid4()}@cust.test>"


def text_of(interaction):
    return "".join(part["text"]["body"] for part in interaction["parts"] if "text" in part)


def swaks(port, *arguments, data=None, protocol="ESMTP"):
    """Runs swaks; its exit code and transcript."""
    done = subprocess.run(
        ["swaks", "--server", "127.0.0.1", "--port", str(port), "--protocol", protocol,
         "--helo", "client.test", "--from", "ana@cust.test", "--to", "help@demo.test",
         *arguments, *(["--data", "-"] if data else [])],
        input=data, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


class ByDialogue(unittest.TestCase):
    def setUp(self):
        self.world = world()

    def test_a_mail_by_smtp_becomes_one_interaction_of_its_author(self):
        message_id = new_id()
        code, said = swaks(self.world.smtp, data=mail(
            message_id, "Where is my parcel?", sender="Ana Souza <Ana@Cust.test>"))
        self.assertEqual(code, 0, said)
        found = self.world.interaction_of(message_id)
        self.assertEqual(found["workspace"], "demo")
        self.assertEqual(found["channelAccount"], "help")
        self.assertEqual(found["sender"]["identifier"]["value"], "ana@cust.test")
        self.assertEqual(found["sender"]["address"], "Ana@Cust.test")
        self.assertEqual(found["sender"]["displayName"], "Ana Souza")
        self.assertEqual(found["conversationKey"], message_id)
        self.assertEqual(text_of(found).strip(), "Where is my parcel?")
        self.assertFalse(found.get("automatic"))

    def test_an_answer_has_the_key_of_its_thread(self):
        first, second = new_id(), new_id()
        swaks(self.world.smtp, data=mail(second, headers=f"In-Reply-To: {first}\r\n"
                                                         f"References: {first}\r\n"))
        found = self.world.interaction_of(second)
        self.assertEqual(found["conversationKey"], first)
        self.assertEqual(found["replyToVendorMessageId"], first)

    def test_a_mail_by_swaks_over_lmtp_arrives(self):
        message_id = new_id()
        code, said = swaks(self.world.lmtp, data=mail(message_id), protocol="LMTP")
        self.assertEqual(code, 0, said)
        self.world.interaction_of(message_id)

    def test_the_same_mail_twice_has_one_id(self):
        message_id = new_id()
        for _ in range(2):
            self.assertEqual(hand_over(self.world.lmtp, mail(message_id))[0][:3], "250")
        self.world.interaction_of(message_id)

    def test_equal_inboxes_of_two_workspaces_do_not_mix(self):
        message_id = new_id()
        hand_over(self.world.lmtp, mail(message_id), recipients=["help@acme.test"])
        self.assertEqual(self.world.interaction_of(message_id)["workspace"], "acme")

    def test_lmtp_answers_for_each_recipient(self):
        message_id = new_id()
        with Raw(self.world.lmtp) as client:
            client.reply()
            client.say("LHLO client.test")
            client.say("MAIL FROM:<ana@cust.test>")
            answers = [client.say(f"RCPT TO:<{address}>")[:3] for address in
                       ("help@demo.test", "nobody@demo.test", "scripted@demo.test")]
            self.assertEqual(answers, ["250", "550", "250"])
            client.say("DATA")
            self.assertEqual(client.mail(mail(message_id))[:3], "250")
            self.assertEqual(client.reply()[:3], "250")
            self.assertEqual(client.say("NOOP")[:3], "250")
        found = self.world.interactions.wait(
            "both inboxes have the mail", lambda v: v.get("vendorMessageId") == message_id, 2)
        self.assertEqual({value["channelAccount"] for value in found}, {"help", "scripted"})

    def test_an_unknown_inbox_is_refused(self):
        code, said = swaks(self.world.smtp, "--to", "nobody@demo.test", data=mail(new_id()))
        self.assertNotEqual(code, 0)
        self.assertIn("550 5.1.1", said)

    def test_foreign_domains_are_not_relayed(self):
        with Raw(self.world.smtp) as client:
            client.reply()
            client.say("EHLO client.test")
            client.say("MAIL FROM:<help@demo.test>")
            self.assertEqual(client.say("RCPT TO:<bob@elsewhere.test>")[:3], "550")

    def test_a_mail_that_is_too_big_is_refused_and_the_dialogue_goes_on(self):
        big, message_id = mail(new_id(), "x" * 70 + "\r\n" * (MAIL_BYTES_MAX // 2)), new_id()
        with Raw(self.world.smtp) as client:
            client.begin()
            self.assertEqual(client.mail(big)[:3], "552")
            client.say("MAIL FROM:<ana@cust.test>")
            client.say("RCPT TO:<help@demo.test>")
            client.say("DATA")
            self.assertEqual(client.mail(mail(message_id))[:3], "250")
        self.world.interaction_of(message_id)

    def test_a_size_that_is_too_big_is_refused_before_the_mail(self):
        with Raw(self.world.smtp) as client:
            client.reply()
            self.assertIn(f"SIZE {MAIL_BYTES_MAX}", client.say("EHLO client.test"))
            self.assertEqual(
                client.say(f"MAIL FROM:<ana@cust.test> SIZE={MAIL_BYTES_MAX + 1}")[:3], "552")

    def test_commands_sent_in_one_piece_are_answered_in_order(self):
        message_id = new_id()
        with Raw(self.world.smtp) as client:
            client.reply()
            client.send(b"EHLO c.test\r\nMAIL FROM:<ana@cust.test>\r\nRCPT TO:<help@demo.test>\r\n"
                        b"DATA\r\n" + stuffed(mail(message_id)) + b"QUIT\r\n")
            self.assertEqual([client.reply()[:3] for _ in range(6)],
                             ["250", "250", "250", "354", "250", "221"])
        code, said = swaks(self.world.smtp, "--pipeline", data=mail(new_id()))
        self.assertEqual(code, 0, said)
        self.world.interaction_of(message_id)

    def test_a_null_return_path_makes_the_mail_automatic(self):
        message_id = new_id()
        swaks(self.world.smtp, "--from", "<>", data=mail(message_id))
        found = self.world.interaction_of(message_id)
        self.assertTrue(found["automatic"])
        self.assertEqual(found["automaticReason"], "null return path")

    def test_a_mail_that_goes_round_in_circles_is_refused(self):
        message_id = new_id()
        hops = "Received: from a.test by b.test; Sat, 28 Nov 2026 10:00:00 +0000\r\n"
        self.assertEqual(hand_over(self.world.lmtp, mail(message_id, headers=hops * 101))[0][:9],
                         "554 5.4.6")
        self.assertEqual(hand_over(self.world.lmtp, mail(message_id, headers=hops * 100))[0][:3],
                         "250")
        self.world.interaction_of(message_id)

    def test_a_reused_message_id_with_another_text_is_another_mail(self):
        message_id = new_id()
        for text in ("one", "another"):
            hand_over(self.world.lmtp, mail(message_id, text))
        found = self.world.interactions.wait(
            "both are there", lambda value: value.get("vendorMessageId") == message_id, 2)
        self.assertEqual({text_of(value).strip() for value in found}, {"one", "another"})
        self.assertEqual(len({value["interactionId"] for value in found}), 2)

    def test_dots_at_the_beginning_of_lines_arrive_as_written(self):
        message_id = new_id()
        hand_over(self.world.lmtp, mail(message_id, ".one\r\n..two\r\n...\r\nend"))
        self.assertEqual(text_of(self.world.interaction_of(message_id)).split(),
                         [".one", "..two", "...", "end"])

    def test_starttls_protects_a_mail(self):
        message_id = new_id()
        trusted = ssl.create_default_context(cafile=self.world.folder / "ca.pem")
        with smtplib.SMTP("127.0.0.1", self.world.smtp) as client:
            client.starttls(context=trusted)
            client.ehlo("client.test")
            self.assertFalse(client.has_extn("starttls"))
            client.sendmail("ana@cust.test", ["help@demo.test"], mail(message_id))
        self.world.interaction_of(message_id)

    def test_what_was_said_before_starttls_is_forgotten(self):
        with Raw(self.world.smtp) as client:
            client.reply()
            client.say("EHLO client.test")
            client.send(b"STARTTLS\r\nMAIL FROM:<eve@evil.test>\r\n")
            self.assertEqual(client.reply()[:3], "220")
            client.send(b"\x16\x03\x01")  # The start of a handshake; no answer to MAIL before it.
            client._socket.settimeout(0.3)
            with self.assertRaises(OSError):
                client.reply()


class Smuggling(unittest.TestCase):
    """Only CRLF.CRLF ends a mail: every other end is text, and what follows is no command."""

    ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r.\n",
            b"\r\n\x00.\r\n", b"\r\n.\x00\r\n"]

    def setUp(self):
        self.world = world()

    def test_no_other_end_lets_a_second_mail_through(self):
        for end in self.ENDS:
            with self.subTest(end=end), Raw(self.world.smtp) as client:
                outer, inner = new_id(), new_id()
                client.begin()
                smuggled = (b"MAIL FROM:<admin@demo.test>\r\nRCPT TO:<help@demo.test>\r\nDATA\r\n"
                            + mail(inner, "smuggled"))
                client.send(mail(outer)[:-2] + end + smuggled + b"\r\n.\r\nQUIT\r\n")
                self.assertEqual([client.reply()[:3], client.reply()[:3]], ["250", "221"])
                self.world.interaction_of(outer)
                self.assertFalse(self.world.interactions.values(
                    lambda value: value.get("vendorMessageId") == inner))

    def test_commands_end_with_crlf_only(self):
        with Raw(self.world.smtp) as client:
            client.reply()
            client.send(b"EHLO client.test\nMAIL FROM:<ana@cust.test>\r\n")
            self.assertEqual(client.reply()[:3], "500")
            self.assertEqual(client.reply()[:3], "503")


class Breaks(unittest.TestCase):
    def setUp(self):
        self.world = world()

    def test_a_connection_that_breaks_within_a_mail_publishes_nothing(self):
        broken, whole = new_id(), new_id()
        with Raw(self.world.smtp) as client:
            client.begin()
            client.send(mail(broken, "half of")[:-2])
        # The same mail again, whole, as its server would send it; and a later one as a mark.
        hand_over(self.world.lmtp, mail(whole))
        self.world.interaction_of(whole)
        self.assertFalse(self.world.interactions.values(
            lambda value: value.get("vendorMessageId") == broken))
        hand_over(self.world.lmtp, mail(broken, "half of it and the rest"))
        self.assertIn("the rest", text_of(self.world.interaction_of(broken)))

    def test_too_many_mistakes_end_the_dialogue(self):
        with Raw(self.world.smtp) as client:
            client.reply()
            answers = [client.say("NONSENSE")[:3] for _ in range(20)]
            self.assertEqual(set(answers), {"500"})
            self.assertEqual(client.reply()[:3], "421")
            self.assertEqual(client.reply(), "")

    def test_sigterm_lets_a_mail_that_has_begun_arrive(self):
        message_id = new_id()
        with Raw(self.world.smtp) as idle, Raw(self.world.lmtp) as busy:
            idle.reply()
            busy.begin(hello="LHLO")
            busy.send(mail(message_id)[:-2])
            self.world.stack.process("email").signal(15)
            self.assertEqual(idle.reply()[:3], "421")
            busy.send(b"\r\n.\r\n")
            self.assertEqual(busy.reply()[:3], "250")
            self.assertEqual(busy.reply()[:3], "421")
        wait_until("trama-email has ended",
                   lambda: not self.world.stack.process("email").pid())
        self.world.restart_email()
        self.world.interaction_of(message_id)


class Originals(unittest.TestCase):
    """A mail is kept whole before anybody looks into it, and in the end with its author alone."""

    def setUp(self):
        self.world = world()

    def _kept(self, data):
        return list(self.world.stack.blobs.glob(f"**/{hashlib.sha256(data).hexdigest()}"))

    def test_an_original_lies_with_its_author_alone(self):
        for sender in ("ana@cust.test", "", "bounces-77@list.test"):
            data = mail(message_id := new_id())
            hand_over(self.world.lmtp, data, sender=sender)
            with self.subTest(sender):
                _, author, name = self.world.interaction_of(
                    message_id)["rawBlob"].split("/")
                [file] = self._kept(data)
                self.assertEqual((file.parent.name, file.name), (author, name))

    def test_without_a_blob_store_the_sender_comes_again(self):
        data, aside = mail(message_id := new_id()), self.world.folder / "blobs-aside"
        blobs = self.world.stack.blobs
        blobs.rename(aside)
        blobs.write_text("not a folder")
        try:
            self.assertEqual(hand_over(self.world.lmtp, data)[0][:9], "451 4.3.0")
        finally:
            blobs.unlink()
            aside.rename(blobs)
        self.assertEqual(hand_over(self.world.lmtp, data)[0][:3], "250")
        self.world.interaction_of(message_id)


class KafkaGone(unittest.TestCase):
    def test_mails_are_to_come_again_until_kafka_is_back(self):
        place, message_id, other = world(), new_id(), new_id()
        place.stop_kafka()
        try:
            self.assertEqual(hand_over(place.lmtp, mail(message_id))[0][:3], "451")
            place.stack.process("email").kill()
            place.stack.start_service("email")
            wait_until("it listens", lambda: self._answer_to(place, "help@demo.test"))
            # It does not know yet what inboxes there are: a 550 would lose the mail.
            self.assertEqual(self._answer_to(place, "help@demo.test"), "451")
        finally:
            place.stack.start_kafka()
        place.stack.wait_ready(["email"])
        for each in (message_id, other):
            wait_until("the mail is taken", lambda: hand_over(
                place.lmtp, mail(each))[0].startswith("250"))
            place.interaction_of(each)

    @staticmethod
    def _answer_to(place, address):
        try:
            with Raw(place.lmtp) as client:
                client.reply()
                client.say("LHLO client.test")
                client.say("MAIL FROM:<ana@cust.test>")
                return client.say(f"RCPT TO:<{address}>")[:3]
        except ConnectionRefusedError:
            return None


if __name__ == "__main__":
    unittest.main(verbosity=2)
