"""Nonsense at every public door: each piece gets a clear refusal or becomes a dead letter, and
afterwards every service works as before."""

import http.client
import pathlib
import random
import smtplib
import socket
import struct
import subprocess
import unittest
import urllib.parse
import uuid

import world as worlds
from world import customers, stack, wait_until

SEED = 20261123
PHONE = "+14155550123"
GRPC = {"routing_0": "trama.routing.v1.RoutingService/ListAgents",
        "routing_1": "trama.routing.v1.RoutingService/AcceptOffer",
        "profile": "trama.profile.v1.ProfileService/Resolve",
        "config": "trama.config.v1.ConfigService/Apply",
        "sla_0": "trama.sla.v1.SlaService/GetClocks",
        "reporting": "trama.reporting.v1.ReportingService/GetKpis"}

BAD_RESOURCES = {
    "no YAML": "kind: [",
    "no mapping": "- 1\n- 2\n",
    "no resource": "hello: world\n",
    "an unknown kind": "apiVersion: trama/v1\nkind: Spaceship\nmetadata: {name: x}\nspec: {}\n",
    "an unknown field": "apiVersion: trama/v1\nkind: Skill\n"
                        "metadata: {name: x, workspace: demo}\nspec: {displayNam: X}\n",
    "a bad name": "apiVersion: trama/v1\nkind: Skill\n"
                  "metadata: {name: 'A B/C', workspace: demo}\nspec: {}\n",
    "a reference to nothing": "apiVersion: trama/v1\nkind: Queue\n"
                              "metadata: {name: x, workspace: demo}\n"
                              "spec: {order: 1, requiredSkills: [{skill: flying}]}\n",
    "no duration": "apiVersion: trama/v1\nkind: Queue\nmetadata: {name: x, workspace: demo}\n"
                   "spec: {order: 1, offerTimeout: soon}\n",
    "a number that is too large": "apiVersion: trama/v1\nkind: Queue\n"
                                  "metadata: {name: x, workspace: demo}\n"
                                  "spec: {order: 99999999999999999999}\n",
    "a workspace that is not there": "apiVersion: trama/v1\nkind: Skill\n"
                                     "metadata: {name: x, workspace: nowhere}\nspec: {}\n",
    "many levels": "a: " + "[" * 20000,
}


