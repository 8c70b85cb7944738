"""The real trama-email with a real broker, Redis and configuration service, for all tests of this
folder: what it writes is read from Kafka by tramactl, what routing would write is put there."""

import atexit
import fcntl
import json
import os
import pathlib
import shutil
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))
import stack as stacks  # noqa: E402

OFFSETS = range(12050, 20000, 450)
SCRIPTED_PORT = 2600
WAIT_MAX_S = 40
MAIL_BYTES_MAX = 1 << 20
NAMES = ["config", "email"]

ACCOUNTS = """
apiVersion: trama/v1
kind: Workspace
metadata: {{name: {workspace}}}
spec: {{displayName: {workspace}, timeZone: UTC, defaultRegion: US,
       identitySecret: "file:{secrets}/identity-{workspace}"}}
---
apiVersion: trama/v1
kind: ChannelAccount
metadata: {{name: help, workspace: {workspace}}}
spec:
  channel: email
  state: ON
  email:
    address: help@{workspace}.test
    aliases: [billing@{workspace}.test]
    fromName: Help desk
    smtpServer: 127.0.0.1:{postfix}
    smtpTls: NONE
    dkim: {{domain: {workspace}.test, selector: trama, privateKey: "file:{secrets}/dkim.pem"}}
    tokenSecret: "file:{secrets}/email-token"
    trustedAuthservId: mx.{workspace}.test
---
apiVersion: trama/v1
kind: ChannelAccount
metadata: {{name: scripted, workspace: {workspace}}}
spec:
  channel: email
  state: ON
  email:
    address: scripted@{workspace}.test
    smtpServer: 127.0.0.1:{scripted}
    smtpTls: NONE
    tokenSecret: "file:{secrets}/email-token"
---
apiVersion: trama/v1
kind: ChannelAccount
metadata: {{name: known, workspace: {workspace}}}
spec:
  channel: email
  state: ON
  email:
    address: known@{workspace}.test
    smtpServer: 127.0.0.1:{scripted}
    smtpTls: NONE
    smtpUser: trama
    smtpPassword: "file:{secrets}/smtp-password"
    tokenSecret: "file:{secrets}/email-token"
---
apiVersion: trama/v1
kind: ChannelAccount
metadata: {{name: secure, workspace: {workspace}}}
spec:
  channel: email
  state: ON
  email:
    address: secure@{workspace}.test
    smtpServer: 127.0.0.1:{scripted}
    smtpTls: STARTTLS
    tokenSecret: "file:{secrets}/email-token"
---
"""


def wait_until(what, condition, seconds=WAIT_MAX_S):
    return stacks.wait_until(what, condition, seconds)


