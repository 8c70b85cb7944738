"""One node of a Kafka cluster (KRaft, broker and controller in one process); used by tools/broker."""

import base64
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import uuid

from kafka_jars import archive_path, class_path, fail

# Ports from here on are handed out by Linux to outgoing connections (ip_local_port_range).
EPHEMERAL_PORT_MIN = 32768
STOP_WAIT_MAX_S = 60
SCRAM = "SCRAM-SHA-512"
# May do everything on the secured listener: makes topics and access rules.
ADMIN_USER = "trama-admin"

LOG4J = """log4j.rootLogger=WARN, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n
log4j.logger.kafka.server.KafkaRaftServer=INFO
"""

SERVER = """process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}{tls_listener}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}{tls_listener}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.replication.factor={replication}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={min_insync}
transaction.state.log.num.partitions=4
default.replication.factor={replication}
min.insync.replicas={min_insync}
# Topics are made from deploy/topics.yaml, never by a typing mistake.
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
# A dead owner's open transaction ends within a second of its time-out (default: 10 s), because
# until then it stops every reader of its partitions.
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
transaction.max.timeout.ms=900000
# As long as the longest retention of a topic that is read from committed offsets.
offsets.retention.minutes=43200
# Small machine.
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=1
background.threads=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
# Compaction in small steps all the time (default: no limit), not with a whole core for a second.
log.cleaner.io.max.bytes.per.second=16777216
log.index.size.max.bytes=1048576
log.segment.bytes=67108864
"""

# Only the SASL listener asks who somebody is. Whoever reaches the plaintext one, which listens on
# loopback alone, is a tool or test of this machine and may do everything.
SECURITY = """# Users, certificates and access rules.
sasl.enabled.mechanisms={scram}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.enabled.protocols=TLSv1.2,TLSv1.3
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{admin}
allow.everyone.if.no.acl.found=false
"""


def start_ticks(pid):
    """When the kernel started that process: together with the pid it names one process for ever."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def check_port(name, port):
    if not 1024 <= port < EPHEMERAL_PORT_MIN:
        fail(f"{name} {port} must be between 1024 and {EPHEMERAL_PORT_MIN - 1}: higher ones are "
             "handed out to outgoing connections")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            fail(f"{name} {port} is not free ({error.strerror}), choose another one")


def make_cluster_id():
    """One of its own, so that a client of another cluster notices where it is."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")


def _private(path, text):
    path.touch(mode=0o600)
    path.write_text(text)


# One compiler tier and the serial collector: half the CPU time at start, less memory.
QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# As Kafka's own kafka-run-class.sh starts it: half the CPU time of each request, once it is warm. And
# with large pages, of which virtual machines gain: a look into their page tables is two. And with a
# young generation that keeps its size: to meet the 20 ms, which busy cores do not allow, G1 would make
# it ever smaller, and stop everything for as long every second. The compilers, which go on for minutes,
# work when nobody else wants to (nice 19).
STEADY = ("-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
          "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent",
          "-XX:+UseTransparentHugePages", "-XX:+AlwaysPreTouch",
          "-XX:+UnlockExperimentalVMOptions", "-XX:G1NewSizePercent=60",
          "-XX:G1MaxNewSizePercent=80", "-XX:ThreadPriorityPolicy=1",
          "-XX:CompilerThreadPriority=19")


