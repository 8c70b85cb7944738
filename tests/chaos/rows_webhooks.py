"""Faults of vendors that send webhooks: again and again, in any order, forged, oversized."""

import concurrent.futures

from vendors import Twilio

MESSAGES = 60
TIMES = 3


def repeat(run):
    """Each message three times at once, at both instances; and all of it once more when Redis has
    forgotten what was seen, as after the memory's eight days."""
    twilio = Twilio(run.world["channels"]["sms"])
    ports = [run.trama.ports[f"{name}_http"] for name in run.trama.replicas_of("sms")]
    forms = [twilio.message(f"+1212555{1000 + number % 20}", f"message {number}")
             for number in range(MESSAGES)]
    run.extra_ids.update(form["MessageSid"] for form in forms)
    posts = [(ports[time % len(ports)], form) for form in forms for time in range(TIMES)]
    with concurrent.futures.ThreadPoolExecutor(2 * TIMES) as senders:
        statuses = list(senders.map(lambda post: twilio.post(*post), posts))
        run.ground.empty_redis()
        statuses += senders.map(lambda post: twilio.post(*post), posts[::TIMES])
    run.expect(set(statuses) == {200}, f"answers to repeated webhooks: {sorted(set(map(str, statuses)))}")
    run.mark("healed")
