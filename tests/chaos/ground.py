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

import network  # noqa: E402
from proxies import Proxies  # noqa: E402
from supervisor import Supervisor  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TRAMA_BUILD") or ROOT / "build/dev")
OFFSET = int(os.environ.get("TRAMA_CHAOS_PORTS", "13100"))
# Short, so that a run sees the end of what is ambiguous, and breaches.
RULES = {"first_response": "10s", "queue_answer": "3s", "ambiguity_wait": "3s"}
AGENTS = 10
UNITS = {"sms": 25, "email": 20, "whatsapp": 25, "open": 25}
CHANNELS = "sms=2,email=1,whatsapp=1,open=1"  # As loadgen takes them: what share of the messages each gets.
GROUP_FIRST = 47000
PROXY_PORT = 5100
LIBFAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
# With the usual allocator: that of the services asks for the time before libfaketime is ready.
PRELOADED = f"{LIBFAKETIME} libstdc++.so.6 libc.so.6"


def stands_still(process):
    """Was it stopped by a signal?"""
    status = pathlib.Path(f"/proc/{process.pid()}/status")
    return status.exists() and "State:\tT" in status.read_text()


class Ground:
    """`brokers`: 1 or 3. `proxied`: Redis, profile and the owners of routing and sla are behind
    `proxies`. `has_clocks`: the clocks of routing, sla and sms can be set. `channels`: whatsapp and
    open run only where it names them."""

    def __init__(self, build, brokers=1, proxied=False, has_clocks=False, channels=CHANNELS):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trama-chaos."))
        self.folder.chmod(0o755)
        replicas = {service: 2 for service in stack.REPLICAS}
        replicas.update({channel: 2 if f"{channel}=" in channels else 0
                         for channel in ("whatsapp", "open")})
        self.trama = stack.Stack(self.folder, build, OFFSET, replicas)
        self.trama.kafka.brokers = brokers
        for name in self.trama.replicas_of("email"):
            self._set(name, ambiguity_wait=RULES["ambiguity_wait"])
        self.proxies = self._make_proxies() if proxied else None
        if network.is_own():
            for name in self.trama.replicas():
                self.trama.wrappers[name] = network.prefix_of(self.group(name))
        if has_clocks:
            self._make_clocks()
        self.supervisor = Supervisor(self.trama)
        self.keeps_folder = False
        self.is_broken = False  # Something does not come back by itself.

    def _set(self, name, **flags):
        self.trama.settings.setdefault(name, {}).update(flags)

    def _make_proxies(self):
        engines = [name for service in ("routing", "sla") for name in self.trama.replicas_of(service)]
        upstreams = {"redis": self.trama.at("redis"), **{
            name: self.trama.at(name) for name in [*self.trama.replicas_of("profile"), *engines]}}
        proxies = Proxies(self.trama.process("toxiproxy"), upstreams, PROXY_PORT + OFFSET)
        for service in ("profile", "reporting", "email", "sms", "whatsapp", "open"):
            for name in self.trama.replicas_of(service):
                self._set(name, redis=proxies.at["redis"])
        for name in self.trama.replicas_of("routing"):
            self._set(name, profile_address=",".join(
                proxies.at[each] for each in self.trama.replicas_of("profile")))
        for name in engines:  # Whoever is not the owner asks him there.
            self._set(name, grpc_advertise=proxies.at[name])
        return proxies

    def _make_clocks(self):
        if not pathlib.Path(LIBFAKETIME).exists():
            raise StackError(f"{LIBFAKETIME} is missing: install the package faketime")
        (self.folder / "clocks").mkdir()
        for service in ("routing", "sla", "sms"):
            for name in self.trama.replicas_of(service):
                self.set_clock(name, "+0")
                self.trama.wrappers[name] = [
                    *self.trama.wrappers.get(name, []), "env", f"LD_PRELOAD={PRELOADED}",
                    f"FAKETIME_TIMESTAMP_FILE={self.folder / 'clocks' / name}",
                    "FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                    "DONT_FAKE_MONOTONIC=1"]

    def __enter__(self):
        try:
            if self.proxies:
                self.proxies.start()
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
        if self.proxies:
            self.proxies.stop()
        if kind is None and not self.keeps_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"logs and journals are in {self.folder}", file=sys.stderr)

    def set_clock(self, name, text):
        """The wall clock of a process, as libfaketime takes it: "+1h", "+0 x1.05"."""
        (self.folder / "clocks" / name).write_text(text + "\n")

    def group(self, name):
        """The group of the system by which packets of a process are known."""
        return GROUP_FIRST + list(self.trama.replicas()).index(name)

    # -- processes

    def process(self, name):
        return self.trama.process(name)

    def kill(self, name):
        """kill -9; the supervisor starts it again. False: it was not there."""
        self.supervisor.killed.add(name)
        return self.process(name).signal(signal.SIGKILL) is not None

    def kill_under_load(self, name, seconds):
        """kill -9 in the middle of its work; returns when the load has met its absence and it has been
        back for so long."""
        pid = self.process(name).pid()
        self.kill(name)
        wait_until(f"{name} is back", lambda: self.process(name).pid() not in (None, pid)
                   and self.trama.is_ready(name))
        time.sleep(seconds)

    def number_of(self, workspace):
        """Its partition number."""
        return next(each["spec"].get("partition", 0) for each in json.loads(
            self.trama.tramactl("-o", "json", "get", "workspaces"))
            if each["metadata"]["name"] == workspace)

    def owner(self, service, workspace):
        """The process that owns the workspace's partition of that service."""
        number = self.number_of(workspace)
        owned = [value for value in self.records("trama.owners.v1", since=None)
                 if value.get("service") == service and value.get("partition", 0) == number]
        return next(name for name in self.trama.replicas_of(service)
                    if self.advertised(name) == owned[-1]["address"])

    def advertised(self, name):
        """Where other replicas reach it."""
        return self.trama.settings.get(name, {}).get("grpc_advertise", self.trama.at(name))

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
        return [record["value"] for record in records if isinstance(record.get("value"), dict)]

    def metrics(self, name):
        """Lines of a process's metrics: name with labels -> value."""
        with urllib.request.urlopen(f"http://{self.trama.at(f'{name}_admin')}/metrics",
                                    timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
                for line in lines if line and not line.startswith("#")}

    def total(self, service, metric, *labels):
        """The sum of a metric over the service's processes that answer, and over all lines of it that
        have these labels."""
        return sum(value for name in self.trama.replicas_of(service)
                   for what, value in self._metrics_or_none(name).items()
                   if what.partition("{")[0] == metric and all(each in what for each in labels))

    def _metrics_or_none(self, name):
        try:
            return self.metrics(name)
        except OSError:
            return {}

    def lag(self):
        """Records that an owner has not applied yet: "process topic partition" -> how many."""
        unread = {}
        for name in self.trama.replicas():
            for what, value in self._metrics_or_none(name).items():
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

    def redis(self, *command):
        """What redis-cli says, as it is for programs."""
        return subprocess.run(["redis-cli", "-p", str(self.trama.ports["redis"]), *command],
                              check=True, capture_output=True, text=True).stdout

    def empty_redis(self):
        self.redis("FLUSHALL")

    def wait_whole(self):
        """Until every process is there and ready: what a row must leave behind."""
        def unready():
            return {name: self.trama.ready_text(name) for name in self.trama.replicas()
                    if not (self.process(name).pid() and self.trama.is_ready(name))}
        try:
            wait_until("every process is ready again", lambda: not unready())
        except StackError as error:
            raise StackError(f"{error}: {unready()}") from None
