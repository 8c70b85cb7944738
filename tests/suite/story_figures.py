"""What the figures of the story must be, by what its events say, and that they are that."""

import world as worlds
from world import fact_of, moment, wait_until

OFFICE_THRESHOLD_MS = 60_000


class Figures:
    """Part of Story, which has played `mail`, `text` and `paulos`, conversations of one workspace."""

    # -- by the events

    def fact(self, conversation, name, place=0):
        return [event[name] for event in self.world.events(conversation)
                if fact_of(event) == name][place]

    def times(self, conversation, name):
        return [moment(event["occurredAt"]) for event in self.world.events(conversation)
                if fact_of(event) == name]

    def received(self, conversation, place=0):
        """When the channel took the message in, as it said itself."""
        interaction = self.fact(conversation, "messageReceived", place)["interactionId"]
        return next(moment(record["value"]["receivedAt"])
                    for record in self.world.records(worlds.INTERACTIONS)
                    if record["value"]["interactionId"] == interaction)

    def contacts(self, conversation):
        """Each time that the conversation went through an agent: (received, accepted, replied,
        done), in milliseconds."""
        accepted = self.times(conversation, "accepted")
        received = [self.received(conversation, place) for place in range(len(accepted))]
        return list(zip(received, accepted, self.times(conversation, "replySent"),
                        self.times(conversation, "wrapUpCompleted")))

    def expected_kpis(self, conversations):
        contacts = [contact for each in conversations for contact in self.contacts(each)]
        first = [self.contacts(each)[0] for each in conversations]
        waits = [accepted - received for received, accepted, _, _ in contacts]
        return {
            "offered": len(contacts), "answered": len(contacts),
            "answeredInThreshold": sum(wait <= OFFICE_THRESHOLD_MS for wait in waits),
            "asaMs": sum(waits) / len(waits),
            "ahtMs": sum(done - accepted for _, accepted, _, done in contacts) / len(contacts),
            "handled": len(contacts),
            "firstResponseMs": sum(replied - received for received, _, replied, _ in first)
            / len(first),
            "firstResponses": len(first), "messagesIn": len(contacts),
            "messagesOut": len(contacts), "opened": len(conversations),
            "resolved": len(contacts), "reopened": len(contacts) - len(conversations)}

    # -- by the services

    def kpis(self, *arguments, workspace="demo"):
        return self.world.said("kpis", *arguments, who=self.world.supervisor(workspace),
                               workspace=workspace)

    def check_row(self, row, expected):
        for name, value in expected.items():
            rounding = 1 if name.endswith("Ms") else 0
            self.assertAlmostEqual(float(row.get(name, 0)), value, delta=rounding,
                                   msg=f"{name} of {row}")

    def counted(self, wanted, workspace="demo"):
        """The only row, once everything is counted."""
        def there():
            rows = self.kpis(workspace=workspace).get("rows", [])
            return rows and all(int(rows[0].get(name, 0)) >= value
                                for name, value in wanted.items()) and rows[0]
        return wait_until(f"{workspace} counts {wanted}", there)

    # -- both

    def test_every_figure_of_the_workspace(self):
        row = self.counted({"resolved": 4, "handled": 4, "slaFulfilled": 8, "delivered": 1,
                            "deliveryFailed": 1})
        expected = self.expected_kpis([self.mail, self.text, self.paulos])
        self.assertEqual(
            {name: expected[name] for name in
             ("offered", "answered", "opened", "resolved", "reopened", "messagesIn", "messagesOut")},
            {"offered": 4, "answered": 4, "opened": 3, "resolved": 4, "reopened": 1,
             "messagesIn": 4, "messagesOut": 4})
        self.check_row(row, {**expected, "offersDeclined": 1, "offersTimedOut": 1, "delivered": 1,
                             "deliveryFailed": 1, "slaFulfilled": 8, "slaBreached": 0})
        self.assertAlmostEqual(row["serviceLevel"],
                               expected["answeredInThreshold"] / expected["answered"], places=6)
        self.assertNotIn("abandoned", row)  # Neither channel can tell.

    def test_figures_by_channel_are_those_of_its_conversations(self):
        self.counted({"handled": 4})
        rows = {row["channel"]: row for row in self.kpis("--by", "channel")["rows"]}
        self.assertEqual(set(rows), {"email", "sms"})
        self.check_row(rows["email"], self.expected_kpis([self.mail]))
        self.check_row(rows["sms"], self.expected_kpis([self.text, self.paulos]))

    def test_figures_by_agent_say_who_did_it(self):
        self.counted({"handled": 4})
        rows = {row.get("agentId", ""): row for row in self.kpis("--by", "agent")["rows"]}
        self.check_row(rows["ana"], {"answered": 4, "handled": 4, "resolved": 4, "messagesOut": 4})
        self.check_row(rows["bruno"], {"answered": 0, "offersDeclined": 1, "offersTimedOut": 1})
        # Carla was there and had nothing to do.
        self.check_row(rows["carla"], {"offered": 0, "answered": 0, "offersTimedOut": 0})
        self.assertEqual(rows["carla"]["agentTime"]["occupancy"], 0)
        self.assertGreater(int(rows["carla"]["agentTime"]["idleMs"]), 0)

    def test_occupancy_is_the_union_of_contacts(self):
        self.counted({"handled": 4})
        time = next(row["agentTime"] for row in self.kpis("--by", "agent")["rows"]
                    if row.get("agentId") == "ana")
        contact, until = 0, 0
        for accepted, done in sorted((accepted, done) for each in (self.mail, self.text, self.paulos)
                                     for _, accepted, _, done in self.contacts(each)):
            contact += max(0, done - max(accepted, until))
            until = max(until, done)
        self.assertAlmostEqual(int(time["contactMs"]), contact, delta=8)
        self.assertAlmostEqual(
            time["occupancy"],
            int(time["contactMs"]) / (int(time["contactMs"]) + int(time["idleMs"])), places=6)
        presence = self.kpis()["live"]["presence"]
        self.assertEqual(sum(map(int, presence.values())), len(self.kpis()["live"]["agents"]))

    def test_nothing_is_open_or_waiting_now(self):
        self.counted({"resolved": 4})
        live = self.kpis()["live"]
        self.assertEqual((int(live.get("open", 0)), int(live.get("waiting", 0))), (0, 0))

    def test_sla_clocks_say_what_happened(self):
        for conversation in (self.mail, self.text, self.paulos):
            clocks = wait_until("its clocks have ended", lambda: self.ended_clocks(conversation))
            used = sorted((clock["kind"], int(clock.get("usedMs", 0))) for clock in clocks)
            expected = sorted(
                entry for received, accepted, replied, _ in self.contacts(conversation)
                for entry in (("CLOCK_KIND_QUEUE_ANSWER", accepted - received),
                              ("CLOCK_KIND_FIRST_RESPONSE", replied - received)))
            self.assertEqual([kind for kind, _ in used], [kind for kind, _ in expected])
            for (_, ours), (_, theirs) in zip(expected, used):
                self.assertAlmostEqual(ours, theirs, delta=1)
            self.assertEqual({clock["state"] for clock in clocks}, {"CLOCK_STATE_FULFILLED"})

    def ended_clocks(self, conversation):
        clocks = self.world.listed("sla", conversation)
        count = 2 * len(self.contacts(conversation))
        ended = [clock for clock in clocks if clock["state"] == "CLOCK_STATE_FULFILLED"]
        return clocks if len(ended) >= count else None
