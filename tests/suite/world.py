"""A whole Trama of its own for each file of this folder: every service, the demo workspaces, and
the outside world (Postfix, WireMock as Twilio). What a test knows, it learns at the public doors
and from the public topics, through tramactl."""

import atexit
import datetime
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))
import customers  # noqa: E402
import stack  # noqa: E402
from stack import StackError, port_is_open  # noqa: E402

OFFSETS = range(13000, 23000, 370)
WAIT_MAX_S = 40
BUILD = pathlib.Path(os.environ.get("TRAMA_BUILD") or ROOT / "build/dev")

CONVERSATIONS = "trama.conversations.v1"
INTERACTIONS = "trama.interactions.v1"
DEAD_LETTERS = "trama.deadletter.v1"
SLA = "trama.sla.v1"


def wait_until(what, condition, seconds=WAIT_MAX_S):
    return stack.wait_until(what, condition, seconds)


def moment(text):
    """A timestamp of Protobuf's JSON, in milliseconds."""
    text = text.rstrip("Z")
    whole, _, fraction = text.partition(".")
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 1000 + int((fraction + "000")[:3])


def fact_of(event):
    """The name of the fact that a conversation event tells."""
    facts = {"opened", "messageReceived", "queued", "offered", "offerEnded", "accepted",
             "replySent", "noteAdded", "resolved", "wrapUpStarted", "wrapUpCompleted", "reopened",
             "closed", "abandoned", "factsLearned", "deliveryChanged", "consentChanged"}
    return next(iter(facts & event.keys()))


def free_offset(folder):
    """One with which every port is free: other tests may run on this machine."""
    for offset in OFFSETS:
        its = stack.Stack(folder, BUILD, offset)
        if not any(map(port_is_open, [*its.ports.values(), *its.kafka.ports()])):
            return offset
    raise StackError(f"no ports are free with an offset of {list(OFFSETS)}")


