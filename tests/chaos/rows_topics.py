"""Records that cannot be read, on the topics that services take as their input."""

import subprocess
import time

import yaml

from ground import ROOT, StackError, wait_until

LETTER = "dead letter"
ROWS = "trama_profile_unreadable_rows_total"
LOGGED = "owner record cannot be read"
# Topic -> who reads it, and how he says that he could not: by a dead letter, a counter or a log line.
# Channels pass over receipts and, looking for files, over interactions that routing buries anyhow.
READERS = {
    "trama.interactions.v1": {"routing": LETTER, "profile": LETTER},
    "trama.work.v1": {"routing": LETTER},
    "trama.conversations.v1": {"sla": LETTER, "profile": LETTER, "reporting": LETTER},
    "trama.agents.v1": {"reporting": LETTER},
    "trama.outbound.email.v1": {"email": LETTER, "profile": LETTER},
    "trama.outbound.sms.v1": {"sms": LETTER, "profile": LETTER},
    "trama.outbound.whatsapp.v1": {"whatsapp": LETTER, "profile": LETTER},
    "trama.outbound.open.v1": {"open": LETTER, "profile": LETTER},
    "trama.outbound.note.v1": {"profile": LETTER},
    "trama.deliveries.v1": {"routing": LETTER, "profile": LETTER},
    "trama.sla.v1": {"routing": LETTER, "profile": LETTER, "reporting": LETTER},
    "trama.profiles.v1": {"profile": ROWS},
    "trama.owners.v1": {"routing": LOGGED, "sla": LOGGED},
}
# Only their own writers may write there, and a service ends, or keeps to what it knows, rather than
# decide with a hole in its memory.
MEMORIES = {"trama.config.v1", "trama.config.history.v1", "trama.routing.changelog.v1",
            "trama.sla.changelog.v1"}
# Nobody's input: reporting publishes there, and tools read.
OUTPUTS = {"trama.reports.v1", "trama.deadletter.v1"}
FIELD_BYTES = 900_000
# Those of poisons() that are no message of any topic; the others may be one, with fields from nowhere.
UNDECODABLE = 3
TOLD_WITHIN_S = 20


def poisons():
    """What stands in the value: no Protobuf, invalid UTF-8 in a text, a cut record, an unknown version
    with fields of its own, a field of nearly a megabyte."""
    yield "no Protobuf", b"\xff" * 20
    yield "invalid UTF-8", b"\x0a\x04\xff\xfe\xfd\xfc\x12\x04load"
    yield "cut off", b"\x0a\x7fabc"
    yield "another version", b"\xfa\xff\x7f\x05hello\x0a\x02v9"
    yield "a huge field", b"\x0a" + _varint(FIELD_BYTES) + b"x" * FIELD_BYTES


def _varint(number):
    digits = []
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def poison(run):
    _expect_all_topics(run)
    number = run.ground.number_of(run.workspace)
    folder = run.ground.folder / "poison"
    folder.mkdir(exist_ok=True)
    run.unread = _Unread(run)
    files = []
    for place, (_, value) in enumerate(poisons()):
        files.append(folder / str(place))
        files[-1].write_bytes(value)
    for topic in run.unread.topics:
        _produce(run, topic, 0 if topic == "trama.owners.v1" else number, files)
    run.mark("healed")
    run.unread.wait()


def _produce(run, topic, partition, files):
    """With the headers that every record of ours has, so that it is the value that cannot be read."""
    headers = {"ce_specversion": "1.0", "content-type": "application/protobuf", "ce_id": "poison",
               "ce_source": "/chaos", "ce_type": "chaos.poison", "ce_subject": "chaos/poison"}
    subprocess.run(
        ["kcat", "-P", "-b", run.trama.kafka.at(), "-t", topic, "-p", str(partition), "-k", "poison",
         "-X", "message.max.bytes=1000000",
         *(word for name, value in headers.items() for word in ("-H", f"{name}={value}")),
         *map(str, files)], check=True, capture_output=True)


def _expect_all_topics(run):
    """A new topic needs a place in this row."""
    declared = {each["name"] for each in yaml.safe_load(
        (ROOT / "deploy/topics.yaml").read_text())["topics"]}
    known = {*READERS, *MEMORIES, *OUTPUTS}
    for topic in declared ^ known:
        run.wrong(f"row 11 and deploy/topics.yaml do not agree about {topic}")


class _Unread:
    """What readers have said of records that they could not read, since this was made."""

    def __init__(self, run):
        self.run = run
        runs = {service for service, count in run.trama.counts.items() if count}
        self.topics = [topic for topic in READERS if topic.startswith("trama.outbound.note")
                       or not topic.startswith("trama.outbound.") or topic.split(".")[2] in runs]
        self.logs = {service: _log_sizes(run, service) for service in ("routing", "sla")}
        self.before = {}
        self.began = time.time()
        self.before = self.count()

    def count(self):
        """(topic, service) -> how many records of it; rows of profile are told of with the rebuild."""
        letters = [letter for letter in self.run.ground.records("trama.deadletter.v1", self.began - 1)
                   if letter.get("reason")]
        found = {}
        for topic in self.topics:
            for service, how in READERS[topic].items():
                if how == LETTER:
                    count = sum(1 for letter in letters if letter.get("sourceTopic") == topic
                                and letter["service"] == service)
                elif how == LOGGED:
                    count = self._logged(service)
                else:
                    count = int(self.run.ground.total(service, how))
                found[topic, service] = count - self.before.get((topic, service), 0)
        return found

    def _logged(self, service):
        return sum(_log(self.run, name)[size:].count(LOGGED)
                   for name, size in self.logs[service].items())

    def wait(self):
        """All but the rows, which profile reads when it plays them."""
        try:
            wait_until("every reader has told of all", lambda: not self._silent(), TOLD_WITHIN_S)
        except StackError:
            for topic, service in self._silent():
                self.run.wrong(f"{service} did not tell of what it could not read on {topic}")

    def _silent(self):
        return [place for place, count in self.count().items()
                if count < UNDECODABLE and READERS[place[0]][place[1]] != ROWS]


def _log_sizes(run, service):
    """In characters."""
    return {name: len(_log(run, name)) for name in run.trama.replicas_of(service)}


def _log(run, name):
    return run.ground.process(name).log_file.read_text(errors="replace")


def check_poison(run, facts):
    """Profile has been rebuilt from its rows meanwhile."""
    counts = run.unread.count()
    run.note("told of: " + ", ".join(f"{topic.removeprefix('trama.')} {service} {count}"
                                      for (topic, service), count in counts.items()))
    for (topic, service), count in counts.items():
        if READERS[topic][service] == ROWS:
            run.expect(count >= UNDECODABLE, f"{service} did not tell of {topic}")
