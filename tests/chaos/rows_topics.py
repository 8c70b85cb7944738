"""Records that cannot be read, on the topics that services take as their input."""

import subprocess

from ground import wait_until

# Read by partition number of the workspace, or by key. Left out are config and the changelogs: only
# their own writers may write there, and a service ends rather than decide with a hole in its memory.
NUMBERED = ("trama.work.v1", "trama.conversations.v1", "trama.agents.v1", "trama.deliveries.v1",
            "trama.sla.v1", "trama.outbound.sms.v1", "trama.outbound.email.v1")
KEYED = ("trama.interactions.v1", "trama.profiles.v1")
# Whose readers cannot pass over a record without a word.
LETTERS = ("trama.interactions.v1", "trama.work.v1")
FIELD_BYTES = 900_000


def poisons():
    """What stands in the value: no Protobuf, invalid UTF-8 in a text, an unknown version with fields of
    its own, a field of nearly a megabyte, nothing."""
    yield "no Protobuf", b"\xff" * 20
    yield "invalid UTF-8", b"\x0a\x04\xff\xfe\xfd\xfc\x12\x04load"
    yield "another version", b"\xfa\xff\x7f\x05hello\x0a\x02v9"
    yield "a huge field", b"\x0a" + _varint(FIELD_BYTES) + b"x" * FIELD_BYTES
    yield "cut off", b"\x0a\x7fabc"


def _varint(number):
    digits = []
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def poison(run):
    number = run.ground.number_of(run.workspace)
    folder = run.ground.folder / "poison"
    folder.mkdir(exist_ok=True)
    for place, (_, value) in enumerate(poisons()):
        (folder / str(place)).write_bytes(value)
    files = sorted(map(str, folder.iterdir()))
    for topic in (*NUMBERED, *KEYED):
        subprocess.run(
            ["kcat", "-P", "-b", run.trama.kafka.at(), "-t", topic, "-p", str(number), "-k", "poison",
             "-X", "message.max.bytes=1000000", *files], check=True, capture_output=True)
    run.mark("healed")
    wait_until("every poison has a letter", lambda: all(
        count >= 1 for count in _letters(run).values()), 20)
    letters = _letters(run)
    run.note("dead letters: " + ", ".join(f"{topic} {count}" for topic, count in letters.items()))


def _letters(run):
    """Topic -> dead letters of this run that name it and say why."""
    found = [letter for letter in run.ground.records("trama.deadletter.v1", run.moments["fault"])
             if letter.get("reason")]
    return {topic: sum(1 for letter in found if letter.get("sourceTopic") == topic)
            for topic in LETTERS}
