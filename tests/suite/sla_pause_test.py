"""Both replicas of sla stand still for a minute. Meanwhile customers write and agents reply in time,
so that targets fall due while nobody looks: none of them is breached when sla comes back."""

import json
import signal
import subprocess
import time
import unittest

import world as worlds  # Puts tools/lib on the path.
import load_world
from world import BUILD, SLA, moment, wait_until

RATE, SECONDS, AGENTS, SEED = 8, 25, 10, 20261201
# Time enough for agents who answer at once; far less than the pause.
TARGET_S, PAUSE_S = 25, 60


class SlaPause(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        cls.file = load_world.make(cls.world.stack, "load", AGENTS, rules={
            "first_response": f"{TARGET_S}s", "queue_answer": f"{TARGET_S}s"})

    @classmethod
    def tearDownClass(cls):
        cls.signal_all(signal.SIGCONT)
        cls.world.close()

    @classmethod
    def signal_all(cls, number):
        for name in cls.world.stack.replicas_of("sla"):
            cls.world.stack.process(name).signal(number)

    def sla_events(self):
        return [event for event in self.world.events(topic=SLA) if event["workspace"] == "load"]

    def clocks(self):
        """Clock -> its events, oldest first."""
        clocks = {}
        for event in self.sla_events():
            clocks.setdefault(event["clockId"], []).append(event)
        return clocks

    def test_replies_in_time_are_no_breach_though_nobody_looked(self):
        load = subprocess.Popen(
            [BUILD / "bin/trama-loadgen", f"--endpoints={self.world.folder / 'endpoints.json'}",
             f"--world={self.file}", f"--rate={RATE}", f"--duration={SECONDS}s", f"--seed={SEED}",
             "--settle_max=60s", "--agent_pause=1s", "--o=json",
             "--channels=sms=2,email=1,whatsapp=1,open=1"],
            stdout=subprocess.PIPE, text=True)
        wait_until("clocks run", lambda: len(self.clocks()) > RATE)
        self.signal_all(signal.SIGSTOP)
        paused_at = time.time()
        said = json.loads(load.communicate()[0])
        self.assertEqual(load.returncode, 0, said["differences"])
        wait_until("the pause is over", lambda: time.time() >= paused_at + PAUSE_S, PAUSE_S + 1)
        known = self.clocks()
        self.signal_all(signal.SIGCONT)
        resumed_at = time.time()

        wait_until("every clock has ended", self.all_have_ended)
        facts = self.sla_events()
        self.assertEqual([event for event in facts if "breached" in event], [])
        late = [event for event in facts if "fulfilled" in event
                and not event["fulfilled"].get("inTime")]
        self.assertEqual(late, [])
        # Not by luck: many fell due in the pause, of those that sla knew and of those that it did not.
        due = {clock: moment(events[0]["dueAt"]) / 1000 for clock, events in self.clocks().items()}
        overdue = {clock for clock, at in due.items() if at < resumed_at}
        self.assertGreater(len(overdue - known.keys()), RATE)
        running = {clock for clock, events in known.items() if "fulfilled" not in events[-1]}
        self.assertGreater(len(overdue & running), 0)

    def all_have_ended(self):
        """Each acceptance and its first reply have ended a clock."""
        taken = sum(event["workspace"] == "load" and "accepted" in event
                    for event in self.world.events())
        ended = [clock for clock in self.clocks().values() if "fulfilled" in clock[-1]]
        return len(ended) == len(self.clocks()) == 2 * taken


if __name__ == "__main__":
    worlds.main()
