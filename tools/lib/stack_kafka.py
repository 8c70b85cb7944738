"""The Kafka of a stack: one broker or three, plaintext on loopback for tools, TLS and a user of
its own for each service beside it."""

import json
import os
import subprocess

ADMIN = "admin"
BROKERS_APART = 10  # As tools/broker has it.


class Kafka:
    def __init__(self, stack):
        self.stack = stack
        self.brokers = int(os.environ.get("TRAMA_KAFKA_BROKERS", 1))
        # How services come in: plaintext, or sasl (TLS, SCRAM-SHA-512, a user each).
        self.security = os.environ.get("TRAMA_KAFKA_SECURITY", "plaintext")
        self.steady = False  # For load that lasts, not for a quick start.

    def at(self, name="kafka"):
        """The addresses of all brokers, with commas; "kafka_tls": of the secured listener."""
        return ",".join(f"127.0.0.1:{self.stack.ports[name] + BROKERS_APART * number}"
                        for number in range(self.brokers))

    def ports(self):
        """All that must be free for it."""
        return [self.stack.ports["kafka"] + BROKERS_APART * number + shift
                for number in range(self.brokers) for shift in (0, 1, 2)]

    def password_file(self, user):
        return self.stack.secrets / f"kafka-{user}"

    def make_secrets(self, services):
        users = {f"trama-{user}": self.stack.secret(f"kafka-{user}")
                 for user in (ADMIN, *services)}
        self.stack.write_secret("kafka-users.json", json.dumps(users))

    def _heap(self):
        if self.steady:
            # Kafka's own guide gives 6 GB; with 1 GB everything stops for a collection every ten
            # seconds, with 4 once a minute. https://kafka.apache.org/40/operations/java-version
            return "4g"
        return "512m" if self.brokers == 1 else "256m"

    def command(self, broker):
        """How `broker`, the program tools/broker, starts what does not run of it."""
        command = [broker, "start", "--dir", self.stack.folder / "kafka",
                   "--port", self.stack.ports["kafka"],
                   "--tls-port", self.stack.ports["kafka_tls"],
                   "--keystore", self.stack.tls / "kafka.bundle",
                   "--users", self.stack.secrets / "kafka-users.json",
                   "--brokers", self.brokers, "--heap", self._heap(),
                   *(["--steady"] if self.steady else [])]
        return [str(part) for part in command]

    def start(self, broker):
        """What it says when it fails, else None."""
        done = subprocess.run(self.command(broker), capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr or done.stdout

    def ensure(self):
        """The topics, and what each user may do with them."""
        self.stack.tramactl("topics", "ensure", "--cluster", self.topics_cluster())
        self.stack.tramactl("access", "ensure")

    def topics_cluster(self):
        return "demo" if self.brokers == 1 else f"demo-{self.brokers}"

    def flags(self, service):
        flags = {"topics_cluster": self.topics_cluster()}
        if self.security == "plaintext":
            return {**flags, "kafka_brokers": self.at()}
        return {**flags,
                "kafka_brokers": self.at("kafka_tls"),
                "kafka_security_protocol": "sasl_ssl",
                "kafka_ca_file": self.stack.tls / "ca.pem",
                "kafka_sasl_mechanism": "SCRAM-SHA-512",
                "kafka_sasl_username": f"trama-{service}",
                "kafka_sasl_password": f"file:{self.password_file(service)}"}

    def endpoint(self):
        """What endpoints.json says of the secured listener."""
        return {"brokers": self.at("kafka_tls"), "mechanism": "SCRAM-SHA-512",
                "ca_file": str(self.stack.tls / "ca.pem"), "user": f"trama-{ADMIN}",
                "password_file": str(self.password_file(ADMIN))}
