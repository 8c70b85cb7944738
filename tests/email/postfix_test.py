#!/usr/bin/env python3
"""With a real mail server on both sides: Postfix hands over by LMTP and takes what leaves."""

import base64
import email
import email.policy
import hashlib
import pathlib
import smtplib
import subprocess
import unittest
import uuid

import dkim

from peers import hand_over, mail
from world import ROOT, wait_until, world

FILE = bytes(range(256)) * 100


def postfix(place, command):
    subprocess.run([str(ROOT / "tools/postfix"), command, "--dir", str(place.folder / "postfix"),
                    *(["--port", str(place.stack.ports["postfix"]), "--lmtp",
                       place.stack.at("email_lmtp")] if command == "start" else [])],
                   check=True, capture_output=True, text=True)


def public_key(secrets):
    """What the DNS would say of the key that signs."""
    der = subprocess.run(["openssl", "rsa", "-in", str(secrets / "dkim.pem"), "-pubout", "-outform",
                          "DER"], capture_output=True, check=True).stdout
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


class WithPostfix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world()
        postfix(cls.world, "start")
        cls.addClassCleanup(postfix, cls.world, "stop")

    def _submit(self, message_id):
        with smtplib.SMTP("127.0.0.1", self.world.stack.ports["postfix"]) as client:
            client.sendmail("ana@customer.test", ["help@demo.test"], mail(message_id))

    def _delivered(self, message_id):
        """The mail in the customer's mailbox that has this Message-ID, as it lies there."""
        folder = pathlib.Path(self.world.folder / "postfix/mail/inbox/new")

        def find():
            for file in folder.glob("*"):
                data = file.read_bytes()
                if message_id.encode() in data:
                    return data
            return None
        return wait_until("the mail is in the mailbox", find)

    def test_a_mail_through_postfix_becomes_an_interaction(self):
        message_id = f"<{uuid.uuid4()}@customer.test>"
        self._submit(message_id)
        self.assertEqual(self.world.interaction_of(message_id)["sender"]["address"],
                         "ana@cust.test")

    def test_postfix_keeps_mail_while_the_service_is_away(self):
        message_id = f"<{uuid.uuid4()}@customer.test>"
        self.world.stack.process("email").stop()
        self._submit(message_id)
        queue = ["postqueue", "-c", str(self.world.folder / "postfix/etc"), "-j"]
        wait_until("Postfix has put the mail off", lambda: "refused" in subprocess.run(
            queue, capture_output=True, text=True).stdout)
        self.world.restart_email()
        self.world.interaction_of(message_id)

    def test_an_answer_lands_in_the_mailbox_as_it_was_meant(self):
        blob = self._blob()
        message = self.world.send(
            "help", "ana@customer.test", recipient_display_name="Ana Souza",
            subject="Re: Fatura março", in_reply_to="<2@customer.test>",
            more='references: ["<1@customer.test>", "<2@customer.test>"] '
                 'parts { text { body: "Olá Ana,\\n.\\nhere it is.\\n" format: FORMAT_PLAIN } } '
                 f'parts {{ media {{ blob: "{blob}" content_type: "application/x-test" '
                 f'file_name: "fatura março.bin" size_bytes: {len(FILE)} }} }}')
        sent = self.world.delivery(message, "SENT")
        raw = self._delivered(sent["vendorMessageId"])
        got = email.message_from_bytes(raw, policy=email.policy.default)
        self.assertEqual(str(got["From"]), "Help desk <help@demo.test>")
        self.assertEqual(str(got["To"]), "Ana Souza <ana@customer.test>")
        self.assertEqual(got["Subject"], "Re: Fatura março")
        self.assertEqual(got["In-Reply-To"], "<2@customer.test>")
        self.assertEqual(got["References"].split(), ["<1@customer.test>", "<2@customer.test>"])
        self.assertEqual(got["Message-ID"], sent["vendorMessageId"])
        self.assertRegex(got["Return-Path"], r"^<b[a-z2-7]{62}@demo\.test>$")
        self.assertEqual(got.get_body(("plain",)).get_content().split(),
                         ["Olá", "Ana,", ".", "here", "it", "is."])
        self.assertIn("Olá Ana,<br>", got.get_body(("html",)).get_content())
        [file] = got.iter_attachments()
        self.assertEqual(file.get_filename(), "fatura março.bin")
        self.assertEqual(file.get_content(), FILE)
        self._assert_signed(raw)

    def _blob(self):
        """A file as the service keeps it: one that came with a mail."""
        message_id = f"<{uuid.uuid4()}@customer.test>"
        headers = ("MIME-Version: 1.0\r\nContent-Type: application/x-test\r\n"
                   "Content-Transfer-Encoding: base64\r\n")
        body = base64.encodebytes(FILE).decode().replace("\n", "\r\n")
        hand_over(self.world.lmtp, mail(message_id, body, headers))
        [part] = self.world.interaction_of(message_id)["parts"]
        self.assertEqual(part["media"]["sha256"], hashlib.sha256(FILE).hexdigest())
        return part["media"]["blob"]

    def _assert_signed(self, raw):
        # The mailbox has line ends of files, and headers that Postfix has put on top.
        wire = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        key = public_key(self.world.stack.secrets)
        asked = []

        def dns(name, timeout=5):
            asked.append(name)
            return key
        self.assertTrue(dkim.verify(wire, dnsfunc=dns))
        self.assertEqual(asked, [b"trama._domainkey.demo.test."])
        self.assertFalse(dkim.verify(wire.replace(b"Subject:", b"Subject: x"), dnsfunc=dns))
        self.assertFalse(dkim.verify(b"From: eve@evil.test\r\n" + wire, dnsfunc=dns))

    def test_a_mail_that_comes_back_fails_its_message(self):
        message = self.world.send("help", "full@customer.test")
        self.world.delivery(message, "SENT")
        failed = self.world.delivery(message, "FAILED")
        self.assertEqual(failed["failure"]["reason"], "REASON_BOUNCED")
        self.assertTrue(failed["failure"]["vendorCode"].startswith("5."))
        self.assertFalse(self.world.interactions.values(
            lambda value: value["sender"]["address"] == "MAILER-DAEMON@mx.demo.test"))

    def test_a_recipient_that_postfix_does_not_know_fails_at_once(self):
        message = self.world.send("help", "unknown@customer.test")
        self.world.delivery(message, "FAILED")
        self.assertEqual(self.world.statuses(message), ["ATTEMPTING", "FAILED"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
