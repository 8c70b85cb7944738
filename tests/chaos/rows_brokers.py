"""Faults of Kafka: three brokers, of which one or two are gone."""

import dataclasses
import json
import os
import signal
import subprocess

import invariants
import vendors
from ground import ROOT, StackError, wait_until

BROKER = ROOT / "tools/broker"
NODES = (1, 2, 3)
GONE_S = 12
# What doors say, of HTTP and of mail.
REFUSALS = ("503", "451", "421")
ALONE_AFTER_S = 4  # Until then a request may have been taken by a cluster that was still whole.


class Brokers:
    """The three nodes; each is killed and started as tools/broker starts it."""

    def __init__(self, run):
        self.run, self.trama = run, run.trama
        self.folder = run.ground.folder / "kafka"

    def pid(self, number):
        try:
            return int((self.folder / str(number) / "broker.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError) as error:
            raise StackError(f"broker {number} has no pid: {error}") from None

    def kill(self, number):
        os.kill(self.pid(number), signal.SIGKILL)

    def restart(self, numbers):
        commands = [[*map(str, self.trama.kafka.command(BROKER)), "--node", str(number)]
                    for number in numbers]
        for command in commands:  # One after the other: they share a lock.
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise StackError(f"a broker did not come back: {done.stderr}{done.stdout}")

    def is_alive(self, number):
        try:
            os.kill(self.pid(number), 0)
            return True
        except (StackError, ProcessLookupError):
            return False

    def controller(self):
        """(epoch, number) of the node that leads the quorum, as the living nodes have written it down:
        what clients are told of a controller is any node."""
        said = []
        for number in filter(self.is_alive, NODES):
            for file in (self.folder / str(number)).glob("*/__cluster_metadata-0/quorum-state"):
                state = json.loads(file.read_text())
                if state["leaderId"] in NODES:
                    said.append((state["leaderEpoch"], state["leaderId"]))
        return max(said, default=None)

    def led_by(self, number):
        """How many partitions a node leads, as clients see it."""
        said = subprocess.run(["kcat", "-L", "-J", "-b", self.trama.kafka.at()], check=True,
                              capture_output=True, text=True).stdout
        return sum(partition["leader"] == number for topic in json.loads(said)["topics"]
                   for partition in topic["partitions"])


def lose_one(run):
    """kill -9 of a broker that leads partitions and is not the controller, then of the controller; each
    comes back."""
    brokers = Brokers(run)
    _, controller = wait_until("there is a controller", brokers.controller)
    other = run.random.choice([number for number in NODES
                               if number != controller and brokers.led_by(number)])
    _lose(run, brokers, other, "first")
    _, controller = wait_until("there is a controller", brokers.controller)
    _lose(run, brokers, controller, "second")
    run.moments["healed"] = run.moments["second"]  # The flow must come back without the broker.
    run.note(f"killed: broker {other}, then the controller {controller}")


def _lose(run, brokers, number, moment):
    led, (epoch, before) = brokers.led_by(number), brokers.controller()
    brokers.kill(number)
    run.mark(moment)
    run.pause(GONE_S)
    run.expect(led, f"broker {number} led nothing, nobody could miss it")
    run.expect(not brokers.is_alive(number), f"broker {number} was not killed")
    run.expect(not brokers.led_by(number), f"broker {number} is gone and still leads")
    if number == before:
        later, after = brokers.controller() or (epoch, None)
        run.expect(after not in (None, number) and later > epoch,
                   f"controller {number} is gone and was not replaced: {after} in epoch {later}")
    brokers.restart([number])


def check_one(run, facts):
    """The flow came back after the first one, too."""
    first, second = run.moments["first"], run.moments["second"]
    until = (second - invariants.IN_TIME_MAX_S) * 1e6  # What was sent later met the second fault.
    part = dataclasses.replace(
        facts, journal=[line for line in facts.journal if line["at_us"] < until],
        moments={**facts.moments, "healed": first})
    took = invariants.recovery_seconds(part)
    run.note("without the first broker the flow was whole after "
             + ("more than the time there was" if took is None else f"{took:.1f} s"))
    run.expect(took is not None and took <= run.row.recovery_max,
               "the flow was not whole again without the first broker")


def lose_two(run):
    """Two of three are gone: nothing is acknowledged, senders are told to come again; back they all are
    served."""
    brokers = Brokers(run)
    victims = run.random.sample(NODES, 2)
    for number in victims:
        brokers.kill(number)
    run.mark("gone")
    run.pause(ALONE_AFTER_S)
    run.expect(not any(map(brokers.is_alive, victims)), f"brokers {victims} were not killed")
    run.mark("alone")
    _ask(run)
    run.pause(GONE_S - ALONE_AFTER_S)
    run.mark("returning")
    brokers.restart(victims)
    run.mark("healed")


def _ask(run):
    """One message at each door: 503, and when to come again."""
    for vendor in vendors.of(run):
        vendor_id, body = vendor.message(9999, "Is anybody there?")
        answer = vendor.ask(run.trama.ports[f"{vendor.channel}_http"], body)
        run.extra_ids.add(vendor_id)
        run.expect(answer.status == 503,
                   f"without a quorum a message at {vendor.channel} was answered {answer.status}")
        run.expect("Retry-After" in answer.headers,
                   f"{vendor.channel} told nobody when to come again")


def check_two(run, facts):
    """No success while they were gone, though customers wrote."""
    begin, end = facts.moments["alone"], facts.moments["returning"]
    for vendor_id, at in facts.accepted().items():
        if begin <= at < end:
            run.wrong(f"{vendor_id} was taken while two of three brokers were gone")
    refused = sum(1 for line in facts.journal if line["what"] == "answer"
                  and begin <= line["at_us"] / 1e6 < end and line["answer"] in REFUSALS)
    run.note(f"{refused} times the load was told to come again")
    run.expect(refused, "nobody was refused while two of three brokers were gone")
