#!/usr/bin/env python3
"""Python's own collection of difficult mails, and some that are worse: every one is taken, and none
is lost."""

import base64
import email
import email.policy
import hashlib
import pathlib
import re
import unittest

from peers import Raw, hand_over, stuffed
from world import wait_until, world

FOLDERS = "/usr/lib/python3*/test/test_email/data"


def corpus():
    """Name -> bytes with the line ends of the wire; one of those that say the same, since the
    others would count as its repeats."""
    files = sorted(pathlib.Path("/").glob(FOLDERS.lstrip("/") + "/msg_*.txt"))
    mails = [(file.name, on_the_wire(file.read_bytes())) for file in files]
    return dict({said(data): (name, data) for name, data in mails}.values())


def on_the_wire(data):
    data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def said(data):
    """By what repeats of a mail are known: its id and its body."""
    head, _, body = data.partition(b"\r\n\r\n")
    return tuple(re.findall(rb"(?im)^message-id:.*", head)) or head, body


def nested(levels):
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i)
                      for i in range(levels))
    return b"From: ana@cust.test\r\nMIME-Version: 1.0\r\n" + opened + b"\r\nvery deep\r\n"


def reports_within_reports(levels):
    one = (b"Content-Type: multipart/report; report-type=delivery-status; boundary=b%d\r\n\r\n"
           b"--b%d\r\nContent-Type: message/rfc822\r\n\r\n")
    return b"From: ana@cust.test\r\n" + b"".join(one % (i, i) for i in range(levels)) + b"x\r\n"


ANA = b"From: ana@cust.test\r\n"
MALFORMED = {
    "one line end": b"\r\n",
    "no header": b"just text, no header at all\r\n",
    "binary": bytes(range(256)) * 8 + b"\r\n",
    "nul bytes": ANA + b"Subject: a\x00b\r\n\r\nc\x00d\r\n",
    "bare line feeds": b"From: ana@cust.test\nSubject: x\n\nhello\n\r\n",
    "bare carriage returns": b"From: ana@cust.test\rSubject: x\r\rhello\r\r\n",
    "invalid utf-8": ANA + b"Subject: \xff\xfe\xc3\x28\r\n\r\n\xc3\x28\r\n",
    "unknown charset": ANA + b"Content-Type: text/plain; charset=x-none\r\n\r\n\xe1\xe9\r\n",
    "empty boundary": ANA + b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx\r\n",
    "no boundary": ANA + b"Content-Type: multipart/mixed\r\n\r\nx\r\n",
    "no end of parts": ANA + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n",
    "boundary that begins another": ANA + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--bb--\r\n--b--\r\n",
    "broken base64": ANA + b"Content-Transfer-Encoding: base64\r\n\r\n=====a!!!\r\n",
    "quoted-printable cut off": ANA + b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=\r\n",
    "long line": ANA + b"\r\n" + b"x" * 200_000 + b"\r\n",
    "long header": ANA + b"Subject: " + b"\xc3\xa9" * 100_000 + b"\r\n\r\nx\r\n",
    "many headers": ANA * 5_000 + b"\r\nx\r\n",
    "many addressees": ANA + b"To: " + b"a@b.test, " * 20_000 + b"c@d.test\r\n\r\nx\r\n",
    "many references": ANA + b"References: " + b"<1234567890@x.test> " * 20_000 + b"\r\n\r\nx\r\n",
    "long content type": ANA + b"Content-Type: application/" + b"x" * 5_000 + b"\r\n\r\nx\r\n",
    "many parts": ANA + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--b\r\n\r\nx\r\n" * 5_000 + b"--b--\r\n",
    "deep parts": nested(10_000),
    "deep reports": reports_within_reports(3_000),
    "a report without a word": ANA + b"Content-Type: multipart/report; boundary=b; "
        b"report-type=delivery-status\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"\r\n--b--\r\n",
    "from nobody": b"From: \r\nSubject: x\r\n\r\nx\r\n",
    "from something": b"From: <<>@@,;:\\\r\nSubject: x\r\n\r\nx\r\n",
    "long text": ANA + b"\r\n" + b"a line of some length, as letters have them\r\n" * 18_000,
    "wrong encoded words": ANA + b"Subject: =?utf-8?B?w?= =?x-none?Q?=E9?= =?utf-8?Q?=C3?=\r\n\r\nx\r\n",
}


