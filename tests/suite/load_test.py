"""A short run of the load generator against a whole stack: customers on every channel, agents who
answer, and every message everywhere exactly once."""

import json
import subprocess
import unittest
import urllib.parse

import world as worlds  # Puts tools/lib on the path.
import customers
import load_world
from world import BUILD, wait_until

RATE, SECONDS, AGENTS, SEED = 15, 6, 10, 20261128
CHANNELS = "sms=2,email=1,whatsapp=1,open=1"


class Load(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        cls.file = load_world.make(cls.world.stack, "load", AGENTS)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def start(self, *flags):
        """Its words while it runs go to `self.words`."""
        self.words = self.world.folder / "words"
        with open(self.words, "w") as words:
            return subprocess.Popen(
                [BUILD / "bin/trama-loadgen",
                 f"--endpoints={self.world.folder / 'endpoints.json'}", f"--world={self.file}",
                 f"--rate={RATE}", f"--duration={SECONDS}s", "--settle_max=60s", "--o=json",
                 f"--channels={CHANNELS}", *flags],
                stdout=subprocess.PIPE, stderr=words, text=True)

    def finish(self, load, exit_code=0):
        output, _ = load.communicate()
        self.assertEqual(load.returncode, exit_code, output + self.words.read_text())
        return output

    def play(self, *flags):
        return json.loads(self.finish(self.start(*flags)))

    def test_every_message_is_everywhere_once(self):
        journal = self.world.folder / "journal"
        said = self.play(f"--seed={SEED}", "--receipts", f"--journal={journal}")
        self.assertEqual(said["differences"], [])
        self.assertGreater(said["sent"], RATE * SECONDS / 2)
        for figure in ("accepted", "interactions", "in_conversations", "on_timelines", "counted_in"):
            self.assertEqual(said[figure], said["sent"], figure)
        self.assertEqual(said["delivered"], said["answers"])
        self.assertGreater(said["receipts"], RATE)  # Of all but e-mail.
        self.assertEqual(said["receipts_told"], said["receipts"])
        self.assertGreaterEqual(said["answers"], said["conversations"])
        self.assertEqual(said["latencies"]["send to offer"]["count"], said["conversations"])
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        self.assertEqual(sum(line["what"] == "send" for line in lines), said["sent"])
        self.assertEqual({line["channel"] for line in lines if line["what"] == "send"},
                         {"sms", "email", "whatsapp", "open"})

    def test_a_day_and_a_burst_are_whole_too(self):
        for number, pattern in enumerate(("day", "burst"), 1):
            said = self.play(f"--seed={SEED + number}", f"--pattern={pattern}")
            self.assertGreater(said["sent"], RATE)
            self.assertEqual(said["delivered"], said["answers"])

    def test_what_nobody_sent_is_named(self):
        load = self.start(f"--seed={SEED + 3}", "--settle_max=5s")
        wait_until("the customers write", lambda: "begin to write" in self.words.read_text())
        sms = json.loads(self.file.read_text())["channels"]["sms"]
        url = urllib.parse.urlsplit(sms["url"])
        stranger = customers.Twilio(self.world.stack.at("sms_http"), f"{url.scheme}://{url.netloc}",
                                    sms["auth_token"], sms["account_sid"], url.path)
        sid = "SM" + "5" * 32
        self.assertEqual(stranger.message("+12125550123", sms["number"], "Surprise!", sid), 200)
        said = json.loads(self.finish(load, exit_code=1))
        self.assertIn(sid, json.dumps(said["differences"]))

    def test_a_run_that_cannot_be_judged_says_why(self):
        self.finish(self.start("--channels=pigeon"), exit_code=2)
        self.assertIn("pigeon", self.words.read_text())


if __name__ == "__main__":
    worlds.main()