# A dead node's partitions get new leaders after so long (default: 9 s), and clients must find them
# before members of groups, whose coordinator it was, lose their session of 6 s. A node that is alone has
# nobody to make way for: being taken for dead by itself would only stop it.
CLUSTER = """broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


class Node:
    """A node and what it keeps below its own folder: settings, data, log, pid."""

    def __init__(self, folder, number, port, controller_port, tls_port=None):
        self.folder = folder
        self.number = number
        self.port = port
        self.controller_port = controller_port
        self.tls_port = tls_port

    @property
    def log_file(self):
        return self.folder / "broker.log"

    def running(self):
        """(pid, port) of the process that `start` wrote down, None when it is gone."""
        try:
            pid, ticks, port = (self.folder / "broker.pid").read_text().split()
        except (OSError, ValueError):
            return None
        return (int(pid), int(port)) if start_ticks(pid) == ticks else None

    def check_ports(self):
        check_port("--port", self.port)
        check_port("--controller-port", self.controller_port)
        if self.tls_port:
            check_port("--tls-port", self.tls_port)

    def write_settings(self, voters, keystore=None):
        """`voters`: number and controller port of every node of the cluster."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j.properties").write_text(LOG4J)
        # Three nodes survive the loss of one, as production does.
        text = SERVER.format(
            number=self.number, port=self.port, controller_port=self.controller_port,
            voters=",".join(f"{number}@127.0.0.1:{port}" for number, port in voters),
            tls_listener=f",SASL_SSL://127.0.0.1:{self.tls_port}" if self.tls_port else "",
            replication=min(len(voters), 3), min_insync=2 if len(voters) > 2 else 1,
            data=self.folder / "data")
        if len(voters) > 1:
            text += CLUSTER
        if self.tls_port:
            text += SECURITY.format(scram=SCRAM, keystore=keystore, admin=ADMIN_USER)
        (self.folder / "server.properties").write_text(text)

    def format_storage(self, cluster_id, users):
        """Makes the empty log with its users; one that is there stays."""
        if (self.folder / "data" / "meta.properties").exists():
            return
        arguments = ["format", "-t", cluster_id, "-c", str(self.folder / "server.properties")]
        for name, password in users.items():
            arguments += ["--add-scram", f"{SCRAM}=[name={name},password={password}]"]
        # Passwords go in a file: everybody may read a command line.
        file = self.folder / "format.arguments"
        _private(file, "\n".join(arguments) + "\n")
        done = subprocess.run(
            [*self._java("128m"), "kafka.tools.StorageTool", f"@{file}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        file.unlink()
        if done.returncode != 0:
            fail(f"cannot format {self.folder}/data:\n{done.stdout[-2000:]}")
        _private(self.folder / "users.json", json.dumps(users))

    def update_users(self, users):
        """Tells a running cluster of users that are new or have another password."""
        file = self.folder / "users.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        changed = {name: users[name] for name in users if known.get(name) != users[name]}
        for name, password in changed.items():
            settings = self.folder / "scram.properties"
            _private(settings, f"{SCRAM}=password={password}\n")
            done = subprocess.run(
                [*self._java("128m"), "kafka.admin.ConfigCommand", "--bootstrap-server",
                 f"127.0.0.1:{self.port}", "--alter", "--entity-type", "users", "--entity-name",
                 name, "--add-config-file", str(settings)],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            settings.unlink()
            if done.returncode != 0:
                fail(f"cannot set the password of {name}:\n{done.stdout[-2000:]}")
        if changed:
            _private(file, json.dumps(users))

    def _java(self, heap, *options, steady=False):
        return ["java", f"-Xms{heap}", f"-Xmx{heap}", *(STEADY if steady else QUICK),
                f"-Dlog4j.configuration=file:{self.folder}/log4j.properties", *options,
                "-cp", class_path()]

    def launch(self, heap, *options, steady=False):
        with open(self.log_file, "w") as log:
            process = subprocess.Popen(
                [*self._java(heap, *options, steady=steady), "kafka.Kafka",
                 str(self.folder / "server.properties")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
                process_group=0)  # As the processes of ours: stack_process.Process.
        (self.folder / "broker.pid").write_text(
            f"{process.pid} {start_ticks(process.pid)} {self.port}\n")
        return process

    def log_tail(self):
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-20:])

    def wait_until_serving(self, process, wait_s):
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                fail(f"the broker ended with status {process.returncode}:\n{self.log_tail()}")
            if "Kafka Server started" in self.log_file.read_text(errors="replace"):
                with contextlib.suppress(OSError), \
                        socket.create_connection(("127.0.0.1", self.port), 1):
                    return
            time.sleep(0.05)
        process.kill()
        fail(f"the broker did not serve within {wait_s} s, see {self.log_file}:\n"
             f"{self.log_tail()}")

    def ask_to_stop(self):
        alive = self.running()
        if alive:
            os.kill(alive[0], signal.SIGTERM)

    def wait_until_stopped(self, wait_s=STOP_WAIT_MAX_S):
        deadline = time.monotonic() + wait_s
        while alive := self.running():
            if time.monotonic() > deadline:
                os.kill(alive[0], signal.SIGKILL)
            time.sleep(0.05)
        (self.folder / "broker.pid").unlink(missing_ok=True)


def make_archive(scratch, port, controller_port, heap, wait_s):
    """Starts and stops a node once, to write down the classes that it loaded."""
    archive = archive_path()
    if archive.exists():
        return archive
    node = Node(scratch, 1, port, controller_port)
    node.write_settings([(1, controller_port)])
    node.format_storage(make_cluster_id(), {})
    process = node.launch(heap, f"-XX:ArchiveClassesAtExit={scratch}/classes.jsa")
    node.wait_until_serving(process, wait_s)
    process.terminate()
    process.wait(STOP_WAIT_MAX_S)
    (scratch / "classes.jsa").rename(archive)
    return archive