class Corpus(unittest.TestCase):
    def setUp(self):
        self.world = world()

    def _take(self, data, sender="corpus@cust.test"):
        answer = hand_over(self.world.lmtp, data, sender=sender)
        self.assertEqual(answer[0][:3], "250", answer)

    def _kept(self, data):
        """What a mail that was taken has become: an interaction or a dead letter."""
        digest = hashlib.sha256(data).hexdigest()
        return (self.world.interactions.values(lambda v: v.get("rawBlob", "").endswith(digest))
                + self.world.dead_letters.values(
                    lambda v: base64.b64decode(v.get("value", "")) == data
                    or v.get("reason", "").endswith(digest)))

    def test_every_mail_of_python_is_taken_and_kept(self):
        mails = corpus()
        self.assertGreater(len(mails), 40, f"no corpus in {FOLDERS}")
        pid = self.world.stack.process("email").pid()
        for name, data in mails.items():
            with self.subTest(name):
                self._take(data)
        for name, data in mails.items():
            with self.subTest(name):
                wait_until(f"{name} is kept", lambda: self._kept(data))
        self.assertEqual(self.world.stack.process("email").pid(), pid)

    def test_every_malformed_mail_is_taken_and_kept(self):
        pid = self.world.stack.process("email").pid()
        for name, data in MALFORMED.items():
            with self.subTest(name):
                self._take(data)
                wait_until(f"{name} is kept", lambda: self._kept(data), 10)
                self.assertEqual(self.world.stack.process("email").pid(), pid)

    def test_a_mail_that_nobody_has_written_is_a_dead_letter(self):
        data = b"Subject: from nobody to nobody\r\n\r\nx\r\n"
        self._take(data, sender="")
        wait_until("it is kept", lambda: self._kept(data))
        self.assertIn("names no sender", self._kept(data)[0]["reason"])

    def test_a_long_mail_that_nobody_has_written_is_kept_whole(self):
        data = b"Subject: long\r\n\r\n" + b"0123456789abcdef\r\n" * 50_000
        self._take(data, sender="")
        wait_until("it is kept", lambda: self._kept(data))
        reference = self._kept(data)[0]["reason"].rsplit(" ", 1)[1]
        found = list(self.world.stack.blobs.glob("**/" + reference.rsplit("/", 1)[1]))
        self.assertEqual(found[0].read_bytes(), data)

    def test_a_text_too_long_for_an_event_is_a_file_as_well(self):
        data = MALFORMED["long text"]
        self._take(data)
        wait_until("it is kept", lambda: self._kept(data))
        parts = self._kept(data)[0]["parts"]
        self.assertTrue(data.decode().replace("\r\n", "\n").split("\n\n")[1].startswith(
            parts[0]["text"]["body"].replace("\r\n", "\n")[:1000]))
        self.assertGreater(int(parts[1]["media"]["sizeBytes"]), 500_000)

    def test_texts_read_as_pythons_parser_reads_them(self):
        read = 0
        for name, data in corpus().items():
            mail = email.message_from_bytes(data, policy=email.policy.default)
            body = None if any(part.defects for part in mail.walk()) else mail.get_body(("plain",))
            if body is None or "=?" in str(mail["subject"]):
                continue
            try:
                text = body.get_content()
            except LookupError:  # A charset that Python does not know.
                continue
            self._take(data)
            wait_until(f"{name} is kept", lambda: self._kept(data))
            found = self._kept(data)[0]
            if "interactionId" not in found:
                continue
            with self.subTest(name):
                self.assertEqual(found.get("subject", ""), str(mail["subject"] or "").strip())
                ours = [part["text"].get("body", "") for part in found["parts"] if "text" in part]
                self.assertEqual("".join(ours[:1]).split(), text.split(), found["parts"])
                read += 1
        self.assertGreater(read, 10)

    def test_bytes_that_are_no_dialogue_are_refused(self):
        for data in (bytes(range(256)) * 20, b"x" * 100_000, b"\r\n" * 100, b"\x16\x03\x01\x02"):
            with self.subTest(data[:8]), Raw(self.world.smtp) as client:
                client.reply()
                try:
                    client.send(data + b"\r\n")
                    self.assertEqual(client.reply()[:1], "5")
                except (ConnectionResetError, BrokenPipeError):
                    pass
        self._take(stuffed(b"From: ana@cust.test\r\n\r\nstill here\r\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
