"""Faults of whoever pretends to be a vendor, and of secrets that change."""

import json

import vendors
from ground import wait_until

FORGERIES = 8  # Of each kind, at each instance.
GARBAGE_MAX = 4000
# The clock of a service and ours may tick apart by less.
TICK_S = 5
ACCOUNT = "rotated"


def forge(run):
    """Signatures that are none, cut, in another case, of another secret, body or time: refused, and
    nothing of it on a topic. Then a secret is changed while both are valid, and the old one goes."""
    count = 0
    for vendor in vendors.of(run):
        for port in vendors.ports(run, vendor):
            for what, body, headers in _forgeries(run, vendor):
                status, count = vendor.post(port, body, headers), count + 1
                run.expect(status == vendor.refused,
                           f"{vendor.channel}: {what} was answered {status}")
            for what, body, headers in _unusual(run, vendor):
                status = vendor.post(port, body, headers)
                run.expect(status == vendor.taken, f"{vendor.channel}: {what} was answered {status}")
    run.note(f"{count} forgeries")
    Rotation(run).play()
    run.mark("healed")


def _forgeries(run, vendor):
    for number in range(FORGERIES):
        _, body = vendor.message(0, f"forged {number}")
        _, other = vendor.message(0, "something else")
        name, good = vendor.signature_header, vendor.sign(body)
        # In base64 an equals sign is only padding.
        prefix, _, digest = good[name].partition("=") if vendor.signs_bytes else ("", "", "")

        def signed(value):
            return {**good, name: value}
        yield "no signature", body, {key: value for key, value in good.items() if key != name}
        yield "an empty signature", body, signed("")
        yield "a cut signature", body, signed(good[name][:-2])
        yield "another secret's signature", body, vendor.sign(body, "0" * 32)
        yield "another body's signature", body, signed(vendor.sign(other)[name])
        yield "garbage", body, signed("A" * run.random.randrange(1, GARBAGE_MAX))
        if prefix:
            yield "a signature alone", body, signed(digest)
        if vendor.channel == "open":
            yield from _late(vendor, body, good)
            # Its own are hexadecimal, which its door takes in capitals, too.
            standard = vendor.sign_as_standard(body)
            yield "a standard signature in another case", body, {
                **standard, "webhook-signature": standard["webhook-signature"].swapcase()}
        else:
            yield "another case", body, signed(good[name].swapcase())


def _late(vendor, body, good):
    """Replayed: well signed, for a time that is not now."""
    late = vendors.OPEN_WINDOW_S + 1
    yield "what was signed 301 s ago", body, vendor.sign(body, away_s=-late)
    yield "what is signed for 301 s from now", body, vendor.sign(body, away_s=late + TICK_S)
    yield "a standard signature of 301 s ago", body, vendor.sign_as_standard(body, -late)
    now = int(good["X-Trama-Timestamp"])
    for timestamp in (str(now + 1), "", "now", f"{now}.0"):
        yield f"time {timestamp!r} in place of {now}", body, {**good, "X-Trama-Timestamp": timestamp}


def _unusual(run, vendor):
    """What is unusual and good: without it, a door that refuses everything would do."""
    ways = [("a good signature", vendor.sign)]
    if vendor.channel == "open":
        early = vendors.OPEN_WINDOW_S - TICK_S
        ways += [("what was signed 295 s ago", lambda body: vendor.sign(body, away_s=-early)),
                 ("a standard signature", vendor.sign_as_standard),
                 ("several signatures", lambda body: _beside_another(vendor, body))]
    for what, sign in ways:
        vendor_id, body = vendor.message(0, what)
        run.extra_ids.add(vendor_id)
        yield what, body, sign(body)


def _beside_another(vendor, body):
    good, name = vendor.sign(body), vendor.signature_header
    return {**good, name: f"v1={'0' * 64},{good[name]}"}


class Rotation:
    """Accounts of the row's own, since the load goes on with the secrets that it knows."""

    def __init__(self, run):
        self.run, self.vendors = run, vendors.of(run)
        parts = (run.ground.folder / f"{run.workspace}.yaml").read_text().split("\n---\n")
        self.resources = {each["spec"]["channel"]: each for each in map(json.loads, parts)
                          if each["kind"] == "ChannelAccount"}

    def play(self):
        self._apply(["old"])
        self._wait_for("old", True)
        self._apply(["new", "old"])
        self._wait_for("new", True)
        for vendor, port in self._doors():
            self.run.expect(self._is_taken(vendor, port, "old"),
                            f"{vendor.channel}: the old secret is not valid beside the new one")
        self._apply(["new"])
        self._wait_for("old", False)
        for vendor, port in self._doors():
            self.run.expect(self._is_taken(vendor, port, "new"),
                            f"{vendor.channel}: the new secret is not valid alone")

    def _doors(self):
        return [(vendor, port) for vendor in self.vendors
                for port in vendors.ports(self.run, vendor)]

    def _secret(self, vendor, age):
        return f"{ACCOUNT}-{vendor.channel}-{age}-{self.run.workspace}"

    def _apply(self, ages):
        """The accounts with these secrets, newest first."""
        accounts = []
        for vendor in self.vendors:
            names = [self._secret(vendor, age) for age in ages]
            for name in names:
                self.run.trama.secret(name)
            accounts.append(vendor.again(self.resources[vendor.channel], f"{ACCOUNT}-{vendor.channel}",
                                         [f"file:{self.run.trama.secrets / name}" for name in names]))
        file = self.run.ground.folder / f"{self.run.workspace}-accounts.yaml"
        file.write_text("\n---\n".join(map(json.dumps, accounts)))
        self.run.trama.tramactl("apply", "-f", file)

    def _is_taken(self, vendor, port, age):
        """None: neither taken nor refused."""
        secret = self.run.trama.secret(self._secret(vendor, age))
        there = vendor.at(f"{ACCOUNT}-{vendor.channel}", secret)
        vendor_id, body = there.message(1, f"{age} secret")
        status = there.post(port, body)
        if status == vendor.taken:
            self.run.extra_ids.add(vendor_id)
        return {vendor.taken: True, vendor.refused: False}.get(status)

    def _wait_for(self, age, is_valid):
        """Secrets and configuration come to each instance by themselves."""
        for vendor, port in self._doors():
            wait_until(f"the {age} secret of {vendor.channel} is{'' if is_valid else ' not'} valid",
                       lambda each=vendor, at=port: self._is_taken(each, at, age) is is_valid)
