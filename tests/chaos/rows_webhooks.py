"""Faults of vendors that send webhooks again and again, and by the hundred."""

import collections
import concurrent.futures

import vendors

MESSAGES = 40  # For each door.
SENDERS = 14
TIMES = 3
DAY_S = 24 * 3600
# Where loadgen's burst lies, as a part of its time, and how much of all is sent in it.
BURST_FROM, BURST_MIN = 0.45, 0.4
BURST_ANSWER_S = 5


class Post:
    """One message of a vendor, at all instances of its door."""

    def __init__(self, run, vendor, number):
        self.vendor, self.ports = vendor, vendors.ports(run, vendor)
        self.vendor_id, self.body = vendor.message(number % SENDERS, f"message {number}")
        run.extra_ids.add(self.vendor_id)

    def send(self, time):
        return self.vendor.ask(self.ports[time % len(self.ports)], self.body)


def repeat(run):
    """Each message three times at once, at both instances; a day later, when its door still remembers
    it; and when Redis has forgotten what was seen, as after the memory's eight days."""
    run.posts = [Post(run, vendor, number) for number in range(MESSAGES)
                 for vendor in vendors.of(run)]
    with concurrent.futures.ThreadPoolExecutor(2 * TIMES) as senders:
        def send(times):
            posts = [(post, time) for post in run.posts for time in times]
            answers = list(senders.map(lambda each: each[0].send(each[1]), posts))
            for (post, _), answer in zip(posts, answers):
                run.expect(answer.status == post.vendor.taken,
                           f"a repeat at {post.vendor.channel} was answered {answer.status}")
            return [(post, answer) for (post, _), answer in zip(posts, answers)]

        send(range(TIMES))
        before = _seen(run)
        a_day_later = send([1])
        for channel, count in _seen(run).items():
            run.expect(count - before[channel] >= MESSAGES,
                       f"{channel} knew {count - before[channel]:.0f} of {MESSAGES} repeats")
        _expect_results(run, a_day_later, "duplicate")
        for post in run.posts:
            _expect_old_is_refused(run, post)
        run.ground.empty_redis()
        _expect_results(run, send([0]), "accepted")
    run.mark("healed")


def _seen(run):
    """Channel -> how many repeats its doors have known."""
    return {vendor.channel: run.ground.total(vendor.channel, "trama_ingest_seen_total",
                                             'answer="seen"') for vendor in vendors.of(run)}


def _expect_results(run, answers, result):
    """Only the open channel says what it thinks of an event."""
    said = collections.Counter(word for post, answer in answers if post.vendor.channel == "open"
                               and answer.status == post.vendor.taken
                               for word in post.vendor.results(answer))
    run.expect(set(said) <= {result}, f"{result} was expected of repeats at open: {dict(said)}")


def _expect_old_is_refused(run, post):
    """What was signed a day ago is not taken, where the vendor signs the time."""
    if post.vendor.channel == "open":
        old = post.vendor.sign(post.body, away_s=-DAY_S)
        run.expect(post.vendor.post(post.ports[0], post.body, old) == post.vendor.refused,
                   "a request of the day before was not refused")


def check_repeat(run, facts):
    """When Redis had forgotten, the doors wrote all of it again: readers had repeats to drop."""
    copies = collections.Counter(each["vendorMessageId"] for each in facts.interactions)
    told = collections.Counter()
    for post in run.posts:
        told[post.vendor.channel] += copies[post.vendor_id] > 1
    for channel, count in told.items():
        run.expect(count == MESSAGES, f"{channel} wrote {count} of {MESSAGES} messages again")
    run.note(f"written again: {dict(told)}")


def quantile(values, part):
    return sorted(values)[int(part * (len(values) - 1))] if values else 0.0


def burst(run):
    """loadgen itself writes ten times as much in the middle tenth of its time."""
    run.pause(run.lasts_s)


def check_burst(run, facts):
    """What is refused is refused with 429 or 503, and who is taken is answered in time."""
    times = sorted(facts.sent().values())
    span = times[-1] - times[0]
    begin, end = times[0] + BURST_FROM * span, times[0] + (1 - BURST_FROM) * span
    took = facts.answer_seconds(begin, end)
    answers = collections.Counter(line["answer"] for line in facts.journal
                                  if line["what"] == "answer")
    run.note(f"{len(took)} taken in {end - begin:.0f} s, p99 {quantile(took, 0.99):.2f} s; "
             f"answers: {dict(answers)}")
    run.expect(set(answers) <= {"200", "202", "250", "429", "503", "421", "451"},
               f"answers to a burst: {set(answers)}")
    run.expect(quantile(took, 0.99) < BURST_ANSWER_S, "p99 of the answers to a burst is not bounded")
    run.expect(len(took) >= BURST_MIN * len(times), "there was no burst")
