"""A whole Trama on this machine: Kafka, Redis and every service, as tools/up and the end-to-end
tests start it. Everything that it writes lies below one folder; every process is signalled by the
pid that was written down when it was started."""

import hashlib
import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import certificates
import stack_balancer
import stack_kafka
import stack_redis
from stack_balancer import DOORS
from stack_process import HOST, Process, StackError, port_is_open, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("TRAMA_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "trama")

# Every port, by what listens there. TRAMA_PORT_<NAME> sets one; `offset` moves them all.
PORTS = {
    "kafka": 9092, "kafka_tls": 9094, "redis": 6390,
    "config": 7000, "routing_0": 7010, "routing_1": 7011, "profile": 7020,
    "sla_0": 7030, "sla_1": 7031, "reporting": 7040,
    "sms_http": 8010, "whatsapp_http": 8011, "open_http": 8040,
    "email_smtp": 2525, "email_lmtp": 2424,
    "config_admin": 9100, "routing_0_admin": 9110, "routing_1_admin": 9111, "profile_admin": 9120,
    "sla_0_admin": 9130, "sla_1_admin": 9131, "reporting_admin": 9140, "email_admin": 9150,
    "sms_admin": 9160, "whatsapp_admin": 9161, "open_admin": 9180,
    "postfix": 2526, "twilio": 4010, "graph": 4011, "integrator": 4030,
    "load_sms": 4020, "load_email": 4021, "load_whatsapp": 4022, "load_open": 4023,
}
# How many processes of each service; a stack may be made with others.
REPLICAS = {"config": 1, "profile": 1, "routing": 2, "sla": 2, "reporting": 1, "email": 1, "sms": 1,
            "whatsapp": 1, "open": 1}
# Replicas whose ports do not stand in PORTS listen so far above those of their service: profile_0
# at 7120, profile_1 at 7220.
REPLICAS_APART = 100
# Who may call: name in endpoints.json -> (subject, workspace, roles).
PEOPLE = {
    "ana": ("ana", "demo", ["agent"]),
    "bruno": ("bruno", "demo", ["agent"]),
    "carla": ("carla", "demo", ["agent"]),
    "supervisor": ("supervisor", "demo", ["supervisor", "agent"]),
    "integrator": ("integrator", "demo", ["integrator"]),
    "acme/ana": ("ana", "acme", ["agent"]),
    "acme/supervisor": ("supervisor", "acme", ["supervisor", "agent"]),
    "admin": ("admin", "", ["admin", "supervisor", "integrator"]),
}
SERVICE_CALLERS = ["routing", "sla", "profile", "reporting", "email", "sms", "whatsapp", "open",
                    "config"]


class Stack:
    """`replicas`: service -> how many, where it is not REPLICAS; none with 0."""

    def __init__(self, folder, build, offset=0, replicas=None):
        self.folder = pathlib.Path(folder)
        self.build = pathlib.Path(build)
        self.counts = {**REPLICAS, **(replicas or {})}
        self.ports = {name: int(os.environ.get(f"TRAMA_PORT_{name.upper()}", port)) + offset
                      for name, port in PORTS.items()}
        self.ports.update(self._replica_ports(offset))
        self.secrets = self.folder / "secrets"
        self.blobs = self.folder / "blobs"
        # Settings of one process beyond those that all stacks have: name -> {flag: value}.
        self.settings = {}
        # What runs a process's command, such as a program that fakes the time: name -> words.
        self.wrappers = {}
        # Redis with TLS and a user, and certificates of both sides for every call between services.
        self.secured = False
        self.kafka = stack_kafka.Kafka(self)
        self.redis = stack_redis.Redis(self)
        self.balancer = stack_balancer.Balancer(self)

    # -- addresses

    def _replica_ports(self, offset):
        """Those that do not stand in PORTS."""
        ports = {}
        for service, count in self.counts.items():
            first = "_0" if f"{service}_0_admin" in PORTS else ""
            kinds = [*(f"_{door}" for door in DOORS.get(service, [])), "_admin",
                     *([""] if f"{service}{first}" in PORTS else [])]
            for number in range(count if count > 1 else 0):
                for kind in kinds:
                    name = f"{service}_{number}{kind}"
                    port = PORTS.get(f"{service}{kind}", PORTS.get(f"{service}{first}{kind}"))
                    port = int(os.environ.get(f"TRAMA_PORT_{service}{kind}".upper(), port))
                    if name not in PORTS:
                        ports[name] = port + REPLICAS_APART * (number + 1) + offset
        return ports

    def at(self, name):
        return f"{HOST}:{self.ports[name]}"

    def replicas(self):
        """Every service process: name -> its service."""
        return {name: service for service in self.counts for name in self.replicas_of(service)}

    def replicas_of(self, service):
        """The names of its processes: a number follows where there are several."""
        count = self.counts[service]
        return [service] if count == 1 else [f"{service}_{number}" for number in range(count)]

    def addresses(self, service):
        """Of its gRPC, as clients are given them."""
        return ",".join(map(self.at, self.replicas_of(service)))

    def process(self, name):
        return Process(self.folder, name)

    # -- secrets

    def make_secrets(self):
        self.secrets.mkdir(parents=True, exist_ok=True)
        self.secrets.chmod(0o700)
        entries = []
        for name, (subject, workspace, roles) in PEOPLE.items():
            entries.append(self.token_entry(self.token(name), subject, workspace, roles))
        for service in SERVICE_CALLERS:
            entries.append(self.token_entry(self.token(f"service-{service}"), service, "",
                                             ["service"]))
        for more in sorted(self.secrets.glob("more-tokens-*.json")):
            entries += json.loads(more.read_text())
        self.write_secret("tokens.json", json.dumps(entries, indent=1))
        for name in ("identity-demo", "identity-acme", "email-token", "twilio-auth-token",
                     "twilio-auth-token-acme", "media-link", "whatsapp-app-secret",
                     "whatsapp-verify-token", "whatsapp-access-token", "open-demo"):
            self.secret(name)
        self.kafka.make_secrets(SERVICE_CALLERS)
        self.make_certificates()
        key = self.secrets / "dkim.pem"
        if not key.exists():
            subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True,
                           capture_output=True)

    @property
    def tls(self):
        return self.secrets / "tls"

    def make_certificates(self):
        again = certificates.make_authority(self.tls)
        more = ["redis", "tramactl", *SERVICE_CALLERS] if self.secured else []
        for name in ["kafka", *more]:
            certificates.issue(self.tls, name, again)

    def tls_settings(self, name):
        """How `name` calls services, and answers if it is one; none when all is plain."""
        if not self.secured:
            return {}
        return {"tls_ca_file": self.tls / "ca.pem", "tls_cert_file": self.tls / f"{name}.pem",
                "tls_key_file": self.tls / f"{name}.key"}

    def secret(self, name):
        """The text of a secret, drawn when first asked for."""
        path = self.secrets / name
        if not path.exists():
            self.write_secret(name, secrets.token_hex(16))
        return path.read_text()

    def token(self, name):
        return self.secret("token-" + name.replace("/", "-"))

    def write_secret(self, name, text):
        path = self.secrets / name
        path.touch(mode=0o600)
        path.write_text(text)

    @staticmethod
    def token_entry(token, subject, workspace, roles):
        return {"token_sha256": hashlib.sha256(token.encode()).hexdigest(), "subject": subject,
                "workspace": workspace, "roles": roles}

    # -- the parts

    def start_kafka(self):
        if self.kafka.security not in ("plaintext", "sasl"):
            raise StackError(f"TRAMA_KAFKA_SECURITY={self.kafka.security} must be plaintext or "
                             "sasl")
        wrong = self.kafka.start(ROOT / "tools/broker")
        if wrong:
            raise StackError(f"Kafka did not start: {wrong}")

    def start_redis(self):
        if not self.process("redis").pid():
            self._check_free("redis")
        self.redis.start()

    def command(self, name):
        """The command line of one service process."""
        service = self.replicas()[name]
        flags = {
            **self.kafka.flags(service),
            "admin_listen": self.at(f"{name}_admin"),
            "tokens_file": self.secrets / "tokens.json",
            "service_token_file": self.secrets / f"token-service-{service}",
            **self.tls_settings(service),
        }
        if self.secured:
            flags["tls_require_client_cert"] = "true"
        if name in self.ports:
            flags["grpc_listen"] = self.at(name)
        if service in ("profile", "reporting", "email", "sms", "whatsapp", "open"):
            flags.update(self.redis.flags(service))
        if service in ("profile", "routing", "email", "sms", "whatsapp", "open"):
            flags["blob_dir"] = self.blobs
        if service == "routing":
            flags["profile_address"] = self.addresses("profile")
        if service != "config":
            flags["group_instance"] = name.replace("_", "-") if "_" in name else f"{name}-0"
        for door in DOORS.get(service, []):
            flags[f"{door}_listen"] = self.at(f"{name}_{door}")
        if service == "open":
            flags["private_hosts"] = HOST  # The demo's integrator is on this machine.
        flags.update(self.settings.get(name, {}))
        binary = self.build / "bin" / f"trama-{service}"
        return [*self.wrappers.get(name, []), binary,
                *(f"--{flag}={value}" for flag, value in flags.items())]

    def start_service(self, name):
        process = self.process(name)
        if not process.pid():
            for port in self.ports:
                if port == name or port.startswith(f"{name}_") and port not in self.replicas():
                    self._check_free(port)
        process.start(self.command(name))

    def wait_ready(self, names=None):
        for name in names or self.replicas():
            self.wait_ready_one(name)

    def wait_ready_one(self, name):
        process = self.process(name)

        def ready():
            if not process.pid():
                raise StackError(f"{name} ended while starting:\n{process.tail()}")
            return self.is_ready(name)
        try:
            wait_until(f"{name} is ready", ready)
        except StackError as error:
            raise StackError(f"{error}\nits /readyz says: {self.ready_text(name)}\n"
                             f"its log ends with:\n{process.tail()}") from None

    def is_ready(self, name):
        """Notes may follow the word."""
        return self.ready_text(name).startswith("ok")

    def ready_text(self, name):
        try:
            with urllib.request.urlopen(f"http://{self.at(f'{name}_admin')}/readyz",
                                        timeout=2) as answer:
                return answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            return error.read().decode().strip()
        except OSError as error:
            return str(error)

    def _check_free(self, name):
        if port_is_open(self.ports[name]):
            raise StackError(f"port {self.ports[name]} ({name}) is taken; "
                             f"choose another with TRAMA_PORT_{name.upper()}")

    # -- all together

    def up(self, say=print, names=None):
        """Starts everything, or, of the services, only `names`."""
        names = list(names or self.replicas())
        self.make_secrets()
        self.blobs.mkdir(parents=True, exist_ok=True)
        say(f"starting Kafka on {self.kafka.at()} and Redis on {self.at('redis')}")
        self.start_kafka()
        self.start_redis()
        self.write_endpoints()
        self.kafka.ensure()
        say("starting " + ", ".join(names))
        for name in names:
            self.start_service(name)
        self.wait_ready(names)
        for port in self.balancer.start():
            wait_until("the balancer listens", lambda door=port: port_is_open(door), 20)

    def down(self):
        self.balancer.stop()
        for name in reversed(list(self.replicas())):
            self.process(name).signal(signal.SIGTERM)
        for name in reversed(list(self.replicas())):
            self.process(name).stop()
        self.process("redis").stop()
        subprocess.run([str(ROOT / "tools/broker"), "stop", "--dir", str(self.folder / "kafka")],
                       capture_output=True)

    def endpoints(self):
        metrics = {}
        for name, service in self.replicas().items():
            metrics.setdefault(service, []).append(self.at(f"{name}_admin"))
        grpc = {}
        for name, service in self.replicas().items():
            if name in self.ports:
                grpc.setdefault(service, []).append(self.at(name))
        return {
            "kafka": self.kafka.at(),
            "kafka_tls": self.kafka.endpoint(),
            "redis": self.at("redis"),
            "grpc": grpc,
            "http": {service: self.at(f"{service}_http")
                     for service in ("sms", "whatsapp", "open")},
            "smtp": {"email": self.at("email_smtp")},
            "lmtp": {"email": self.at("email_lmtp")},
            "metrics": metrics,
            "accounts": {
                "email": {"address": "help@demo.test", "sends_to": self.at("postfix")},
                "sms": {"public_url": f"https://sms.demo.test/sms/demo/sms",
                        "account_sid": "AC" + "0" * 31 + "1",
                        "auth_token": self.secret("twilio-auth-token"),
                        "number": "+14155550199",
                        "api_base": f"http://{self.at('twilio')}"},
                "whatsapp": {"public_url": "https://whatsapp.demo.test/whatsapp/demo/whatsapp",
                             "phone_number_id": "900000000000001",
                             "business_account_id": "102000000000001",
                             "app_secret": self.secret("whatsapp-app-secret"),
                             "verify_token": self.secret("whatsapp-verify-token"),
                             "access_token": self.secret("whatsapp-access-token"),
                             "api_base": f"http://{self.at('graph')}"},
                "open": {"public_url": f"http://{self.at('open_http')}/open/v1/demo/open/events",
                         "secret": self.secret("open-demo"),
                         "callback_url": f"http://{self.at('integrator')}/trama"},
            },
            "tokens": {name: self.token(name) for name in PEOPLE},
        }

    def write_endpoints(self):
        path = self.folder / "endpoints.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.endpoints(), indent=2) + "\n")
        return path

    def tramactl_variables(self):
        return {f"TRAMA_{name.upper()}": str(value)
                for name, value in self.tls_settings("tramactl").items()}

    def tramactl(self, *arguments, who="admin", check=True, stdin=None, env=None):
        """Runs tramactl against this stack; its standard output."""
        done = subprocess.run(
            [str(self.build / "bin/tramactl"), "--endpoints", str(self.folder / "endpoints.json"),
             "--as", who, *map(str, arguments)],
            input=stdin, capture_output=True, text=True,
            env={**os.environ, **self.tramactl_variables(), **(env or {})})
        if check and done.returncode != 0:
            raise StackError(f"tramactl {' '.join(map(str, arguments))}: exit {done.returncode}\n"
                             f"{done.stderr}{done.stdout}")
        return done.stdout if check else done

    def apply_demo(self):
        self.tramactl("apply", "-f", ROOT / "deploy/demo", env=self.demo_variables())

    def demo_variables(self):
        accounts = self.endpoints()["accounts"]
        return {
            "TRAMA_DEMO_SECRETS": str(self.secrets),
            "TRAMA_DEMO_SMTP_SERVER": accounts["email"]["sends_to"],
            "TRAMA_DEMO_TWILIO_API": accounts["sms"]["api_base"],
            "TRAMA_DEMO_ACCOUNT_SID": accounts["sms"]["account_sid"],
            "TRAMA_DEMO_GRAPH_API": accounts["whatsapp"]["api_base"],
            "TRAMA_DEMO_PHONE_NUMBER_ID": accounts["whatsapp"]["phone_number_id"],
            "TRAMA_DEMO_BUSINESS_ACCOUNT_ID": accounts["whatsapp"]["business_account_id"],
            "TRAMA_DEMO_OPEN_BASE": f"http://{self.at('open_http')}",
            "TRAMA_DEMO_OPEN_CALLBACK": accounts["open"]["callback_url"],
        }


def default_stack():
    folder = os.environ.get("TRAMA_RUN") or ROOT / ".run"
    build = os.environ.get("TRAMA_BUILD") or ROOT / "build/dev"
    return Stack(folder, build)


def fail(error):
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)
