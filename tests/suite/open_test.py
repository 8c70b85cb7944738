"""A channel that an integrator brings: his client signs by the README's words, every request and
answer is held against the OpenAPI document, and agents answer through routing."""

import datetime
import json
import pathlib
import re
import subprocess
import time
import unittest
import uuid

import standardwebhooks
from openapi_core.exceptions import OpenAPIError

import integrator as integrators
import world as worlds
from integrator import event
from world import wait_until

SERVICE = pathlib.Path(__file__).resolve().parents[2] / "services/channels/open"
DELIVERIES = "trama.deliveries.v1"
# Events of conversations hold them as numbers (trama.delivery.v1.Status).
STATUS_READ, STATUS_FAILED = 4, 5


class Open(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        account = cls.world.stack.endpoints()["accounts"]["open"]
        cls.integrator = integrators.Integrator(account["public_url"], account["secret"],
                                                cls.world.stack.ports["integrator"])
        wait_until("the account is known", cls.is_known)
        cls.world.watch("ana")

    @classmethod
    def tearDownClass(cls):
        cls.integrator.close()
        cls.world.close()

    @classmethod
    def is_known(cls):
        return cls.integrator.post(event("typing", "nobody")).status == 202

    def setUp(self):
        self.user = f"user-{uuid.uuid4()}"

    def results(self, *events, **more):
        answer = self.integrator.post(*events, **more)
        self.assertEqual(answer.status, 202, answer.body)
        return [each["status"] for each in answer.body["results"]]

    def open(self, text="Where is my parcel?"):
        """A user writes and ana takes it: the conversation and the message's id."""
        message = self.integrator.says(self.user, text)
        conversation = self.world.accept(
            "ana", lambda each: each["identifier"]["value"] == self.user)
        self.addCleanup(self.finish, conversation)
        return conversation, message

    def finish(self, conversation):
        """Makes room for the next one."""
        self.world.agent("ana", "resolve", conversation)
        self.world.agent("ana", "wrap-up", conversation, "solved")

    def message_to(self, user):
        return self.integrator.wait_for(lambda each: each["user"]["id"] == user)

    def statuses(self, message_id):
        return [record["value"]["status"].removeprefix("STATUS_")
                for record in self.world.records(DELIVERIES)
                if record["value"].get("messageId") == message_id]

    # -- the contract

    def test_the_example_of_the_readme_works_as_it_stands(self):
        readme = (SERVICE / "README.md").read_text()
        script = re.search(r"```sh\n(.*?)```", readme, re.S).group(1)
        answer = re.search(r"answers\n\n```json\n(.*?)```", readme, re.S).group(1)
        folder = self.world.folder / "readme"
        folder.mkdir()
        (folder / ".run").symlink_to(self.world.folder)
        done = subprocess.run(["bash", "-eu", "-c", script], cwd=folder, capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), json.loads(answer))
        self.assertEqual(self.world.interaction_of("m-1")["sender"]["address"], "user-42")

    def test_what_the_contract_allows_is_accepted(self):
        mine = {"id": f"m-{self.user}"}
        events = [
            event("message", self.user, message={**mine, "text": "Hello"},
                  conversation_id="order 7"),
            event("edit", self.user, message={**mine, "text": "Hello!"}),
            event("reaction", self.user, message=mine, reaction="👍"),
            event("reaction", self.user, message=mine, reaction=None),
            event("delete", self.user, message=mine),
            event("typing", self.user),
            event("read", self.user),
            {"id": str(uuid.uuid4()), "type": "status", "occurred_at": integrators.now_text(),
             "conversation_id": str(uuid.uuid4()), "message": {"id": str(uuid.uuid4())},
             "status": "failed", "error": {"reason": "unreachable", "code": "17"}},
        ]
        self.assertEqual(self.results(*events), ["accepted"] * len(events))
        self.assertEqual(self.results(*events), ["duplicate"] * len(events))

    def test_what_the_contract_forbids_is_rejected_with_field_and_reason(self):
        text = {"id": "m", "text": "x"}
        wrong = {
            "message": event("message", self.user),
            "message.text": event("message", self.user, message={"id": "m"}),
            "type": event("call", self.user),
            "user.id": event("message", "", message=text),
            "message.id": event("message", self.user, message={"id": "m" * 129, "text": "x"}),
            "occurred_at": {**event("typing", self.user), "occurred_at": "yesterday"},
            "message.attachments[0].url": event("message", self.user, message={
                "id": "m", "attachments": [{"url": "ftp://x.example/"}]}),
        }
        for field, each in wrong.items():
            with self.subTest(field), self.assertRaises(OpenAPIError):
                self.integrator.post(each)
        answer = self.integrator.post(*wrong.values(), event("typing", self.user), valid=False)
        *refused, taken = answer.body["results"]
        self.assertEqual(taken["status"], "accepted")
        for index, (field, result) in enumerate(zip(wrong, refused)):
            self.assertEqual(result["status"], "rejected", field)
            self.assertTrue(result["field"].startswith(f"events[{index}].{field}"), result)
            self.assertTrue(result["reason"], result)

    def test_requests_that_are_not_proved_are_refused_without_a_word_why(self):
        body = json.dumps({"events": [event("typing", self.user)]}).encode()
        good = self.integrator.headers(body)
        old = self.integrator.headers(body, at=time.time() - integrators.WINDOW_S - 5)
        wrong = [{"Content-Type": "application/json"}, old,
                 {**good, "X-Trama-Signature": "v1=" + "0" * 64},
                 {**good, "X-Trama-Timestamp": str(int(time.time()) - 1)}]
        answers = {self.integrator.exchange(body, headers)[::2] for headers in wrong}
        self.assertEqual(len(answers), 1)
        self.assertEqual(answers.pop()[0], 401)
        self.assertEqual(self.integrator.exchange(body, good)[0], 202)

    def test_standard_webhooks_library_signs_and_checks(self):
        library = standardwebhooks.Webhook(self.integrator.secret)
        now = datetime.datetime.now(datetime.timezone.utc)
        body = json.dumps({"events": [event("typing", self.user)]})
        headers = {"Content-Type": "application/json", "webhook-id": "w1",
                   "webhook-timestamp": str(int(now.timestamp())),
                   "webhook-signature": library.sign("w1", now, body)}
        self.assertEqual(self.integrator.exchange(body.encode(), headers)[0], 202)

        checked = []
        check = self.integrator.check

        def with_library(headers, body):
            checked.append(library.verify(body, dict(headers)))
            return check(headers, body)
        self.integrator.check = with_library
        self.addCleanup(setattr, self.integrator, "check", check)
        conversation, _ = self.open()
        self.world.agent("ana", "reply", conversation, "Hello.")
        self.message_to(self.user)
        self.assertEqual(checked[0]["message"]["text"], "Hello.")

    # -- conversations

    def test_a_user_is_answered_and_says_that_he_has_read_it(self):
        conversation, mine = self.open()
        self.world.agent("ana", "reply", conversation, "It comes tomorrow.")
        answer = self.message_to(self.user)
        self.assertEqual(answer["message"]["text"], "It comes tomorrow.")
        self.assertEqual(answer["message"]["reply_to"], mine)
        self.assertEqual(answer["author"], {"kind": "agent"})
        for status in ("delivered", "read"):
            self.integrator.tells(answer, status)
        wait_until("the conversation knows it", lambda: any(
            event.get("deliveryChanged", {}).get("status") == STATUS_READ
            for event in self.world.events(conversation)))
        self.integrator.says(self.user, "Thank you", conversation_id=answer["conversation_id"])
        wait_until("the thanks are in the same conversation",
                   lambda: int(self.world.conversation(conversation)["inboundCount"]) == 2)
        wait_until("the timeline has all of it", lambda: sorted(self.world.texts_on_timeline(
            f"channel:open/open:{self.user}", ("KIND_INBOUND", "KIND_OUTBOUND"))) == [
                "It comes tomorrow.", "Thank you", "Where is my parcel?"])

    def test_an_integrator_in_trouble_gets_the_message_once_he_is_back(self):
        conversation, _ = self.open()
        self.integrator.answers = [503, 500]
        sent = self.world.agent("ana", "reply", conversation, "Hello.")["messageId"]
        wait_until("it is sent", lambda: "SENT" in self.statuses(sent))
        calls = [body for key, body in self.integrator.calls if key == sent]
        self.assertEqual(len(calls), 3)
        self.assertEqual(len(set(calls)), 1)
        self.assertEqual(self.statuses(sent), ["ATTEMPTING", "RETRYING"] * 2 + ["ATTEMPTING", "SENT"])

    def test_a_refusal_is_final_and_seen_by_the_agent(self):
        conversation, _ = self.open()
        self.integrator.answers = [410]
        sent = self.world.agent("ana", "reply", conversation, "Hello.")["messageId"]
        wait_until("the conversation knows it", lambda: any(
            event.get("deliveryChanged", {}).get("status") == STATUS_FAILED
            for event in self.world.events(conversation)))
        self.assertEqual(self.statuses(sent), ["ATTEMPTING", "FAILED"])

    def test_kill_9_in_the_middle_of_a_call_loses_and_repeats_nothing(self):
        conversation, _ = self.open()
        service = self.world.stack.process("open")
        killed = []

        def kill():
            killed.append(service.kill())
            return 200
        # Before an answer, so that the outcome of a call that has reached him is lost.
        self.integrator.answers = [200, kill]
        sent = [self.world.agent("ana", "reply", conversation, f"part {number}")["messageId"]
                for number in range(5)]
        wait_until("the service is dead", lambda: killed)
        self.world.stack.start_service("open")
        self.world.stack.wait_ready(["open"])
        wait_until("all of them are sent",
                   lambda: all("SENT" in self.statuses(message) for message in sent))
        got = [each for each in self.integrator.messages() if each["user"]["id"] == self.user]
        self.assertEqual([each["id"] for each in got], sent)
        self.assertEqual([each["message"]["text"] for each in got],
                         [f"part {number}" for number in range(5)])
        again = [key for key, _ in self.integrator.calls if key == sent[1]]
        self.assertEqual(len(again), 2)
        self.assertEqual(self.integrator.refused, [])


if __name__ == "__main__":
    worlds.main()
