"""A short run of the load generator against a whole stack: customers on every channel, agents who
answer, and every message everywhere exactly once."""

import json
import subprocess
import unittest

import world as worlds  # Puts tools/lib on the path.
import load_world
from world import BUILD

RATE, SECONDS, AGENTS, SEED = 15, 6, 10, 20261128


class Load(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        cls.file = load_world.make(cls.world.stack, "load", AGENTS)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def play(self, *flags):
        return subprocess.run(
            [BUILD / "bin/trama-loadgen",
             f"--endpoints={self.world.folder / 'endpoints.json'}", f"--world={self.file}",
             f"--rate={RATE}", f"--duration={SECONDS}s", "--settle_max=60s", "--o=json", *flags],
            capture_output=True, text=True)

    def test_every_message_is_everywhere_once(self):
        journal = self.world.folder / "journal"
        done = self.play(f"--seed={SEED}", "--channels=sms=2,email=1,whatsapp=1,open=1", f"--journal={journal}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["differences"], [])
        self.assertGreater(said["sent"], RATE * SECONDS / 2)
        for figure in ("accepted", "interactions", "in_conversations", "on_timelines", "counted_in"):
            self.assertEqual(said[figure], said["sent"], figure)
        self.assertEqual(said["delivered"], said["answers"])
        self.assertGreaterEqual(said["answers"], said["conversations"])
        self.assertEqual(said["latencies"]["send to offer"]["count"], said["conversations"])
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        self.assertEqual(sum(line["what"] == "send" for line in lines), said["sent"])
        self.assertEqual({line["channel"] for line in lines if line["what"] == "send"},
                         {"sms", "email", "whatsapp", "open"})

    def test_a_run_that_cannot_be_judged_says_why(self):
        done = self.play("--channels=pigeon")
        self.assertEqual(done.returncode, 2)
        self.assertIn("pigeon", done.stderr)


if __name__ == "__main__":
    worlds.main()
