"""Mail clients that say exactly what a test wants, and a mail server that answers so."""

import asyncio
import base64
import socket
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

ANSWER_MAX_S = 20


class Raw:
    """A dialogue, byte by byte."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), ANSWER_MAX_S)
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self._socket.close()

    def send(self, data):
        self._socket.sendall(data)

    def reply(self):
        """One reply, its lines joined; empty when the server has closed."""
        lines = []
        while True:
            line = self._file.readline().decode().rstrip("\r\n")
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def say(self, line):
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def begin(self, sender="ana@cust.test", recipients=("help@demo.test",), hello="EHLO"):
        """Up to the 354."""
        self.reply()
        self.say(f"{hello} client.test")
        self.say(f"MAIL FROM:<{sender}>")
        for recipient in recipients:
            self.say(f"RCPT TO:<{recipient}>")
        return self.say("DATA")

    def mail(self, data):
        """The mail and its end; the first reply."""
        self.send(stuffed(data))
        return self.reply()


def stuffed(data):
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def hand_over(port, data, sender="ana@cust.test", recipients=("help@demo.test",)):
    """A mail by LMTP; the replies to it, one per recipient."""
    with Raw(port) as client:
        begun = client.begin(sender, recipients, hello="LHLO")
        assert begun.startswith("354"), begun
        first = client.mail(data)
        return [first] + [client.reply() for _ in recipients[1:]]


def mail(message_id, text="Hello", headers="", sender="Ana <ana@cust.test>"):
    return (f"From: {sender}\r\nTo: help@demo.test\r\nSubject: hi\r\n"
            f"Message-ID: {message_id}\r\n{headers}\r\n{text}\r\n").encode()


class Script:
    """Answers to mails, in turn: a reply, "drop" (closes without a reply) or "hold" (never
    answers). Remembers every mail and every MAIL command."""

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.recipient_answers = []
        self.mails = []
        self.credentials = []
        self.good = None  # Which credentials are.
        self.senders = []
        self.options = []  # Of MAIL commands.
        self.was_tls = []

    def authenticate(self, server, session, envelope, mechanism, data):
        said = (mechanism, data.login, data.password) if hasattr(data, "login") else data
        self.credentials.append(said)
        return AuthResult(success=said == self.good, handled=False)

    async def auth_XOAUTH2(self, server, args):
        self.credentials.append(("XOAUTH2", *base64.b64decode(args[1]).split(b"\x01")[:2]))
        return AuthResult(success=self.credentials[-1] == self.good, handled=False)

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.senders.append(address)
        self.options.append(options)
        self.was_tls.append(session.ssl is not None)
        envelope.mail_from = address
        return "250 2.1.0 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.recipient_answers.pop(0) if self.recipient_answers else "250 2.1.5 ok"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope.original_content)
        answer = self.answers.pop(0) if self.answers else "250 2.0.0 ok"
        if answer == "hold":
            await asyncio.sleep(3600)
        if answer == "drop":
            server.transport.abort()
        return answer


class Server(Controller):
    """A mail server on `port` that follows a script, as long as the `with` lasts. With `mechanism`
    nobody sends who has not said who he is by it."""

    def __init__(self, port, script, certificate=None, mechanism=None):
        super().__init__(script, hostname="127.0.0.1", port=port)
        self._mechanism = mechanism
        self._context = None
        if certificate:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(*map(str, certificate))

    def factory(self):
        if not self._mechanism:
            return SMTP(self.handler, hostname="scripted.test", tls_context=self._context)
        return SMTP(self.handler, hostname="scripted.test", auth_required=True,
                    auth_require_tls=False, authenticator=self.handler.authenticate,
                    auth_exclude_mechanism={"PLAIN", "LOGIN", "XOAUTH2"} - {self._mechanism})

    def __enter__(self):
        self.start()
        return self.handler

    def __exit__(self, *_):
        self.stop()
