"""loadgen, as a row or a test starts it beside something else."""

import json
import subprocess

from ground import CHANNELS, StackError, wait_until

SETTLE_MAX_S = 60
# What a run may take beyond its own duration, before it counts as stuck.
OVERTIME_S = 4 * SETTLE_MAX_S


class Load:
    """Customers and agents in one workspace; `flags` are trama-loadgen's beyond the usual ones."""

    def __init__(self, ground, workspace, world, **flags):
        self.journal = ground.folder / f"{workspace}.journal"
        self.log = ground.folder / "logs" / f"{workspace}.log"
        every = {"endpoints": ground.folder / "endpoints.json", "world": world,
                 "run_id": workspace, "agent_pause": "100ms", "channels": CHANNELS,
                 "attempts_max": 200, "settle_max": f"{SETTLE_MAX_S}s", "journal": self.journal,
                 "o": "json", **flags}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [str(ground.trama.build / "bin/trama-loadgen"),
                 *(f"--{name}={value}" for name, value in every.items())],
                stdout=subprocess.PIPE, stderr=log, text=True)

    def wait_until_it_flows(self):
        """The customers begin to write once the agents are at work."""
        def begun():
            if self.process.poll() is not None:
                raise StackError(f"the load ended at once:\n{self.log.read_text()}")
            return "begin to write" in self.log.read_text()
        wait_until("the load has begun", begun)

    def finish(self, seconds):
        """What loadgen says at its end. StackError when it cannot say anything."""
        try:
            output, _ = self.process.communicate(timeout=seconds + OVERTIME_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise StackError("the load did not end") from None
        if self.process.returncode not in (0, 1):
            raise StackError(f"the load could not be judged by itself: {self.log.read_text()[-400:]}")
        return json.loads(output)

    def kill(self):
        self.process.kill()
        self.process.communicate()
