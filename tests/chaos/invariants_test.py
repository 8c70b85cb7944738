"""The checker is trusted because each violation that is planted here is named by it, with its id,
and by no other invariant; a run without fault gives no difference."""

import copy
import unittest

import invariants
from facts import Facts

WORKSPACE_UNITS = {"sms": 25, "email": 20}
BEGIN_S = 1_795_000_000


def at(second, milliseconds=0):
    """A timestamp of Protobuf's JSON."""
    import datetime
    moment = datetime.datetime.fromtimestamp(BEGIN_S + second, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"


def event(conversation, number, second, state, agent="", **fact):
    return {"conversationId": conversation, "sequence": str(number), "occurredAt": at(second),
            "channel": "sms", "state": f"STATE_{state}", "agentId": agent, **fact}


def story(number):
    """One message of one customer, answered and resolved: journal lines and records."""
    name, vendor, message, agent = f"c{number}", f"SM{number}", f"m{number}", "ana"
    clock, token, second = f"clock{number}", f"run/c{number}", number * 2
    line = lambda what, id_, later, **more: {
        "at_us": int((BEGIN_S + second + later) * 1e6), "what": what, "id": id_, **more}
    journal = [line("send", vendor, 0.0), line("answer", vendor, 0.1, answer="200"),
               line("accept", name, 0.5, agent=agent, conversation=name, answer="ok"),
               line("replied", token, 0.6, answer="ok"), line("arrival", token, 0.7)]
    interaction = {"interactionId": f"i{number}", "vendorMessageId": vendor,
                   "kind": "KIND_MESSAGE", "channelAccount": "sms", "conversationKey": f"k{number}"}
    conversations = [
        event(name, 1, second, "QUEUED", opened={"interactionId": f"i{number}"}),
        event(name, 2, second, "QUEUED", messageReceived={"interactionId": f"i{number}"}),
        event(name, 3, second, "QUEUED", queued={"isNewEntry": True}),
        event(name, 4, second, "OFFERED", agent, offered={"agentId": agent}),
        event(name, 5, second, "ASSIGNED", agent, accepted={"agentId": agent, "waitedMs": "40"}),
        event(name, 6, second, "ASSIGNED", agent, replySent={"messageId": message}),
        event(name, 7, second + 1, "RESOLVED", agent, resolved={"agentId": agent}),
        event(name, 8, second + 1, "RESOLVED", agent, wrapUpCompleted={"handleMs": "900"})]
    clocks = [{"clockId": clock, "conversationId": name, "state": "CLOCK_STATE_RUNNING",
               "occurredAt": at(second), "activated": {}},
              {"clockId": clock, "conversationId": name, "state": "CLOCK_STATE_FULFILLED",
               "occurredAt": at(second), "fulfilled": {"inTime": True}}]
    deliveries = [{"messageId": message, "status": f"STATUS_{word}"} for word in ("ATTEMPTING", "SENT")]
    outbound = {"messageId": message, "parts": [{"text": {"body": f"[token:{token}] ok"}}]}
    return journal, interaction, conversations, clocks, deliveries, outbound


def good(stories=8):
    facts = Facts(units=dict(WORKSPACE_UNITS))
    for number in range(stories):
        journal, interaction, conversations, clocks, deliveries, outbound = story(number)
        facts.journal += journal
        facts.interactions.append(interaction)
        facts.conversations += conversations
        facts.clocks += clocks
        facts.deliveries += deliveries
        facts.outbound.append(outbound)
    facts.kpis = {"messagesIn": str(stories), "messagesOut": str(stories), "opened": str(stories),
                  "resolved": str(stories), "offered": str(stories), "answered": str(stories),
                  "handled": str(stories), "slaFulfilled": str(stories), "asaMs": 40, "ahtMs": 900}
    facts.before = facts.after = {"+1": "[]"}
    facts.moments = {"fault": BEGIN_S + 4.0, "healed": BEGIN_S + 5.0}
    return facts


class Invariants(unittest.TestCase):
    def setUp(self):
        self.facts = copy.deepcopy(good())

    def broken(self):
        return {name: found for name, found in invariants.check(self.facts).items() if found}

    def expect(self, name, *words):
        """That invariant names it; the others may only follow from the same lack."""
        found = self.broken()
        self.assertIn(name, found)
        text = "\n".join(found[name])
        for word in words:
            self.assertIn(word, text)
        return found

    def drop(self, conversation, fact):
        self.facts.conversations = [
            each for each in self.facts.conversations
            if not (each["conversationId"] == conversation and fact in each)]

    def test_a_good_run_has_no_difference(self):
        self.assertEqual(self.broken(), {})

    # -- I1

    def test_a_lost_message_is_named(self):
        del self.facts.interactions[3]
        self.expect("I1", "SM3")

    def test_a_message_without_conversation_is_named(self):
        self.drop("c2", "messageReceived")
        self.expect("I1", "SM2", "i2")

    def test_an_answer_that_never_arrived_is_named(self):
        self.facts.journal = [line for line in self.facts.journal
                              if not (line["what"] == "arrival" and line["id"] == "run/c1")]
        self.assertEqual(list(self.expect("I1", "run/c1", "m1")), ["I1"])
        self.facts.deliveries.append({"messageId": "m1", "status": "STATUS_FAILED"})
        self.assertEqual(self.broken(), {}, "a failure that is said is no loss")

    def test_an_answer_that_is_not_in_the_log_is_named(self):
        del self.facts.outbound[4]
        self.expect("I11", "run/c4")

    # -- I2

    def test_two_ids_of_one_message_are_named(self):
        again = {**self.facts.interactions[0], "interactionId": "i0-again"}
        self.facts.interactions.append(again)
        self.expect("I2", "SM0", "i0-again")

    def test_a_message_that_counts_twice_is_named(self):
        self.facts.conversations.append(
            event("c5", 9, 20, "RESOLVED", messageReceived={"interactionId": "i5"}))
        self.expect("I2", "i5")

    def test_a_second_conversation_of_a_thread_is_named(self):
        self.facts.interactions[1]["conversationKey"] = "k0"
        self.assertEqual(list(self.expect("I2", "c1", "c0")), ["I2"])
        self.facts.conversations.insert(8, event("c0", 9, 1, "CLOSED", closed={}))
        self.assertEqual(self.broken(), {}, "the first one was over")

    # -- I3

    def test_two_owners_are_named(self):
        self.facts.conversations.insert(6, event(
            "c0", 7, 0, "ASSIGNED", "bruno", accepted={"agentId": "bruno", "waitedMs": "40"}))
        self.expect("I3", "c0", "bruno", "ana")

    def test_a_gap_in_the_numbers_is_named(self):
        self.drop("c6", "replySent")
        self.expect("I3", "c6", "event 7 stands where 6 belongs")

    def test_an_acceptance_that_was_confirmed_and_is_not_there_is_named(self):
        self.facts.journal.append({"at_us": 1, "what": "accept", "agent": "carla",
                                   "conversation": "c3", "answer": "ok"})
        self.assertEqual(list(self.expect("I3", "c3", "carla")), ["I3"])

    # -- I4

    def test_too_much_for_an_agent_is_named(self):
        for number in range(5):
            self.facts.conversations.append(
                event(f"more{number}", 1, 30, "OFFERED", "ana", offered={"agentId": "ana"}))
        self.assertEqual(list(self.expect("I4", "ana holds 125 of 100", "more4")), ["I4"])

    def test_an_agent_who_says_so_himself_is_named(self):
        self.facts.agents.append({"agentId": "ana", "loadChanged": {"unitsHeld": 120,
                                                                    "unitsTotal": 100}})
        self.assertEqual(list(self.expect("I4", "ana")), ["I4"])

    # -- I5

    def breach(self, due, occurred, late_ms=0):
        self.facts.clocks.append({
            "clockId": "clock0", "conversationId": "c0", "state": "CLOCK_STATE_BREACHED",
            "dueAt": due, "occurredAt": occurred, "breached": {"latenessMs": str(late_ms)}})
        self.facts.kpis["slaBreached"] = "1"

    def test_two_verdicts_are_named(self):
        self.breach(at(3), at(3))
        self.assertEqual(list(self.expect("I5", "clock0 has 2 verdicts")), ["I5"])

    def test_a_breached_clock_that_is_canceled_stays_breached(self):
        self.facts.clocks = [each for each in self.facts.clocks
                             if not (each["clockId"] == "clock0" and "fulfilled" in each)]
        self.breach(at(3), at(3))
        self.facts.clocks.append({"clockId": "clock0", "conversationId": "c0",
                                  "state": "CLOCK_STATE_CANCELED", "canceled": {}})
        self.assertNotIn("I5", self.broken())

    def test_an_early_breach_is_named(self):
        self.breach(at(3), at(2, 900))
        self.expect("I5", "clock0", "0.100 s before it was due")

    def test_a_late_breach_is_named(self):
        self.breach(at(3), at(3), 45_000)
        self.expect("I5", "clock0", "45.0 s late")

    def test_a_clock_without_end_is_named(self):
        self.facts.clocks.pop()
        self.expect("I5", "clock7", "never ended")

    # -- I6

    def test_a_message_that_overtakes_is_named(self):
        first = next(each for each in self.facts.conversations if each["conversationId"] == "c1")
        first["opened"]["interactionId"] = "i9"  # Any: only the order below counts.
        self.facts.conversations = [
            each for each in self.facts.conversations
            if not ("messageReceived" in each and each["conversationId"] in ("c0", "c1"))]
        for number, interaction in ((9, "i1"), (10, "i0")):
            self.facts.conversations.append(
                event("c0", number, 4, "RESOLVED", messageReceived={"interactionId": interaction}))
        self.expect("I6", "c0", "SM0 stands after SM1")

    def test_a_time_that_goes_back_is_named(self):
        self.facts.conversations[5]["occurredAt"] = at(-5)
        self.assertEqual(list(self.expect("I6", "c0", "event 6")), ["I6"])

    # -- I7 to I11

    def test_a_figure_that_is_not_the_count_is_named(self):
        for name, said in (("messagesIn", "9"), ("asaMs", 41.5), ("slaFulfilled", "7")):
            with self.subTest(name):
                self.setUp()
                self.facts.kpis[name] = said
                self.assertEqual(list(self.expect("I7", name)), ["I7"])

    def test_a_profile_that_changes_by_a_rebuild_is_named(self):
        self.facts.after = {"+1": "[{}]"}
        self.assertEqual(list(self.expect("I8", "+1")), ["I8"])
        self.facts.after = {}
        self.expect("I8", "nothing at all")

    def test_what_nobody_has_sent_is_named(self):
        self.facts.interactions.append({
            **self.facts.interactions[0], "interactionId": "forged", "vendorMessageId": "SMforged"})
        self.expect("I9", "SMforged")

    def test_memory_without_bound_is_named(self):
        self.facts.rss_grown, self.facts.rss_grown_max = {"sms_0": 64 << 20}, 32 << 20
        self.assertEqual(list(self.expect("I9", "sms_0", "64 MiB")), ["I9"])

    def test_a_flow_that_does_not_come_back_is_named(self):
        for each in self.facts.conversations:
            if "messageReceived" in each and each["conversationId"] in ("c6", "c7"):
                each["occurredAt"] = at(40)
        self.assertIn("I10", self.broken())

    def test_a_flow_that_comes_back_late_is_named(self):
        self.facts.recovery_max = 3.0
        for each in self.facts.conversations:
            if each["conversationId"] == "c4":
                each["occurredAt"] = at(14)
        self.assertEqual(list(self.expect("I10", "5.0 s, 3.0 s are allowed")), ["I10"])

    def test_a_machine_that_does_not_carry_the_rate_is_named(self):
        self.facts.moments = {"fault": BEGIN_S + 8.0, "healed": BEGIN_S + 8.5}
        for each in self.facts.conversations:
            each["occurredAt"] = at(60)
        self.assertIn("lower --rate", "\n".join(self.broken()["I10"]))

    def test_throughput_counts_what_came_and_what_was_sent_while_the_fault_lasted(self):
        self.facts.moments = {"fault": BEGIN_S + 3.0, "healed": BEGIN_S + 9.0}
        self.assertEqual(invariants.throughput(self.facts), (3, 3))
        for each in self.facts.conversations:
            if each["conversationId"] == "c3":
                each["occurredAt"] = at(10)
        self.assertEqual(invariants.throughput(self.facts), (2, 3))

    def test_what_stays_unread_is_named(self):
        self.facts.lag = {"sla_0 trama_engine_lag_records": 3.0}
        self.assertEqual(list(self.expect("I10", "sla_0")), ["I10"])

    def test_an_answer_that_came_twice_is_named(self):
        self.facts.journal.append({"at_us": 1, "what": "arrival", "id": "run/c3"})
        self.assertEqual(list(self.expect("I11", "run/c3", "m3")), ["I11"])
        self.facts.deliveries.append({"messageId": "m3", "status": "STATUS_UNKNOWN"})
        self.assertEqual(self.broken(), {}, "it is marked as in doubt")


if __name__ == "__main__":
    unittest.main()