class Malformed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        cls.pids = {name: cls.world.stack.process(name).pid() for name in
                    cls.world.stack.replicas()}

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def tearDown(self):
        """Whatever came: no process has died, all are ready."""
        wait_until("every service is ready", lambda: not self.world.unready())
        self.assertEqual({name: self.world.stack.process(name).pid() for name in self.pids},
                         self.pids)

    # -- webhooks

    def post(self, body, signature=None, path=None, **headers):
        """(status, body) of a raw request to the webhook door."""
        connection = http.client.HTTPConnection(stack.HOST, self.world.stack.ports["sms_http"],
                                                timeout=20)
        if signature:
            headers["X-Twilio-Signature"] = signature
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request("POST", path or self.world.twilio.path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def signed(self, params):
        twilio = self.world.twilio
        return twilio.validator.compute_signature(twilio.public_base + twilio.path, params)

    def test_a_webhook_without_a_good_signature_is_forbidden(self):
        params = {"MessageSid": "SM1", "From": PHONE, "To": "+14155550199", "Body": "x"}
        body = urllib.parse.urlencode(params)
        for signature in (None, "", "x", "A" * 28, "=" * 5000, "\xff\xfe"):
            self.assertEqual(self.post(body, signature), 403, repr(signature))
        self.assertEqual(self.post(body + "&Body=y", self.signed(params)), 403)

    def test_an_unknown_path_is_not_found(self):
        for path in ("/", "/sms/", "/sms/demo", "/sms/demo/nobody", "/sms/nowhere/sms",
                     "/sms/demo/sms/status/more", "/sms/media/x", "/%00", "/sms/%2e%2e/sms",
                     "/" + "a" * 4000):
            self.assertEqual(self.post("", "x", path), 404, path)

    def test_a_webhook_that_is_too_large_is_refused(self):
        self.assertEqual(self.post("Body=" + "x" * 70_000, "x"), 413)

    def test_bytes_that_are_no_http_get_an_answer_or_the_door(self):
        randomness = random.Random(SEED)
        nonsense = [b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 500,
                    b"POST /sms/demo/sms HTTP/9.9\r\n\r\n",
                    b"POST /sms/demo/sms HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                    b"POST /sms/demo/sms HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                    b"POST /sms/demo/sms HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
                    *(randomness.randbytes(300) + b"\r\n\r\n" for _ in range(20))]
        for bytes_ in nonsense:
            answer = customers.say_raw(self.world.stack.ports["sms_http"], bytes_)
            if answer:
                self.assertRegex(answer, rb"^HTTP/1\.[01] (4|5)\d\d ", bytes_[:40])

    def test_a_signed_webhook_that_says_nothing_becomes_a_dead_letter(self):
        cases = [{"Body": "no id"}, {"MessageSid": "../../etc", "From": PHONE},
                 {"MessageSid": "SM" + uuid.uuid4().hex}]
        before = len(self.dead_letters())
        for params in cases:
            self.assertEqual(self.post(urllib.parse.urlencode(params), self.signed(params)), 200,
                             params)
        letters = wait_until("all are dead letters", lambda: (
            len(found := self.dead_letters()) >= before + len(cases) and found))
        for letter in letters[before:]:
            self.assertEqual(letter["source"], "webhook:sms:demo/sms")
            self.assertTrue(letter["reason"])

    def dead_letters(self):
        return [record["value"] for record in self.world.records(worlds.DEAD_LETTERS)]

    # -- mail

    def test_nonsense_in_a_mail_dialogue_gets_5xx(self):
        for port in ("email_smtp", "email_lmtp"):
            with socket.create_connection((stack.HOST, self.world.stack.ports[port]), 20) as line:
                file = line.makefile("rb")
                self.assertEqual(file.readline()[:3], b"220")
                for command in (b"NONSENSE", b"MAIL", b"RCPT TO:<help@demo.test>", b"DATA",
                                b"\xff\xfe\x00", b"MAIL FROM:" + b"x" * 400, b"EHLO"):
                    line.sendall(command + b"\r\n")
                    self.assertEqual(file.readline()[:1], b"5", command)
                line.sendall(b"QUIT\r\n")
                self.assertEqual(file.readline()[:3], b"221")

    def test_a_line_that_is_too_long_is_refused_and_the_dialogue_goes_on(self):
        with socket.create_connection(
                (stack.HOST, self.world.stack.ports["email_smtp"]), 20) as line:
            file = line.makefile("rb")
            self.assertEqual(file.readline()[:3], b"220")
            line.sendall(b"x" * 20_000 + b"\r\n")
            self.assertEqual(file.readline()[:1], b"5")
            line.sendall(b"NOOP\r\n")
            self.assertIn(file.readline()[:3], (b"250", b""))

    def test_a_broken_mail_is_kept_all_the_same(self):
        randomness = random.Random(SEED)
        bodies = [b"", b"\r\n", b"no header at all", b"Subject: =?utf-8?B?!!!?=\r\n\r\n\xff\xfe",
                  b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n--x",
                  b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n----\r\n",
                  b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=nonsense\r\n"
                  b"Content-Transfer-Encoding: base64\r\n\r\n!!!!\r\n",
                  b"From: <<<>>>\r\nDate: never\r\nMessage-ID: <>\r\n\r\nx\r\n",
                  *(randomness.randbytes(400).replace(b"\n", b"").replace(b"\r", b"")
                    for _ in range(10))]
        before = self.kept_mails()
        for place, body in enumerate(bodies):
            with smtplib.SMTP(stack.HOST, self.world.stack.ports["email_smtp"], timeout=20) as mail:
                mail.sendmail(f"broken{place}@customer.test", ["help@demo.test"], body + b"\r\n")
        wait_until("every mail is an interaction or a dead letter",
                   lambda: self.kept_mails() >= before + len(bodies))

    def kept_mails(self):
        mails = {record["value"]["interactionId"]
                 for record in self.world.records(worlds.INTERACTIONS)
                 if record["value"]["channel"] == "email"}
        letters = [each for each in self.dead_letters() if "mail" in each["source"]]
        return len(mails) + len(letters)

    # -- gRPC

    def call(self, name, method, message, token="admin"):
        """(gRPC status, its text) of a call whose request is any bytes."""
        file = pathlib.Path(self.world.folder) / "request.bin"
        file.write_bytes(b"\x00" + struct.pack(">I", len(message)) + message)
        headers = ["content-type: application/grpc", "te: trailers"]
        if token is not None:
            headers.append(f"authorization: {token}")
        done = subprocess.run(
            ["curl", "-sS", "--http2-prior-knowledge", "--max-time", "20", "-D", "-", "-o",
             "/dev/null", *(part for each in headers for part in ("-H", each)), "--data-binary",
             f"@{file}", f"http://{self.world.stack.at(name)}/{method}"],
            capture_output=True, text=True)
        fields = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
        self.assertIn("grpc-status", fields, f"{name}: {done.stdout}{done.stderr}")
        return int(fields["grpc-status"]), fields.get("grpc-message", "")

    def bearer(self, who):
        return f"Bearer {self.world.stack.token(who)}"

    def test_a_call_without_good_credentials_is_unauthenticated(self):
        for name, method in GRPC.items():
            for token in (None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 4000):
                status, text = self.call(name, method, b"", token)
                self.assertEqual(status, 16, f"{name} {token!r:.40}: {status} {text}")

    def test_bytes_that_are_no_message_get_a_typed_error(self):
        randomness = random.Random(SEED)
        for name, method in GRPC.items():
            for message in (b"\xff" * 20, b"\x0a\x7f", b"\x0a\x04\xff\xfe\xfd\xfc", b"\x08",
                            randomness.randbytes(200)):
                status, text = self.call(name, method, message, self.bearer("admin"))
                self.assertIn(status, (3, 5, 7, 9, 12, 13), f"{name}: {status} {text}")

    def test_a_request_that_is_too_large_is_refused(self):
        for name in ("config", "profile"):
            status, text = self.call(name, GRPC[name], b"\x0a\x80\x80\x80\x20" + b"x" * (64 << 20),
                                     self.bearer("admin"))
            self.assertEqual(status, 8, text)

    def test_empty_requests_name_what_is_missing(self):
        for name in ("routing_0", "profile", "sla_0", "reporting"):
            status, text = self.call(name, GRPC[name], b"", self.bearer("supervisor"))
            self.assertIn(status, (3, 5, 7), f"{name}: {status} {text}")
            self.assertTrue(text)

    # -- configuration

    def test_bad_resources_are_refused_and_nothing_changes(self):
        before = self.world.run("-o", "json", "get", "queues", who="admin")
        for what, text in BAD_RESOURCES.items():
            with self.subTest(what):
                file = self.world.folder / "bad.yaml"
                file.write_text(text)
                done = self.world.refused("apply", "-f", file, who="admin")
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assertTrue(done.stderr.startswith("error: "), done.stderr)
        self.assertEqual(self.world.run("-o", "json", "get", "queues", who="admin"), before)

    # -- afterwards

    def test_zz_messages_still_arrive(self):
        sid = "SM" + uuid.uuid4().hex
        self.assertEqual(self.world.text("+14155550166", "Still there?", sid), 200)
        mail = customers.send_mail(self.world.stack.at("email_smtp"), "zoe@customer.test",
                                   "help@demo.test", "Still there?", "Hello")
        for vendor_id in (sid, mail):
            self.world.interaction_of(vendor_id)
        wait_until("both are conversations", lambda: len(
            [each for each in self.world.listed("conversations", "list")
             if each["identifier"]["value"] in ("+14155550166", "zoe@customer.test")]) == 2)


if __name__ == "__main__":
    worlds.main()
