"""Where faults are made: a Trama of its own with two replicas of everything, a supervisor, and
a workspace for each run."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))
import load_world  # noqa: E402
import stack  # noqa: E402
from stack import StackError, wait_until  # noqa: E402

from supervisor import Supervisor  # noqa: E402

OFFSET = int(os.environ.get("TRAMA_CHAOS_PORTS", "13100"))
# Short, so that a run sees the end of what is ambiguous, and breaches.
RULES = {"first_response": "10s", "queue_answer": "3s", "ambiguity_wait": "3s"}
AGENTS = 10
UNITS = {"sms": 25, "email": 20}


class Ground:
    """`settings`: name of a process -> flags beyond the usual ones."""

    def __init__(self, build, brokers=1, settings=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trama-chaos."))
        self.folder.chmod(0o755)
        replicas = {service: 2 for service in stack.REPLICAS}
        replicas.update(whatsapp=0, open=0)
        self.trama = stack.Stack(self.folder, build, OFFSET, replicas)
        self.trama.kafka.brokers = brokers
        for name in self.trama.replicas_of("email"):
            self.trama.settings[name] = {"ambiguity_wait": RULES["ambiguity_wait"]}
        for name, flags in (settings or {}).items():
            self.trama.settings.setdefault(name, {}).update(flags)
        self.supervisor = Supervisor(self.trama)
        self.keeps_folder = False

    def __enter__(self):
        try:
            self.trama.up(say=lambda text: None)
            self.supervisor.watch("redis", self.trama.process("redis").pid, self.trama.start_redis)
            self.supervisor.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        if self.supervisor.thread.is_alive():
            self.supervisor.stop()
        for name in self.trama.replicas():
            self.trama.process(name).signal(signal.SIGCONT)
        self.trama.down()
        if kind is None and not self.keeps_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"logs and journals are in {self.folder}", file=sys.stderr)

    # -- processes

    def process(self, name):
        return self.trama.process(name)

    def kill(self, name):
        """kill -9; the supervisor starts it again."""
        self.process(name).signal(signal.SIGKILL)

    def owner(self, service, workspace):
        """The process that owns the workspace's partition of that service."""
        number = next(each["spec"].get("partition", 0) for each in json.loads(
            self.trama.tramactl("-o", "json", "get", "workspaces"))
            if each["metadata"]["name"] == workspace)
        owned = [value for value in self.records("trama.owners.v1", since=None)
                 if value["service"] == service and value.get("partition", 0) == number]
        return next(name for name in self.trama.replicas_of(service)
                    if self.trama.at(name) == owned[-1]["address"])

    def rss(self):
        """Process -> bytes of memory now."""
        sizes = {}
        for name in self.trama.replicas():
            pid = self.process(name).pid()
            try:
                text = pathlib.Path(f"/proc/{pid}/status").read_text()
                sizes[name] = int(re.search(r"VmRSS:\s+(\d+)", text)[1]) << 10
            except (OSError, TypeError):
                pass
        return sizes

    # -- what Trama says

    def records(self, topic, since=None):
        """The values of a topic in its order, from `since` (seconds since 1970) on."""
        place = "beginning" if since is None else f"{int(time.time() - since) + 2}s"
        lines = self.trama.tramactl("-o", "json", "topics", "tail", topic, "--from", place)
        records = [json.loads(line) for line in lines.splitlines()]
        records.sort(key=lambda record: (int(record["partition"]), int(record["offset"])))
        return [record["value"] for record in records if record.get("value")]

    def metrics(self, name):
        """Lines of a process's metrics: name with labels -> value."""
        with urllib.request.urlopen(f"http://{self.trama.at(f'{name}_admin')}/metrics",
                                    timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
                for line in lines if line and not line.startswith("#")}

    def lag(self):
        """Records that an owner has not applied yet: "process topic partition" -> how many."""
        unread = {}
        for name in self.trama.replicas():
            try:
                found = self.metrics(name)
            except OSError:
                continue
            for what, value in found.items():
                if "lag_records" in what and value > 0:
                    unread[f"{name} {what}"] = value
        return unread

    def make_workspace(self, name, rules):
        """The file that loadgen wants."""
        return load_world.make(self.trama, name, AGENTS, rules={**RULES, **rules})

    def as_supervisor(self, workspace, *arguments, check=True):
        token = json.loads((self.folder / f"{workspace}.json").read_text())["supervisor_token"]
        return self.trama.tramactl("-w", workspace, "--token", token, "-o", "json", *arguments,
                                   check=check)

    def empty_redis(self):
        subprocess.run(["redis-cli", "-p", str(self.trama.ports["redis"]), "FLUSHALL"], check=True,
                       capture_output=True)

    def wait_whole(self):
        """Until every process is there and ready: what a row must leave behind."""
        wait_until("every process is ready again",
                   lambda: all(self.process(name).pid() and self.trama.is_ready(name)
                               for name in self.trama.replicas()))


def now():
    return time.time()
