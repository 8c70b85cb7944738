"""What vendors deliver in another order than it happened."""

import collections
import json
import queue
import subprocess
import threading
import urllib.parse

from ground import stack
from rows_mail import Door, late_date, mail, new_id
from vendors import Twilio, post

THREADS = 6
MESSAGES = 40
DELIVERED = ["sent", "delivered"]
SHUFFLED = ["delivered", "sent", "delivered", "sent"]


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
    """Receipts twice and backwards; answers in a thread of mails before what they answer, ten minutes
    late. Half of all comes in order, and both halves must end alike."""
    _tell_receipts(run)
    _write_threads(run)
    run.mark("healed")


def _tell_receipts(run):
    number_of, run.told = run.ground.number_of(run.workspace), {}
    follower = Follower(run, "trama.deliveries.v1")
    try:
        while len(run.told) < MESSAGES:
            sent = follower.next()
            # A receipt before the vendor had it would be a lie: no vendor tells that.
            if sent["channel"] != "sms" or sent.get("status") != "STATUS_SENT":
                continue
            words = DELIVERED if len(run.told) % 2 else SHUFFLED
            run.told[sent["messageId"]] = words
            for word in words:
                status = _call_back(run, sent, number_of, word)
                run.expect(status in (200, 204), f"a receipt was answered {status}")
    finally:
        follower.close()


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


def _call_back(run, message, number, word):
    """What Twilio posts to the StatusCallback of a send."""
    sms = run.world["channels"]["sms"]
    query = urllib.parse.urlencode({"m": message["messageId"], "c": message["conversationId"],
                                    "p": number})
    twilio = Twilio({**sms, "url": f"{sms['url']}/status?{query}"})
    params = {"MessageSid": "SM" + message["messageId"].replace("-", ""), "MessageStatus": word,
              "To": "+12125550000", "From": sms["number"],
              "AccountSid": sms["account_sid"]}
    return post(run.trama.ports["sms_http"], f"{twilio.path}?{query}",
                urllib.parse.urlencode(params),
                {"Content-Type": "application/x-www-form-urlencoded",
                 "X-Twilio-Signature": twilio.sign(params)})


def check(run, facts):
    """Both halves have ended alike."""
    latest = {}
    for event in facts.conversations:
        if "deliveryChanged" in event:
            latest[event["deliveryChanged"]["messageId"]] = event["deliveryChanged"]["status"]
    for message, words in run.told.items():
        if latest.get(message) != 3:
            run.wrong(f"message {message} with receipts {words} ended in status "
                      f"{latest.get(message)}, not delivered (3)")
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
