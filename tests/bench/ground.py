"""Where a benchmark plays: a Trama of its own with the load workspace, the tool that makes loads,
and the peers."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))
import load_world  # noqa: E402
import stack  # noqa: E402
from stack import wait_until  # noqa: E402

OFFSET = int(os.environ.get("TRAMA_BENCH_PORTS", "13700"))
PEER_PORTS = {"nginx": 4030, "go": 4031, "echo": 4032, "go_forgetful": 4033, "go_forwarding": 4034}
TOPIC = "bench.peer"


class Ground:
    """`names`: the services that are needed; all when empty."""

    def __init__(self, build, agents=20, names=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trama-bench."))
        self.folder.chmod(0o755)  # nginx' workers have a user of their own.
        self.trama = stack.Stack(self.folder, build, OFFSET)
        self.trama.kafka.steady = True
        # What is measured says what it would say in production: warnings.
        for name in self.trama.replicas():
            self.trama.settings[name] = {"log_level": "warning"}
        self.names = list(names or self.trama.replicas())
        self.agents = agents
        self.peers = []

    def __enter__(self):
        try:
            self.trama.up(say=lambda text: None, names=self.names)
            self.world = load_world.make(self.trama, "load", self.agents,
                                         is_known="routing_0" in self.names)
            self.facts = json.loads(self.world.read_text())
            # As many partitions as the topic of interactions has.
            self.kafka("topic", count=self.partitions("trama.interactions.v1"))
            if "sms" in self.names:
                wait_until("the door of sms knows the account", self._door_is_open)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.peers:
            self.trama.process(name).stop()
        self.trama.down()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _door_is_open(self):
        # Asked with a wrong signature: a message would be counted among those of the first run.
        said = self.webhooks(self.trama.at("sms_http"), "probe", count=1, connections=1,
                             auth_token="wrong")
        return said["answers"] == {"403": 1}

    def pids(self):
        return {name: self.trama.process(name).pid() for name in self.names}

    # -- the tool

    def tool(self, what, **flags):
        command = [self.trama.build / "bin/trama-bench-tool", f"--what={what}",
                   *(f"--{flag}={value}" for flag, value in flags.items())]
        return self.run_json(command)

    @staticmethod
    def run_json(command):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode not in (0, 1) or not done.stdout.strip():
            raise stack.StackError(f"{' '.join(map(str, command[:2]))}: exit {done.returncode}\n"
                                   f"{done.stderr}{done.stdout}")
        return json.loads(done.stdout)

    def kafka(self, what, **flags):
        return self.tool(what, brokers=self.trama.at("kafka"), topic=TOPIC, **flags)

    def webhooks(self, server, run, **flags):
        sms = self.facts["channels"]["sms"]
        signing = {"auth_token": sms["auth_token"], **flags}
        return self.tool("webhooks", server=server, run=run, url=sms["url"],
                         account_sid=sms["account_sid"], number=sms["number"], **signing)

    # -- peers

    def start(self, name, command, port):
        self.peers.append(name)
        process = self.trama.process(name)
        process.start(command)
        process.wait_until_it_listens(port, 30)
        return process.pid()

    def peer_port(self, name):
        return PEER_PORTS[name] + OFFSET

    def records_in(self, topic):
        """How many offsets of the topic are in use."""
        return self._count(topic)["offsets"]

    def partitions(self, topic):
        return self._count(topic)["partitions"]

    def _count(self, topic):
        return self.tool("count", brokers=self.trama.at("kafka"), topic=topic)
