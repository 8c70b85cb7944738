"""Faults of senders of mail: dialogues that break, smuggle, repeat."""

import email.utils
import sys
import time
import uuid

from ground import ROOT

sys.path.insert(0, str(ROOT / "tests/email"))
from peers import Raw  # noqa: E402

MIME_PARTS = 2000
MAIL_BYTES_MAX = 26_214_400  # As --mail_bytes_max has it.
CHUNK = b"x" * 76 + b"\r\n"


def new_id():
    return f"<{uuid.uuid4()}@chaos.test>"


def mail(message_id, text=b"Hello", headers=b"", sender="ana@chaos.test"):
    return (f"From: {sender}\r\nSubject: hi\r\nMessage-ID: {message_id}\r\n".encode() + headers
            + b"\r\n" + text + b"\r\n")


class Door:
    """One replica's SMTP door, and the mailbox behind it."""

    def __init__(self, run, name):
        self.port = run.trama.ports[f"{name}_smtp"]
        self.address = run.world["channels"]["email"]["address"]

    def open(self, sender="ana@chaos.test"):
        line = Raw(self.port)
        begun = line.begin(sender, [self.address])
        if not begun.startswith("354"):
            line.close()
            raise ConnectionError(f"DATA was answered {begun!r}")
        return line

    def send(self, data, sender="ana@chaos.test"):
        """The code of the answer to a whole mail; empty when the door closed."""
        with self.open(sender) as line:
            return line.mail(data)[:3]


def break_dialogues(run):
    """At each instance: a mail that breaks off is nowhere; smuggled commands stay text; huge MIME and
    garbage are kept or refused; the same Message-ID twice counts once."""
    doors = [Door(run, name) for name in run.trama.replicas_of("email")]
    same = new_id()
    run.extra_ids.add(same)
    for door in doors:
        _dangle(door)
        _smuggle(run, door)
        _huge(run, door)
        _garbage(run, door)
        run.expect(door.send(mail(same)) == "250", "a mail that came twice was not taken")
    run.mark("healed")


def _dangle(door):
    """Never acknowledged, so it may not be there: I9 would name its id."""
    with door.open() as line:
        line.send(mail(new_id()))


def _smuggle(run, door):
    """A bare line feed ends no mail: either all is one mail, or the door closes."""
    for end in (b"\n.\n", b"\n.\r\n", b"\r.\r"):
        outer, inner = new_id(), new_id()
        smuggled = (f"MAIL FROM:<admin@chaos.test>\r\nRCPT TO:<{door.address}>\r\nDATA\r\n".encode()
                    + mail(inner, b"smuggled"))
        with door.open() as line:
            line.send(mail(outer)[:-2] + end + smuggled + b".\r\nQUIT\r\n")
            answer = line.reply()
        if answer.startswith("250"):
            run.extra_ids.add(outer)
        run.expect(answer[:1] in ("2", "5", ""), f"a smuggled mail was answered {answer!r}")


def _huge(run, door):
    whole = new_id()
    parts = b"".join(b"--x\r\nContent-Type: text/plain\r\n\r\npart %d\r\n" % number
                     for number in range(MIME_PARTS)) + b"--x--\r\n"
    code = door.send(mail(whole, parts, b'Content-Type: multipart/mixed; boundary="x"\r\n'))
    if code == "250":
        run.extra_ids.add(whole)
    run.expect(code in ("250", "552", "554"), f"{MIME_PARTS} parts were answered {code}")
    with door.open() as line:
        try:
            for _ in range(MAIL_BYTES_MAX // len(CHUNK) + 10):
                line.send(CHUNK)
            line.send(b".\r\n")
            code = line.reply()[:3]
        except OSError:
            code = ""  # It has closed the door.
    run.expect(code in ("552", ""), f"a mail beyond the limit was answered {code}")


def _garbage(run, door):
    for _ in range(5):
        message_id = new_id()
        noise = run.random.randbytes(2000).replace(b"\r", b"").replace(b"\n", b"")
        code = door.send(mail(message_id, noise))
        if code == "250":
            run.extra_ids.add(message_id)
        run.expect(code[:1] in ("2", "5"), f"8-bit garbage was answered {code!r}")


def late_date():
    """Ten minutes ago."""
    return f"Date: {email.utils.formatdate(time.time() - 600)}\r\n".encode()