class Feed:
    """The records of one topic, as they come."""

    def __init__(self, stack, topic):
        self._stack = stack
        self._topic = topic
        self._records = {}
        self._lock = threading.Lock()
        self._ended = False
        self._process = None
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        while not self._ended:
            self._process = subprocess.Popen(
                [str(self._stack.build / "bin/tramactl"), "--endpoints",
                 str(self._stack.folder / "endpoints.json"), "-o", "json", "topics", "tail",
                 self._topic, "--from", "beginning", "--follow"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for line in self._process.stdout:
                record = json.loads(line)
                with self._lock:
                    self._records[(record["partition"], record["offset"])] = record
            self._process.wait()

    def values(self, wanted=lambda value: True):
        with self._lock:
            records = [self._records[place] for place in sorted(self._records)]
        return [record["value"] for record in records if wanted(record["value"])]

    def wait(self, what, wanted, count=1):
        """The values that are wanted, once there are `count` of them."""
        return wait_until(what, lambda: len(found := self.values(wanted)) >= count and found)

    def end(self):
        self._ended = True
        if self._process:
            self._process.kill()


def free_offset(folder, build):
    """One with which every port is free, kept for this process: other tests may run as well."""
    for offset in OFFSETS:
        lock = open(pathlib.Path(tempfile.gettempdir()) / f"trama-ports-{offset}.lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        ports = stacks.Stack(folder, build, offset).ports
        wanted = [*ports.values(), ports["kafka"] + 1, SCRIPTED_PORT + offset]
        if not any(map(stacks.port_is_open, wanted)):
            _locks.append(lock)
            return offset
    raise stacks.StackError(f"no ports are free with an offset of {list(OFFSETS)}")


_locks = []  # Held until the process ends.


class World:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trama-email."))
        build = os.environ.get("TRAMA_BUILD") or ROOT / "build/dev"
        offset = free_offset(self.folder, build)
        self.stack = stacks.Stack(self.folder, build, offset)
        self.scripted_port = SCRIPTED_PORT + offset
        self.feeds = []
        atexit.register(self.close)
        self._make_certificate()
        self.stack.settings["email"] = {
            "mail_bytes_max": MAIL_BYTES_MAX, "ambiguity_wait": "2s", "mail_hostname": "mx.demo.test",
            "tls_ca_file": self.folder / "ca.pem", "tls_cert_file": self.folder / "ca.pem",
            "tls_key_file": self.folder / "ca.key"}
        self.stack.up(say=lambda text: None, names=NAMES)
        (self.stack.secrets / "smtp-password").write_text("open sesame")
        self._apply()
        self.interactions = self._feed("trama.interactions.v1")
        self.deliveries = self._feed("trama.deliveries.v1")
        self.dead_letters = self._feed("trama.deadletter.v1")

    def _make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self.folder / "ca.key", "-out", self.folder / "ca.pem"],
                       check=True, capture_output=True)

    def _apply(self):
        file = self.folder / "accounts.yaml"
        file.write_text("".join(
            ACCOUNTS.format(workspace=workspace, secrets=self.stack.secrets,
                            postfix=self.stack.ports["postfix"], scripted=self.scripted_port)
            for workspace in ("demo", "acme")))
        self.stack.tramactl("apply", "-f", file)
        workspaces = json.loads(self.stack.tramactl("get", "workspaces", "-o", "json"))
        items = workspaces if isinstance(workspaces, list) else workspaces["items"]
        self.partitions = {item["metadata"]["name"]: item["spec"].get("partition", 0)
                           for item in items}
        wait_until("the inboxes are known", lambda: self.knows("help@acme.test"))

    def knows(self, address):
        with smtplib.LMTP("127.0.0.1", self.stack.ports["email_lmtp"]) as client:
            client.ehlo_or_helo_if_needed()
            client.mail("probe@cust.test")
            return client.rcpt(address)[0] == 250

    def _feed(self, topic):
        feed = Feed(self.stack, topic)
        self.feeds.append(feed)
        return feed

    # -- in

    @property
    def smtp(self):
        return self.stack.ports["email_smtp"]

    @property
    def lmtp(self):
        return self.stack.ports["email_lmtp"]

    def interaction_of(self, message_id):
        """The one interaction that a mail has become; more than one is a failure."""
        found = self.interactions.wait(f"{message_id} is an interaction",
                                       lambda value: value.get("vendorMessageId") == message_id)
        assert len({value["interactionId"] for value in found}) == 1, found
        return found[0]

    # -- out

    def send(self, account, recipient, **fields):
        """Puts a message where routing would put it; its id."""
        message_id, conversation = str(uuid.uuid4()), str(uuid.uuid4())
        partition = self.partitions["demo"]
        now = int(time.time())
        text = "\n".join([
            f'message_id: "{message_id}" workspace: "demo" partition: {partition}',
            f'conversation_id: "{conversation}" channel: "email" channel_account: "{account}"',
            f'recipient_address: "{recipient}" created_at {{ seconds: {now} }}',
            fields.pop("more", 'parts { text { body: "Hello" format: FORMAT_PLAIN } }'),
            *(f"{name}: {json.dumps(value)}" for name, value in fields.items())])
        encoded = subprocess.run(
            ["protoc", f"-I{ROOT}/protos", "--encode=trama.outbound.v1.OutboundMessage",
             "trama/outbound/v1/outbound_events.proto"],
            input=text.encode(), capture_output=True, check=True).stdout
        file = self.folder / "outbound.bin"
        file.write_bytes(encoded)
        headers = {"ce_specversion": "1.0", "ce_id": message_id, "ce_source": "/trama/routing",
                   "ce_type": "trama.outbound.v1.OutboundMessage",
                   "content-type": "application/protobuf"}
        subprocess.run(
            ["kcat", "-P", "-b", self.stack.at("kafka"), "-t", "trama.outbound.email.v1", "-p",
             str(partition), "-k", conversation,
             *(part for name, value in headers.items() for part in ("-H", f"{name}={value}")),
             str(file)], check=True, capture_output=True)
        return message_id

    def statuses(self, message_id):
        return [value["status"].removeprefix("STATUS_") for value in self.deliveries.values(
            lambda value: value["messageId"] == message_id)]

    def delivery(self, message_id, status):
        """The record that says that the message has got this status."""
        return self.deliveries.wait(
            f"{message_id} is {status}, after {self.statuses(message_id)}",
            lambda value: value["messageId"] == message_id
            and value["status"] == f"STATUS_{status}")[0]

    # -- faults

    def restart_email(self):
        self.stack.start_service("email")
        self.stack.wait_ready(["email"])

    def stop_kafka(self):
        subprocess.run([str(ROOT / "tools/broker"), "stop", "--dir",
                        str(self.stack.folder / "kafka")], check=True, capture_output=True)

    def close(self):
        for feed in self.feeds:
            feed.end()
        self.stack.down()
        if os.environ.get("TRAMA_KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


_world = None


def world():
    """The one world of this process."""
    global _world
    if isinstance(_world, Exception):
        raise _world
    if _world is None:
        try:
            _world = World()
        except Exception as error:
            _world = error
            raise
    return _world