class World:
    """`secured`: nothing is plain between the parts. Kafka has a user with his own rights for each
    service, Redis one for all, both with TLS; services show each other certificates."""

    def __init__(self, settings=None, secured=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trama-suite."))
        self.folder.chmod(0o755)  # Postfix' own user must be able to walk to its queue.
        self.stack = stack.Stack(self.folder, BUILD, free_offset(self.folder))
        self.stack.settings.update(settings or {})
        if secured:
            self.stack.kafka.security = "sasl"
            self.stack.secured = True
        self.watched = []
        self.is_open = True
        atexit.register(self.close)
        self.stack.up(say=lambda text: None)
        self.stack.apply_demo()
        wait_until("the inboxes are known", self._knows_inboxes)
        self.twilio = customers.demo_twilio(self.stack)
        # The engines have the demo once they know its agents.
        wait_until("routing knows the agents", lambda: len(self.listed("agents", "list")) >= 3)

    def close(self):
        if not self.is_open:
            return
        self.is_open = False
        for name in self.watched:
            self.stack.process(name).kill()
        self.stack.process("wiremock").stop()
        if (self.folder / "postfix").exists():
            customers.stop_postfix(self.stack)
        self.stack.down()

    def _knows_inboxes(self):
        import smtplib
        with smtplib.LMTP(stack.HOST, self.stack.ports["email_lmtp"]) as client:
            client.ehlo_or_helo_if_needed()
            client.mail("probe@customer.test")
            return all(client.rcpt(address)[0] == 250
                       for address in ("help@demo.test", "help@acme.test"))

    # -- the outside world

    def start_postfix(self):
        customers.start_postfix(self.stack)

    def start_wiremock(self):
        """Twilio's API: takes every message. Its journal counts."""
        folder = self.folder / "wiremock"
        folder.mkdir(exist_ok=True)
        jar = next((stack.CACHE / "vendor/jars").glob("wiremock-standalone-*.jar"))
        self.stack.process("wiremock").start(
            ["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-jar", jar, "--root-dir", folder,
             "--port", self.stack.ports["twilio"], "--bind-address", stack.HOST,
             "--global-response-templating"])
        wait_until("WireMock answers", self._wiremock_answers)
        self._wiremock("POST", "mappings", {
            "request": {"method": "POST",
                        "urlPathPattern": "/2010-04-01/Accounts/[^/]+/Messages.json"},
            "response": {"status": 201, "headers": {"Content-Type": "application/json"},
                         "body": '{"sid": "SM{{randomValue length=32 type=\'HEXADECIMAL\'}}",'
                                 ' "status": "queued", "num_segments": "1"}'}})

    def _wiremock_answers(self):
        try:
            return self._wiremock("GET", "mappings") is not None
        except OSError:
            return False

    def _wiremock(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://{self.stack.at('twilio')}/__admin/{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")

    def sent_texts(self, recipient=None):
        """The forms of our sends that stand in WireMock's journal, oldest first."""
        journal = self._wiremock("GET", "requests")["requests"]
        forms = [dict(urllib.parse.parse_qsl(entry["request"]["body"]))
                 for entry in reversed(journal) if entry["request"]["method"] == "POST"]
        return [form for form in forms if recipient in (None, form.get("To"))]

    def sent_by_whatsapp(self):
        """What WhatsApp's side has taken, oldest first."""
        url = f"http://{self.stack.at('graph')}/journal"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.loads(answer.read())

    def call_back(self, form, sid, status, **more):
        """What Twilio posts to the StatusCallback of a send; the HTTP status."""
        url = urllib.parse.urlsplit(form["StatusCallback"])
        return self.twilio.post(f"{url.path}?{url.query}", {
            "MessageSid": sid, "MessageStatus": status, "To": form["To"],
            "From": form.get("From", ""), "AccountSid": self.twilio.account_sid, **more})

    def text(self, sender, body, sid=None):
        """An SMS to the demo's number, signed; the HTTP status."""
        return self.twilio.message(sender, "+14155550199", body, sid or "SM" + uuid.uuid4().hex)

    # -- what Trama says

    def run(self, *arguments, who="supervisor", workspace="demo"):
        return self.stack.tramactl("-w", workspace, *arguments, who=who)

    def refused(self, *arguments, who="supervisor", workspace="demo"):
        """A command that may fail: the finished process."""
        return self.stack.tramactl("-w", workspace, *arguments, who=who, check=False)

    def said(self, *arguments, who="supervisor", workspace="demo"):
        return json.loads(self.run("-o", "json", *arguments, who=who, workspace=workspace) or "null")

    def listed(self, *arguments, **more):
        return self.said(*arguments, **more) or []

    def timeline(self, customer, *arguments, **more):
        """Its entries, newest first; none of a customer whom profile does not know. It reads by
        itself: a little later than the conversation knows it."""
        done = self.refused("-o", "json", "customers", "timeline", customer, *arguments, **more)
        if "CUSTOMER_UNKNOWN" in done.stderr:
            return []
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) or []

    def texts_on_timeline(self, customer, kinds=("KIND_INBOUND",)):
        """Newest first, without the line breaks that end a mail's."""
        return [part["text"]["body"].rstrip("\r\n")
                for entry in self.timeline(customer, "--limit", "5000")
                if entry["kind"] in kinds for part in entry.get("parts", []) if "text" in part]

    def agent(self, name, *arguments, who=None, workspace="demo"):
        return self.said("agent", name, *arguments, who=who or name, workspace=workspace)

    def conversation(self, conversation_id, **more):
        return self.said("conversations", "show", conversation_id, **more)

    def records(self, topic, *arguments):
        """The records of a topic as they are now."""
        lines = self.stack.tramactl("-o", "json", "topics", "tail", topic, "--from", "beginning",
                                    *arguments)
        return [json.loads(line) for line in lines.splitlines()]

    def events(self, conversation_id=None, topic=CONVERSATIONS):
        key = ("--key", conversation_id) if conversation_id else ()
        return [record["value"] for record in self.records(topic, *key)]

    def interaction_of(self, vendor_id):
        return wait_until(f"{vendor_id} is on the topic", lambda: next(
            (record["value"] for record in self.records(INTERACTIONS)
             if record["value"].get("vendorMessageId") == vendor_id), None))

    # -- agents

    def watch(self, name, workspace="demo"):
        """The agent's client: keeps him present and writes down what it is told."""
        who = name if workspace == "demo" else f"{workspace}/{name}"
        process = f"watch-{workspace}-{name}"
        self.watched.append(process)
        self.stack.process(process).start(
            [BUILD / "bin/tramactl", "--endpoints", self.folder / "endpoints.json", "--as", who,
             "-w", workspace, "-o", "json", "agent", name, "watch", "--online"],
            env=self.stack.tramactl_variables())
        wait_until(f"{who} is present", lambda: self.told(name, workspace))

    def told(self, name, workspace="demo"):
        """The updates that the agent's client was sent so far."""
        log = self.stack.process(f"watch-{workspace}-{name}").log_file
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def offer_of(self, name, wanted, workspace="demo"):
        """The conversation, matching `wanted`, that is offered to the agent; waits for it."""
        def offered():
            for each in self.listed("conversations", "list", "--agent", name, workspace=workspace,
                                    who=self.supervisor(workspace)):
                if each["state"] == "STATE_OFFERED" and wanted(each):
                    return each
            return None
        return wait_until(f"{name} of {workspace} is offered it", offered)

    def accept(self, name, wanted, workspace="demo"):
        offer = self.offer_of(name, wanted, workspace)
        who = name if workspace == "demo" else f"{workspace}/{name}"
        self.agent(name, "accept", offer["offerId"], who=who, workspace=workspace)
        return offer["conversationId"]

    @staticmethod
    def supervisor(workspace):
        return "supervisor" if workspace == "demo" else f"{workspace}/supervisor"

    # -- all together

    def unready(self):
        """What every process that is not ready says."""
        return {name: self.stack.ready_text(name) for name in self.stack.replicas()
                if not self.stack.is_ready(name)}


def main():
    """Runs the file's tests; keeps the folder of a failed one, for its logs."""
    program = unittest.main(module="__main__", exit=False, verbosity=2, warnings="ignore")
    passed = program.result.wasSuccessful()
    for test in list(vars(sys.modules["__main__"]).values()):
        world = getattr(test, "world", None)
        if isinstance(world, World):
            world.close()
            if passed:
                shutil.rmtree(world.folder, ignore_errors=True)
            else:
                print(f"logs are in {world.folder}/logs", file=sys.stderr)
    sys.exit(not passed)
