"""Partitions are added while customers write: nothing is lost, and a new workspace lives on a new
number, without a restart of anything but config, which gives the numbers out."""

import json
import subprocess
import unittest

import world as worlds  # Puts tools/lib on the path.
import load_world
from stack import ROOT
from world import BUILD, wait_until

RATE, SECONDS, AGENTS = 8, 15, 6
NUMBERS = 4, 6  # Of cluster demo in deploy/topics.yaml, and afterwards.
CONVERSATIONS = "trama.conversations.v1"


class Growth(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.world = worlds.World()
        cls.stack = cls.world.stack

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def start_load(self, world, seed, seconds):
        return subprocess.Popen(
            [BUILD / "bin/trama-loadgen", f"--endpoints={self.stack.folder / 'endpoints.json'}",
             f"--world={world}", f"--rate={RATE}", f"--duration={seconds}s", f"--seed={seed}",
             "--settle_max=60s", "--o=json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)

    def check(self, load):
        """Every message is everywhere, once."""
        out, errors = load.communicate(timeout=180)
        self.assertEqual(load.returncode, 0, out + errors)
        self.assertGreater(json.loads(out)["sent"], 0)

    def grown_file(self):
        before = (ROOT / "deploy/topics.yaml").read_text()
        line = f"demo: {{numbers: {NUMBERS[0]},"
        self.assertIn(line, before)
        file = self.stack.folder / "topics.yaml"
        file.write_text(before.replace(line, f"demo: {{numbers: {NUMBERS[1]},"))
        return file

    def partitions(self, topic):
        return next(each["partitions"] for each in self.world.listed("topics", "list")
                    if each["topic"] == topic)

    def grow(self):
        file = self.grown_file()
        self.stack.tramactl("topics", "ensure", "--topics-file", file, "--cluster", "demo")
        self.assertEqual(self.partitions(CONVERSATIONS), NUMBERS[1])
        self.stack.settings["config"] = {"topics_file": file}
        self.stack.process("config").stop()
        self.stack.start_service("config")
        self.stack.wait_ready(["config"])

    def number_of(self, workspace):
        return next(each["spec"].get("partition", 0)
                    for each in self.world.listed("get", "workspaces", who="admin")
                    if each["metadata"]["name"] == workspace)

    def make_workspace_on_a_new_number(self):
        for name in ("grown-1", "grown-2", "grown-3", "grown-4", "grown-5"):
            file = load_world.make(self.stack, name, AGENTS, is_known=False)
            if self.number_of(name) >= NUMBERS[0]:
                return name, file
        self.fail("no workspace was given a new number")

    def test_partitions_are_added_under_load(self):
        load = self.start_load(load_world.make(self.stack, "load", AGENTS), 1, SECONDS)
        wait_until("customers write", lambda: self.world.records(CONVERSATIONS))
        self.grow()
        workspace, file = self.make_workspace_on_a_new_number()
        self.assertIsNone(load.poll(), "the load was over before all was grown")
        self.check(load)
        load_world.wait_until_known(self.stack, file)
        self.check(self.start_load(file, 2, 3))
        partitions = {record["partition"] for record in self.world.records(CONVERSATIONS)}
        self.assertIn(self.number_of(workspace), partitions)


if __name__ == "__main__":
    worlds.main()
