"""Several workspaces under load in a Trama with two replicas of everything, as tools/chaos has it."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
import network  # noqa: E402
from ground import BUILD, Ground, stack  # noqa: E402,F401
from load import Load  # noqa: E402,F401

# A second load at the same time has a vendors' side of its own.
OTHER_SINKS = {"sms_sink": "twilio", "email_sink": "postfix", "whatsapp_sink": "graph",
               "open_sink": "integrator"}


class Neighbours(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ground = Ground(BUILD)
        cls.ground.__enter__()
        cls.addClassCleanup(cls.ground.__exit__, None, None, None)

    def workspace_where(self, wanted, base, rules=None, tries=8):
        """(name, file) of a workspace that `wanted` takes: numbers are given out in turn."""
        for number in range(tries):
            name = f"{base}{number}"
            world = self.ground.make_workspace(name, rules or {})
            if wanted(name):
                return name, world
        return self.fail(f"none of {tries} workspaces is as wanted")


def main():
    """In a network of its own where that can be had, so that its ports are nobody else's."""
    network.enter()
    unittest.main(module="__main__", verbosity=2, warnings="ignore")
