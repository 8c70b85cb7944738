"""What vendors deliver in another order than it happened."""

import collections
import json
import queue
import subprocess
import threading

import vendors
from rows_mail import Door, late_date, mail, new_id

THREADS = 6
RECEIPTS = 16  # For each channel.
# What a vendor tells of a message of ours, in order, and the status that is left of it.
WORDS = {"sms": ["sent", "delivered"], "whatsapp": ["sent", "delivered", "read"],
         "open": ["sent", "delivered", "read"]}
STATUSES = {"delivered": 3, "read": 4}
AMENDING = ("whatsapp", "open")  # Channels where a customer can change what he wrote.
AMENDERS, AMENDERS_FROM = 8, 5000
LATE_S = 600


class Follower:
    """The records of a topic as they come."""

    def __init__(self, run, topic):
        self.workspace, self.values = run.workspace, queue.Queue()
        self.process = subprocess.Popen(
            [str(run.trama.build / "bin/tramactl"), "--endpoints",
             str(run.ground.folder / "endpoints.json"), "--as", "admin", "-o", "json", "topics",
             "tail", topic, "--from", "end", "--follow"], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            value = json.loads(line).get("value") or {}
            if value.get("workspace") == self.workspace:
                self.values.put(value)

    def next(self):
        return self.values.get(timeout=20)

    def close(self):
        self.process.kill()
        self.process.wait()


def shuffle(run):
    """Receipts backwards and twice; changes of messages before the message; answers in a thread of
    mails before what they answer. What is overtaken comes ten minutes late. Half of all comes in
    order, and both halves must end alike."""
    _tell_receipts(run)
    _amend(run)
    _write_threads(run)
    run.mark("healed")


def _tell_receipts(run):
    number = run.ground.number_of(run.workspace)
    tellers = {vendor.channel: vendor for vendor in vendors.of(run)}
    run.told = {channel: {} for channel in tellers}
    follower = Follower(run, "trama.deliveries.v1")
    try:
        while any(len(told) < RECEIPTS for told in run.told.values()):
            sent = follower.next()
            told = run.told.get(sent["channel"])
            # A receipt before the vendor had it would be a lie: no vendor tells that.
            if told is None or sent.get("status") != "STATUS_SENT" or len(told) >= RECEIPTS:
                continue
            in_order = WORDS[sent["channel"]]
            words = in_order if len(told) % 2 else [*reversed(in_order)] * 2
            told[sent["messageId"]] = words
            for word in words:
                status = tellers[sent["channel"]].tell(
                    run.trama.ports[f"{sent['channel']}_http"], sent, number, word)
                run.expect(status in (200, 202, 204), f"a receipt was answered {status}")
    finally:
        follower.close()


def _amend(run):
    """Customers who write and then change or take back what they wrote, each a number: the odd ones'
    changes come first."""
    for vendor in vendors.of(run):
        if vendor.channel not in AMENDING:
            continue
        for number in range(AMENDERS):
            sender, is_late = AMENDERS_FROM + number, number % 2
            vendor_id, body = vendor.message(sender, "A mesage", LATE_S if is_late else 0)
            run.extra_ids.add(vendor_id)
            change = vendor.amend(_change_of(number), sender, vendor_id, "A message")
            for place, each in enumerate([change, body] if is_late else [body, change]):
                status = vendor.post(vendors.ports(run, vendor)[place % 2], each)
                run.expect(status == vendor.taken,
                           f"{vendor.channel}: a message or its change was answered {status}")


def _change_of(number):
    return ("edit", "delete")[number // 2 % 2]


def _write_threads(run):
    run.threads = {}
    doors = [Door(run, name) for name in run.trama.replicas_of("email")]
    for number in range(THREADS):
        first, second = new_id(), new_id()
        run.extra_ids.update((first, second))
        run.threads[first] = second
        sender = f"thread-{number}@chaos.test"
        mails = [mail(first, sender=sender),
                 mail(second, headers=f"In-Reply-To: {first}\r\nReferences: {first}\r\n".encode(),
                      sender=sender)]
        if number % 2:
            mails = [mails[1], mail(first, headers=late_date(), sender=sender)]
        for place, each in enumerate(mails):
            code = doors[place % len(doors)].send(each, sender)
            run.expect(code == "250", f"a mail of a thread was answered {code}")


def check(run, facts):
    """Both halves have ended alike."""
    _check_receipts(run, facts)
    _check_amendments(run)
    _check_threads(run, facts)


def _check_receipts(run, facts):
    latest = {}
    for event in facts.conversations:
        if "deliveryChanged" in event:
            latest[event["deliveryChanged"]["messageId"]] = event["deliveryChanged"]["status"]
    for channel, told in run.told.items():
        end = STATUSES[WORDS[channel][-1]]
        for message, words in told.items():
            if latest.get(message) != end:
                run.wrong(f"{channel}: message {message} with receipts {words} ended in status "
                          f"{latest.get(message)}, not in {end}")


def _check_amendments(run):
    for vendor in vendors.of(run):
        if vendor.channel not in AMENDING:
            continue
        ends = collections.defaultdict(set)
        for number in range(AMENDERS):
            customer = vendor.customer(AMENDERS_FROM + number)
            entries = json.loads(run.ground.as_supervisor(
                run.workspace, "customers", "timeline", customer, "--limit", "200"))
            ends[_change_of(number)].add(tuple(sorted(filter(None, map(_written, entries)))))
        for change, seen in ends.items():
            # Two entries: what he wrote, and the change.
            if len(seen) != 1 or len(next(iter(seen))) != 2:
                run.wrong(f"{vendor.channel}: {change} before and after its message end in {seen}")


def _written(entry):
    """What an entry shows of what a customer did; nothing of other entries."""
    if entry["kind"] != "KIND_INBOUND":
        return ()
    return (entry.get("summary", ""),
            *(part.get("text", {}).get("body", "") for part in entry.get("parts", [])))


def _check_threads(run, facts):
    ids = facts.interaction_ids()
    place = dict(facts.received())
    members = collections.defaultdict(set)
    for first, second in run.threads.items():
        for vendor_id in (first, second):
            for interaction in ids.get(vendor_id, ()):
                members[first].add(place.get(interaction, {}).get("conversationId"))
    for first, conversations in members.items():
        if len(conversations) != 1:
            run.wrong(f"the thread of {first} is {len(conversations)} conversations")
