#!/usr/bin/env python3
"""Mail that goes out, to a server that answers as a test wants, faults included."""

import email
import email.policy
import unittest

from peers import Script, Server
from world import wait_until, world


class Outbound(unittest.TestCase):
    def setUp(self):
        self.world = world()

    def _server(self, *answers, **options):
        return Server(self.world.scripted_port, Script(answers), **options)

    def _send(self, account="scripted", **fields):
        return self.world.send(account, "ana@customer.test", **fields)

    def test_a_mail_that_is_put_off_leaves_again_with_the_same_bytes(self):
        with self._server("451 4.3.0 later", "421 4.3.2 shutting down", "250 2.0.0 ok") as script:
            message = self._send()
            sent = self.world.delivery(message, "SENT")
        self.assertEqual(len(script.mails), 3)
        self.assertEqual(set(script.mails), {script.mails[0]})
        self.assertEqual(self.world.statuses(message), [
            "ATTEMPTING", "RETRYING", "ATTEMPTING", "RETRYING", "ATTEMPTING", "SENT"])
        read = email.message_from_bytes(script.mails[0], policy=email.policy.default)
        self.assertEqual(sent["vendorMessageId"], read["Message-ID"])

    def test_a_server_that_is_away_is_tried_again(self):
        message = self._send()
        self.world.delivery(message, "RETRYING")
        with self._server() as script:
            self.world.delivery(message, "SENT")
        self.assertEqual(len(script.mails), 1)

    def test_a_recipient_that_is_put_off_is_tried_again(self):
        with self._server() as script:
            script.recipient_answers = ["450 4.2.0 greylisted"]
            message = self._send()
            self.world.delivery(message, "SENT")
        self.assertEqual(len(script.mails), 1)

    def test_a_connection_that_breaks_after_the_mail_is_unknown_and_tried_once_more(self):
        with self._server("drop", "250 2.0.0 ok") as script:
            message = self._send()
            self.world.delivery(message, "UNKNOWN")
            self.assertEqual(len(script.mails), 1)
            self.world.delivery(message, "SENT")
        self.assertEqual(self.world.statuses(message),
                         ["ATTEMPTING", "UNKNOWN", "ATTEMPTING", "SENT"])
        self.assertEqual(len(script.mails), 2)
        self.assertEqual(script.mails[0], script.mails[1])

    def test_a_mail_whose_outcome_stays_unknown_fails_visibly(self):
        with self._server("drop", "drop") as script:
            message = self._send()
            failed = self.world.delivery(message, "FAILED")
        self.assertEqual(len(script.mails), 2)
        self.assertIn("outcome unknown", failed["failure"]["detail"])

    def test_a_mail_that_is_refused_fails_at_once(self):
        with self._server("550 5.7.1 not wanted") as script:
            message = self._send()
            failed = self.world.delivery(message, "FAILED")
        self.assertEqual(self.world.statuses(message), ["ATTEMPTING", "FAILED"])
        self.assertEqual(failed["failure"]["vendorCode"], "5.7.1")
        self.assertEqual(len(script.mails), 1)

    def test_an_unknown_recipient_fails_as_such(self):
        with self._server() as script:
            script.recipient_answers = ["550 5.1.1 no such mailbox"]
            message = self._send()
            failed = self.world.delivery(message, "FAILED")
        self.assertEqual(failed["failure"]["reason"], "REASON_INVALID_RECIPIENT")
        self.assertNotIn("ana", str(failed["failure"]))
        self.assertEqual(script.mails, [])

    def test_without_starttls_nothing_leaves_in_the_clear(self):
        with self._server() as script:
            message = self._send("secure")
            failed = self.world.delivery(message, "FAILED")
        self.assertIn("STARTTLS", failed["failure"]["detail"])
        self.assertEqual((script.senders, script.mails), ([], []))

    def test_with_starttls_the_mail_leaves_under_tls(self):
        certificate = (self.world.folder / "ca.pem", self.world.folder / "ca.key")
        with self._server(certificate=certificate) as script:
            self.world.delivery(self._send("secure"), "SENT")
        self.assertEqual(script.was_tls, [True])

    def test_credentials_are_given_in_the_way_that_the_server_knows(self):
        for mechanism, good in (("PLAIN", ("PLAIN", b"trama", b"open sesame")),
                                ("LOGIN", ("LOGIN", b"trama", b"open sesame")),
                                ("XOAUTH2", ("XOAUTH2", b"user=trama",
                                             b"auth=Bearer open sesame"))):
            with self.subTest(mechanism), self._server(mechanism=mechanism) as script:
                script.good = good
                self.world.delivery(self._send("known"), "SENT")
                self.assertEqual(script.credentials, [good])
                self.assertEqual(len(script.mails), 1)

    def test_credentials_that_are_refused_fail_visibly(self):
        for mechanism in ("PLAIN", "LOGIN", "XOAUTH2"):
            with self.subTest(mechanism), self._server(mechanism=mechanism) as script:
                failed = self.world.delivery(self._send("known"), "FAILED")
                self.assertEqual(failed["failure"]["reason"], "REASON_NOT_AUTHORISED")
                self.assertEqual(script.mails, [])

    def test_a_server_is_told_the_size_before_the_mail(self):
        with self._server() as script:
            self.world.delivery(self._send(), "SENT")
        self.assertIn(f"SIZE={len(script.mails[0])}", script.options[0])

    def test_a_recipient_that_is_no_address_fails_before_any_dialogue(self):
        with self._server() as script:
            message = self.world.send("scripted", "ana@x.test> NOTIFY=NEVER ORCPT=<b@x.test")
            self.world.delivery(message, "FAILED")
        self.assertEqual(script.senders, [])

    def test_kill_during_the_answer_sends_no_second_mail(self):
        with self._server("hold") as script:
            message = self._send()
            wait_until("the server has the mail", lambda: script.mails)
            self.world.stack.process("email").kill()
            self.world.restart_email()
            failed = self.world.delivery(message, "FAILED")
            self.assertEqual(len(script.mails), 1)
        self.assertEqual(self.world.statuses(message), ["ATTEMPTING", "UNKNOWN", "FAILED"])
        self.assertIn("not sent again", failed["failure"]["detail"])
        self.assertTrue(self.world.delivery(message, "UNKNOWN")["attemptLost"])

    def test_kill_while_nobody_answers_to_the_greeting_loses_nothing(self):
        message = self._send()
        self.world.delivery(message, "RETRYING")
        self.world.stack.process("email").kill()
        with self._server() as script:
            self.world.restart_email()
            wait_until("the message has an end", lambda: set(self.world.statuses(message))
                       & {"SENT", "FAILED"})
        self.assertLessEqual(len(script.mails), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
