"""The story of the product, end to end: people write by mail and text, agents answer, and every
figure agrees with what the test itself has seen happen."""

import json
import unittest

import world as worlds
from story_figures import Figures
from world import customers, fact_of, moment, wait_until

MAIL, PHONE = "maria@customer.test", "+14155550123"
PAULO = "+14155550177"
FILE_BYTES = bytes(range(256)) * 41 + b"\r\n.\r\n\n..\nend"


class Story(Figures, unittest.TestCase):
    """Played once; each test is one thing that must be true of it."""

    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        try:
            cls.play()
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    # -- the story

    @classmethod
    def play(cls):
        world = cls.world
        world.start_postfix()
        world.start_wiremock()
        for name in ("carla", "bruno"):
            world.watch(name)
        world.watch("ana", "acme")
        cls.paulo_texts_and_bruno_misses_it()
        cls.maria_texts_and_bruno_declines()
        cls.maria_mails()
        cls.ana_takes_everything()
        cls.maria_is_linked()
        cls.ana_answers()
        cls.ana_resolves()
        cls.maria_answers_in_the_thread()
        cls.acme_has_its_own()
        wait_until("every mail is in Maria's mailbox", lambda: len(cls.letters()) >= 3)

    @classmethod
    def paulo_texts_and_bruno_misses_it(cls):
        world = cls.world
        cls.set_offer_timeout("1s")
        cls.paulo_sid = "SM" + "a1" * 16
        assert world.text(PAULO, "Are you open?", cls.paulo_sid) == 200
        ended = wait_until("Bruno has missed an offer", lambda: [
            event for event in world.events() if fact_of(event) == "offerEnded"])
        cls.missed = ended[0]
        cls.paulos = cls.missed["conversationId"]
        cls.set_offer_timeout("30s")

    @classmethod
    def set_offer_timeout(cls, timeout):
        queue = cls.world.said("get", "queues", "texts", who="admin")
        queue = queue[0] if isinstance(queue, list) else queue
        queue["spec"]["offerTimeout"] = timeout
        file = cls.world.folder / "texts.yaml"
        file.write_text(json.dumps(queue))
        cls.world.run("apply", "-f", file, who="admin")

    @classmethod
    def maria_texts_and_bruno_declines(cls):
        world = cls.world
        cls.text_sid = "SM" + "b2" * 16
        assert world.text(PHONE, "Is my parcel on its way?", cls.text_sid) == 200
        offer = world.offer_of("bruno", lambda each: each["channel"] == "sms")
        cls.text = offer["conversationId"]
        world.agent("bruno", "decline", offer["offerId"], "--reason", "wrong_skill")

    @classmethod
    def maria_mails(cls):
        world = cls.world
        cls.mail_id = customers.send_mail(world.stack.at("postfix"), MAIL, "help@demo.test",
                                          "My invoice", "Hello, the invoice of May is wrong.")
        cls.mail = wait_until("the mail waits in billing", lambda: next(
            (each["conversationId"] for each in world.listed("conversations", "list")
             if each["channel"] == "email" and each["queue"] == "billing"), None))

    @classmethod
    def ana_takes_everything(cls):
        cls.world.watch("ana")
        for conversation in (cls.mail, cls.text, cls.paulos):
            cls.accept(conversation)

    @classmethod
    def accept(cls, conversation):
        return cls.world.accept("ana", lambda each: each["conversationId"] == conversation)

    @classmethod
    def maria_is_linked(cls):
        cls.customers_before = [cls.customer_of(MAIL), cls.customer_of(PHONE)]
        cls.world.run("customers", "link", MAIL, PHONE, "--reason", "same name on the invoice")
        cls.customers_after = [cls.customer_of(MAIL), cls.customer_of(PHONE)]

    @classmethod
    def customer_of(cls, who):
        return cls.world.said("customers", "show", who)["customerId"]

    @classmethod
    def ana_answers(cls):
        world = cls.world
        cls.file = world.folder / "invoice.pdf"
        cls.file.write_bytes(FILE_BYTES)
        world.agent("ana", "reply", cls.mail, "Here is the corrected invoice.", "--file", cls.file)
        world.agent("ana", "reply", cls.text, "It arrives tomorrow.")
        world.agent("ana", "reply", cls.paulos, "Until six.")
        world.agent("ana", "note", cls.text, "He was very kind.")
        wait_until("both texts are at the vendor", lambda: len(world.sent_texts()) >= 2)
        for person, words in ((PHONE, ["sent", "delivered"]), (PAULO, ["sent", "undelivered"])):
            form = world.sent_texts(person)[0]
            for word in words:
                more = {"ErrorCode": "30003"} if word == "undelivered" else {}
                assert world.call_back(form, "SM" + person[-2:] * 16, word, **more) == 200
        cls.wait_delivery(cls.text, 3)
        cls.wait_delivery(cls.paulos, 5)
        cls.wait_delivery(cls.mail, 2)

    @classmethod
    def wait_delivery(cls, conversation, status):
        wait_until(f"{conversation} says delivery status {status}", lambda: [
            event for event in cls.world.events(conversation)
            if event.get("deliveryChanged", {}).get("status") == status])

    @classmethod
    def ana_resolves(cls):
        world = cls.world
        for conversation in (cls.mail, cls.text, cls.paulos):
            world.agent("ana", "resolve", conversation)
        cls.no_code = world.refused("agent", "ana", "wrap-up", cls.mail, who="ana")
        cls.foreign_code = world.refused("agent", "ana", "wrap-up", cls.mail, "nonsense", who="ana")
        world.agent("ana", "wrap-up", cls.mail, "solved", "refunded")

    @classmethod
    def maria_answers_in_the_thread(cls):
        world = cls.world
        letter = wait_until("the answer is in Maria's mailbox", cls.letters)[0]
        customers.send_mail(
            world.stack.at("postfix"), MAIL, "help@demo.test", "Re: My invoice",
            "One more thing: thanks!", headers=[f"In-Reply-To: {letter['Message-ID']}"])
        cls.accept(cls.mail)
        world.agent("ana", "reply", cls.mail, "You are welcome.", "--resolve")
        world.agent("ana", "wrap-up", cls.mail, "solved")

    @classmethod
    def acme_has_its_own(cls):
        world = cls.world
        customers.send_mail(world.stack.at("email_smtp"), MAIL, "help@acme.test", "Hello Acme",
                            "Do you sell ladders? No invoice, please.")
        cls.acmes = world.accept("ana", lambda each: True, workspace="acme")
        world.agent("ana", "reply", cls.acmes, "We do.", "--resolve", who="acme/ana",
                    workspace="acme")

    @classmethod
    def letters(cls):
        return [letter for letter in customers.mailbox(cls.world.stack)
                if "trama" in str(letter["Message-ID"]) or letter["From"]]

    # -- what must be true of it: who got what

    def test_only_the_skilled_agent_is_offered_the_invoice(self):
        offers = [event["offered"] for event in self.world.events(self.mail)
                  if fact_of(event) == "offered"]
        self.assertEqual({offer["agentId"] for offer in offers}, {"ana"})
        self.assertGreaterEqual(offers[0]["decision"]["excludedByReason"]["skill"], 1)

    def test_carla_is_never_offered_anything(self):
        asked = {event["offered"]["agentId"] for event in self.world.events()
                 if fact_of(event) == "offered"}
        self.assertNotIn("carla", asked)
        self.assertEqual([update for update in self.world.told("carla") if "offer" in update], [])

    def test_a_missed_offer_goes_to_somebody_else(self):
        self.assertEqual(self.missed["offerEnded"]["reason"], "REASON_TIMED_OUT")
        self.assertEqual(self.asked_for(self.paulos), ["bruno", "ana"])

    def test_a_declined_offer_goes_to_somebody_else_with_its_reason(self):
        ended = [event["offerEnded"] for event in self.world.events(self.text)
                 if fact_of(event) == "offerEnded"]
        self.assertEqual([(each["reason"], each["detail"]) for each in ended],
                         [("REASON_DECLINED", "wrong_skill")])
        self.assertEqual(self.asked_for(self.text), ["bruno", "ana"])

    def asked_for(self, conversation):
        return [event["offered"]["agentId"] for event in self.world.events(conversation)
                if fact_of(event) == "offered"]

    def test_age_is_kept_over_decline_and_miss(self):
        for conversation in (self.text, self.paulos):
            accepted = self.fact(conversation, "accepted")
            self.assertEqual(moment(accepted["firstEnqueuedAt"]), self.received(conversation))

    def test_every_sequence_is_without_gaps(self):
        for conversation in (self.mail, self.text, self.paulos, self.acmes):
            numbers = [int(event["sequence"]) for event in self.world.events(conversation)]
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    # -- one person

    def test_two_customers_before_the_link_and_one_after(self):
        self.assertNotEqual(*self.customers_before)
        self.assertEqual(self.customers_after[0], self.customers_after[1])
        self.assertIn(self.customers_after[0], self.customers_before)

    def test_one_timeline_in_both_directions_and_in_order(self):
        by_mail = self.timeline(MAIL)
        self.assertEqual(by_mail, self.timeline(PHONE))
        times = [moment(entry["at"]) for entry in by_mail]
        self.assertEqual(times, sorted(times))
        spoken = [(entry["kind"], entry["channel"], self.text_of(entry)) for entry in by_mail
                  if entry["kind"] in ("KIND_INBOUND", "KIND_OUTBOUND", "KIND_NOTE")]
        self.assertEqual(spoken, [
            ("KIND_INBOUND", "sms", "Is my parcel on its way?"),
            ("KIND_INBOUND", "email", "Hello, the invoice of May is wrong."),
            ("KIND_OUTBOUND", "email", "Here is the corrected invoice."),
            ("KIND_OUTBOUND", "sms", "It arrives tomorrow."),
            ("KIND_NOTE", "note", "He was very kind."),
            ("KIND_INBOUND", "email", "One more thing: thanks!"),
            ("KIND_OUTBOUND", "email", "You are welcome.")])

    def timeline(self, who, workspace="demo"):
        return self.world.timeline(who, "--oldest-first", "--limit", "200",
                                   who=self.world.supervisor(workspace), workspace=workspace)

    @staticmethod
    def text_of(entry):
        return next(part["text"]["body"] for part in entry["parts"] if "text" in part).strip()

    def test_the_link_stands_once_on_the_timeline(self):
        links = [entry for entry in self.timeline(MAIL) if entry["kind"] == "KIND_LINK"]
        self.assertEqual(len(links), 1)
        self.assertEqual(links[0]["actor"]["id"], "supervisor")

    # -- what left

    def test_the_file_arrives_byte_for_byte(self):
        files = [part for part in self.letters()[0].walk() if part.get_filename()]
        self.assertEqual([part.get_filename() for part in files], ["invoice.pdf"])
        self.assertEqual(files[0].get_payload(decode=True), FILE_BYTES)

    def test_the_answer_belongs_to_the_thread(self):
        letter = self.letters()[0]
        self.assertEqual(letter["In-Reply-To"], self.mail_id)
        self.assertIn(self.mail_id, letter["References"])
        self.assertEqual(letter["Subject"], "Re: My invoice")
        self.assertEqual(letter["To"].addresses[0].addr_spec, MAIL)

    def test_the_vendor_was_asked_once_for_each_text(self):
        self.assertEqual([form["Body"] for form in self.world.sent_texts(PHONE)],
                         ["It arrives tomorrow."])
        self.assertEqual([form["Body"] for form in self.world.sent_texts(PAULO)], ["Until six."])

    def test_the_timeline_says_what_became_of_the_texts(self):
        statuses = {self.text_of(entry): entry["deliveryStatus"]
                    for who in (PHONE, PAULO) for entry in self.timeline(who)
                    if entry["kind"] == "KIND_OUTBOUND" and entry["channel"] == "sms"}
        self.assertEqual(statuses, {"It arrives tomorrow.": 3, "Until six.": 5})

    # -- the end of it

    def test_a_wrap_up_needs_a_code_that_exists(self):
        for done in (self.no_code, self.foreign_code):
            self.assertEqual(done.returncode, 1)
            self.assertIn("codes", done.stderr)

    def test_wrap_up_codes_are_told(self):
        completed = [event["wrapUpCompleted"] for event in self.world.events(self.mail)
                     if fact_of(event) == "wrapUpCompleted"]
        self.assertEqual([each["codes"] for each in completed],
                         [["solved", "refunded"], ["solved"]])

    def test_an_answer_in_the_thread_reopens_the_conversation(self):
        reopened = [event for event in self.world.events(self.mail)
                    if fact_of(event) == "reopened"]
        self.assertEqual(len(reopened), 1)
        self.assertEqual(self.world.conversation(self.mail)["state"], "STATE_RESOLVED")
        self.assertEqual(self.world.conversation(self.mail)["inboundCount"], 2)

    # -- the other workspace

    def test_nothing_crosses_to_the_agent_of_equal_name(self):
        seen = {each["conversationId"] for each in self.world.listed(
            "conversations", "list", "--state", "resolved", "--state", "queued",
            "--state", "offered", "--state", "assigned", who="acme/supervisor", workspace="acme")}
        self.assertEqual(seen, {self.acmes})
        told = str(self.world.told("ana", "acme"))
        for conversation in (self.mail, self.text, self.paulos):
            self.assertNotIn(conversation, told)
        self.assertNotIn(self.acmes, str(self.world.told("ana")))

    def test_another_workspace_may_not_be_read(self):
        for arguments in (["conversations", "show", self.mail], ["agents", "list"], ["kpis"],
                          ["customers", "timeline", MAIL], ["sla", self.mail]):
            done = self.world.refused(*arguments, who="acme/supervisor")
            self.assertEqual(done.returncode, 1, f"{arguments}: {done}")
            self.assertIn("WORKSPACE_FORBIDDEN", done.stderr)

    def test_a_conversation_is_unknown_where_it_does_not_belong(self):
        done = self.world.refused("conversations", "show", self.mail, who="acme/supervisor",
                                  workspace="acme")
        self.assertEqual(done.returncode, 1)
        self.assertIn("UNKNOWN_CONVERSATION", done.stderr)

    def test_one_address_is_another_customer_in_another_workspace(self):
        acme = self.world.said("customers", "show", MAIL, who="acme/supervisor", workspace="acme")
        self.assertNotIn(acme["customerId"], self.customers_before)
        texts = [self.text_of(entry) for entry in self.timeline(MAIL, "acme")
                 if entry["kind"] in ("KIND_INBOUND", "KIND_OUTBOUND")]
        self.assertEqual(texts, ["Do you sell ladders? No invoice, please.", "We do."])

    def test_figures_of_the_other_workspace_are_its_own(self):
        row = self.counted({"answered": 1, "messagesOut": 1, "resolved": 1}, "acme")
        self.check_row(row, {"offered": 1, "answered": 1, "opened": 1, "messagesIn": 1,
                             "messagesOut": 1, "delivered": 0})

    def test_nothing_became_a_dead_letter(self):
        self.assertEqual(self.world.records(worlds.DEAD_LETTERS), [])


if __name__ == "__main__":
    worlds.main()
