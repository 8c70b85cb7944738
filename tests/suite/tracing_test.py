"""One trace from the webhook to the call to the vendor, as a collector sees it."""

import unittest

import collector as collectors
import world as worlds
from world import stack, wait_until

PHONE = "+14155550123"
SERVER, CLIENT = 2, 3  # opentelemetry.proto.trace.v1.Span.SpanKind
WEBHOOK = "POST /sms/"
ROUTING = "trama.routing.v1.RoutingService/"


class Tracing(unittest.TestCase):
    """Played once: a customer asks, an agent answers as a step of the question's trace."""

    @classmethod
    def setUpClass(cls):
        cls.collector = collectors.Collector()
        names = stack.Stack("", "").replicas()
        cls.world = worlds.World({name: {"otlp_endpoint": cls.collector.endpoint}
                                  for name in names})
        try:
            cls.play()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()
        cls.collector.close()

    @classmethod
    def play(cls):
        world = cls.world
        world.start_wiremock()
        world.watch("ana")
        assert world.text(PHONE, "Is my parcel on its way?") == 200
        cls.webhook = wait_until("the webhook is traced", lambda: next(
            (span for span in list(cls.collector.spans)
             if span.kind == SERVER and span.name.startswith(WEBHOOK)), None))
        conversation = world.accept("ana", lambda each: each["channel"] == "sms")
        world.agent("ana", "reply", conversation, "It arrives tomorrow.")
        cls.called = wait_until("the call to the vendor is traced", lambda: cls.of_trace(
            "POST", lambda span: span.service == "trama-sms" and span.kind == CLIENT))

    @classmethod
    def of_trace(cls, name, wanted):
        return next(filter(wanted, cls.collector.named(name, trace=cls.webhook.trace)), None)

    def way(self, span):
        """The names of the span and of all that it lies below."""
        wait_until("every step between is there",
                   lambda: self.collector.way_to(span)[-1].id == self.webhook.id)
        return [each.name for each in self.collector.way_to(span)]

    def test_one_trace_leads_from_the_webhook_to_the_vendor(self):
        names = self.way(self.called)
        # A reply reaches the replica that owns the conversation by way of another, or directly.
        forwarded = [name for name in names if not name.startswith(ROUTING)]
        self.assertEqual(forwarded[:-1], [
            "POST", "deliver sms", "routing apply", "routing apply", "intake",
            "publish trama.interactions.v1", "ingest"])
        self.assertTrue(forwarded[-1].startswith(WEBHOOK))
        calls = [name for name in names if name.startswith(ROUTING)]
        self.assertIn(calls, [[ROUTING + "Reply"], [ROUTING + "Reply"] * 3])

    def test_the_offer_carries_the_trace_to_the_agents_client(self):
        offer = wait_until("the client is told of the offer", lambda: next(
            (update["offer"] for update in self.world.told("ana") if "offer" in update), None))
        taken_in = self.way(self.called).index("intake") - 1
        applied = self.collector.way_to(self.called)[taken_in]
        self.assertEqual(offer["conversation"]["traceparent"],
                         f"00-{self.webhook.trace}-{applied.id}-01")

    def test_the_webhook_is_the_first_of_its_trace(self):
        self.assertEqual(self.webhook.parent, "")
        self.assertEqual(self.webhook.attributes["http.response.status_code"], 200)
        self.assertEqual(self.webhook.service, "trama-sms")

    def test_intake_asks_profile_below_its_own_span(self):
        asked = wait_until("profile's answer is traced", lambda: self.of_trace(
            "trama.profile.v1.ProfileService/Resolve", lambda span: span.kind == SERVER))
        self.assertEqual(asked.service, "trama-profile")
        self.assertEqual(self.way(asked)[:3], [asked.name, asked.name, "intake"])

    def test_every_input_of_the_engine_is_committed(self):
        for applied in self.collector.named("routing apply", trace=self.webhook.trace):
            wait_until("the commit is traced",
                       lambda: self.collector.named("commit", parent=applied.id))

    def test_the_vendors_answer_is_told(self):
        self.assertEqual(self.called.attributes["http.response.status_code"], 201)
        self.assertFalse(self.called.failed)

    def test_spans_say_nothing_of_persons(self):
        told = repr(self.collector.spans)
        for secret in (PHONE, PHONE[1:], "parcel", "tomorrow"):
            self.assertNotIn(secret, told)

    def test_probes_are_no_steps(self):
        for service in ("sms", "routing_0"):
            self.world.stack.ready_text(service)
        self.assertEqual([span for span in self.collector.spans if "readyz" in span.name], [])

    def test_the_collector_understands_everything(self):
        self.assertEqual(self.collector.mistakes, [])


if __name__ == "__main__":
    worlds.main()
