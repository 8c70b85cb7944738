"""Clocks that jump and drift, a service at a time; the monotonic clock stays true, as it does when
somebody sets the time of a machine."""

import threading
import time

from rows_order import Follower

# Targets that agents miss by a little, so that there are breaches all the time.
RULES = {"queue_answer": "1s", "first_response": "2s"}
SLOW_AGENTS = {"agent_pause": "1100ms"}
STEP_S = 6
# Of libfaketime, which keeps a pace until it is told another; 50 ms a second are 5 %, fast and slow.
STEPS = ("+1h x1", "-1h x1", "+0 x1.05", "-90s x1", "+0 x0.95", "+0 x1")
# From here on a step is seen in how far a process is behind the clock of its machine, which it follows
# slowly; drift is not, since it keeps up with that.
JUMP_MIN_S = 60
# What a target may lose: by the resolution of clocks, ours and theirs, and by the pace at which a
# process follows a clock that was set or drifts, as long as a step lasts. Its peers are right all the
# time.
RESOLUTION_S, PACE = 0.05, 0.05


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
    run.witness, run.step_s = Witness(run), 0
    names = [run.random.choice(run.trama.replicas_of(service))
             for service in ("sms", "routing", "sla")]
    for step in STEPS:
        began = time.monotonic()
        for name in run.random.sample(names, len(names)):
            run.ground.set_clock(name, step)
        run.pause(STEP_S)
        skews = {name: run.ground.metrics(name)["trama_process_clock_skew_seconds"] for name in names}
        for name, skew in skews.items() if not step.startswith("+0") else ():
            run.expect(abs(skew) > JUMP_MIN_S and (skew > 0) == (step[0] == "+"),
                       f"the clock of {name} was set by {step}, it is off by {skew:.0f} s")
        run.step_s = max(run.step_s, time.monotonic() - began)
        run.note(f"{step}: " + ", ".join(f"{name} {skew:.1f} s" for name, skew in skews.items()))
    run.mark("healed")
    run.pause(2)


def check(run, facts):
    """No breach before its target had passed since the customer wrote, by the harness's clock, but for
    what a process may lose while it follows its own."""
    run.witness.close()
    sent = facts.sent()
    vendor_of = {each["interactionId"]: each["vendorMessageId"] for each in facts.interactions}
    last = {}
    for interaction, event in facts.received():
        last.setdefault(event["conversationId"], []).append(sent.get(vendor_of.get(interaction), 0))
    early, margins = 0, []
    for seen, event in run.witness.breaches:
        begun, target = min(last.get(event["conversationId"], [0])), int(event["targetMs"]) / 1000
        if not begun:
            continue
        waited = seen - begun
        margins.append(waited - target)
        if waited < target - RESOLUTION_S - PACE * run.step_s:
            early += 1
            run.wrong(f"clock {event['clockId']} was breached {waited:.2f} s after the customer "
                      f"wrote; its target is {target:.0f} s")
    meanwhile = sum(1 for seen, _ in run.witness.breaches
                    if facts.moments["fault"] <= seen < facts.moments["healed"])
    run.note(f"{len(run.witness.breaches)} breaches seen, {meanwhile} while clocks were wrong, "
             f"{early} early; the earliest at {min(margins, default=0):+.2f} s")
    run.expect(meanwhile, "no clock was breached meanwhile: none could be early")
