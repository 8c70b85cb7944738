"""Clocks that jump and drift, a service at a time; the monotonic clock stays true, as it does when
somebody sets the time of a machine."""

import threading
import time

from rows_order import Follower

STEP_S = 6
STEPS = ("+1h", "-1h", "+0 x1.05", "-90s", "+0")
# What a target may lose by the resolution of clocks, ours and theirs.
RESOLUTION_S = 0.05


class Witness:
    """Sees each breach when it comes, by a clock that nobody touches."""

    def __init__(self, run):
        self.follower = Follower(run, "trama.sla.v1")
        self.breaches = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            event = self.follower.values.get()
            if "breached" in event:
                self.breaches.append((time.time(), event))

    def close(self):
        self.follower.close()


def jump(run):
    """The clocks of the doors, of routing and of sla, one after the other in an order left to chance."""
    run.witness = Witness(run)
    names = [run.random.choice(run.trama.replicas_of(service))
             for service in ("sms", "routing", "sla")]
    for step in STEPS:
        for name in run.random.sample(names, len(names)):
            run.ground.set_clock(name, step)
        run.pause(STEP_S)
    run.mark("healed")
    run.pause(2)
    run.note("clocks of " + ", ".join(names) + ": " + ", ".join(STEPS))


def check(run, facts):
    """No breach before its target had passed since the customer wrote, by the harness's clock."""
    run.witness.close()
    sent = facts.sent()
    vendor_of = {each["interactionId"]: each["vendorMessageId"] for each in facts.interactions}
    last = {}
    for interaction, event in facts.received():
        last.setdefault(event["conversationId"], []).append(sent.get(vendor_of.get(interaction), 0))
    early = 0
    for seen, event in run.witness.breaches:
        begun = min(last.get(event["conversationId"], [0]))
        waited = seen - begun
        if begun and waited + RESOLUTION_S < int(event["targetMs"]) / 1000:
            early += 1
            run.wrong(f"clock {event['clockId']} was breached {waited:.2f} s after the customer "
                      f"wrote; its target is {event['targetMs']} ms")
    run.note(f"{len(run.witness.breaches)} breaches seen, {early} early")
