"""Faults of Kafka: three brokers, of which one or two are gone."""

import http.client
import json
import os
import signal
import subprocess
import urllib.parse

from ground import ROOT, StackError, stack, wait_until
from vendors import Twilio

BROKER = ROOT / "tools/broker"
GONE_S = 12
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

    def controller(self):
        """The number of the node that leads the quorum."""
        said = subprocess.run(["kcat", "-L", "-J", "-b", self.trama.kafka.at()], check=True,
                              capture_output=True, text=True).stdout
        return json.loads(said)["controllerid"]


def lose_one(run):
    """kill -9 of a broker that is not the controller, then of the controller; each comes back."""
    brokers = Brokers(run)
    controller = wait_until("there is a controller", lambda: brokers.controller())
    other = run.random.choice([number for number in (1, 2, 3) if number != controller])
    for number in (other, controller):
        brokers.kill(number)
        run.mark("healed")  # The flow must come back without the broker.
        run.pause(GONE_S)
        brokers.restart([number])
    run.note(f"killed: broker {other}, then the controller {controller}")


def lose_two(run):
    """Two of three are gone: nothing is acknowledged, senders are told to come again; back they all are
    served."""
    brokers = Brokers(run)
    victims = run.random.sample((1, 2, 3), 2)
    for number in victims:
        brokers.kill(number)
    run.mark("gone")
    run.pause(ALONE_AFTER_S)
    run.mark("alone")
    _ask(run)
    run.pause(GONE_S - ALONE_AFTER_S)
    run.mark("returning")
    brokers.restart(victims)
    run.mark("healed")


def _ask(run):
    """One message at the door: 503, and when to come again."""
    twilio = Twilio(run.world["channels"]["sms"])
    params = twilio.message("+12125559999", "Is anybody there?")
    connection = http.client.HTTPConnection(stack.HOST, run.trama.ports["sms_http"], timeout=20)
    connection.request("POST", twilio.path, urllib.parse.urlencode(params), {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": twilio.sign(params)})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    run.extra_ids.add(params["MessageSid"])
    run.expect(answer.status == 503, f"without a quorum a message was answered {answer.status}")
    run.expect(answer.getheader("Retry-After"), "nobody was told when to come again")


def check_two(run, facts):
    """No success while they were gone."""
    begin, end = facts.moments["alone"], facts.moments["returning"]
    for vendor_id, at in facts.accepted().items():
        if begin <= at < end:
            run.wrong(f"{vendor_id} was taken while two of three brokers were gone")
