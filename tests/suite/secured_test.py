"""Nothing is plain: Kafka with TLS, a user for each service and least-privilege rules, Redis with
TLS and a user, certificates of both sides at every gRPC door. Every service does its work as its
own user and can do nothing else; wrong credentials end its start with a clear text."""

import json
import subprocess
import unittest

import yaml

import integrator as integrators
import world as worlds
from world import ROOT, customers, fact_of, stack, wait_until

ANSWER = "It arrives tomorrow."
REFUSED_WAIT_MAX_S = 60
NONSENSE = "no message"
# Who reads a topic and has to set aside what he cannot read.
READERS = {
    "trama.interactions.v1": {"profile", "routing"},
    "trama.work.v1": {"routing"},
    "trama.conversations.v1": {"profile", "sla", "reporting"},
    "trama.agents.v1": {"reporting"},
    "trama.sla.v1": {"profile", "routing", "reporting"},
    "trama.deliveries.v1": {"profile", "routing"},
    **{f"trama.outbound.{channel}.v1": {channel, "profile"}
       for channel in ("email", "sms", "whatsapp", "open")},
}
# What is somebody else's: a user, what he tries, and with what.
WRITE, READ, GROUP = "write topic", "read topic", "join group"
FORBIDDEN = [
    ("config", WRITE, "trama.owners.v1"), ("config", WRITE, "trama.deadletter.v1"),
    ("config", READ, "trama.work.v1"),
    ("profile", WRITE, "trama.conversations.v1"), ("profile", READ, "trama.agents.v1"),
    ("routing", WRITE, "trama.sla.v1"), ("routing", READ, "trama.profiles.v1"),
    ("sla", WRITE, "trama.conversations.v1"), ("sla", READ, "trama.interactions.v1"),
    ("sla", GROUP, "trama-reporting"),
    ("reporting", WRITE, "trama.sla.v1"), ("reporting", READ, "trama.interactions.v1"),
    ("email", WRITE, "trama.outbound.email.v1"), ("email", READ, "trama.interactions.v1"),
    ("sms", WRITE, "trama.conversations.v1"), ("sms", READ, "trama.profiles.v1"),
    ("whatsapp", READ, "trama.outbound.sms.v1"), ("whatsapp", GROUP, "trama-sms-delivery"),
    ("open", WRITE, "trama.config.v1"), ("open", READ, "trama.deadletter.v1"),
]


class Secured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world = worlds.World(secured=True)
        try:
            world.start_wiremock()
            world.start_postfix()
            customers.start_graph(world.stack)
            world.watched.append("graph")
            account = world.stack.endpoints()["accounts"]["open"]
            cls.integrator = integrators.Integrator(account["public_url"], account["secret"],
                                                    world.stack.ports["integrator"])
            world.watch("ana")
        except BaseException:
            world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.integrator.close()
        cls.world.close()

    # -- as a user of Kafka

    def client(self, user, *arguments, given=None, seconds=REFUSED_WAIT_MAX_S):
        """kcat as that user; the finished process."""
        trama = self.world.stack
        return subprocess.run(
            ["kcat", "-b", trama.kafka.at("kafka_tls"), "-X", "security.protocol=sasl_ssl",
             "-X", f"ssl.ca.location={trama.tls}/ca.pem", "-X", "sasl.mechanism=SCRAM-SHA-512",
             "-X", f"sasl.username=trama-{user}",
             "-X", f"sasl.password={trama.kafka.password_file(user).read_text()}", *arguments],
            input=given, capture_output=True, text=True, errors="replace", timeout=seconds)

    def assert_denied(self, finished, of):
        self.assertNotEqual(finished.returncode, 0, finished.stdout)
        self.assertRegex(finished.stderr, f"(?i){of} authorization failed|not authorized")

    def attempt(self, user, what, name):
        if what == WRITE:
            return self.client(user, "-P", "-t", name, "-p", "0", given="forged")
        if what == READ:
            return self.client(user, "-C", "-e", "-t", name)
        return self.client(user, "-G", name, worlds.CONVERSATIONS)

    # -- every service does its work

    def test_1_a_message_of_every_channel_goes_all_the_way(self):
        world = self.world
        for channel, (write, is_answered) in self.channels().items():
            with self.subTest(channel):
                write()
                conversation = world.accept("ana", lambda each, of=channel: each["channel"] == of)
                world.agent("ana", "reply", conversation, ANSWER)
                wait_until("the customer has the answer", is_answered)
                self.assert_all_know(conversation)
        wait_until("reporting has counted all", lambda: {
            row["channel"] for row in world.said("kpis", "--by", "channel").get("rows", [])
            if int(row.get("answered", 0)) == 1} == set(self.channels()))
        self.assertTrue(world.listed("config", "history", "queues", "texts", who="admin"))
        self.assertEqual(world.records(worlds.DEAD_LETTERS), [])
        self.assertEqual(world.unready(), {})

    def assert_all_know(self, conversation):
        world, customer = self.world, self.customer_of(conversation)
        wait_until("routing knows that it was sent", lambda: any(
            fact_of(event) == "deliveryChanged" for event in world.events(conversation)))
        world.agent("ana", "note", conversation, "She asked twice.")
        wait_until("profile has both messages and the note", lambda: {
            entry["kind"] for entry in world.timeline(customer)} >= {
                "KIND_INBOUND", "KIND_OUTBOUND", "KIND_NOTE"})
        wait_until("sla has a clock of it", lambda: world.events(conversation, worlds.SLA))

    def channels(self):
        """Of each: how a customer writes, and whether he has the answer."""
        world, phone, mail = self.world, "+14155550123", "maria@customer.test"
        graph = customers.demo_whatsapp(world.stack)
        return {
            "sms": (lambda: self.assertEqual(world.text(phone, "Where is my parcel?"), 200),
                    lambda: world.sent_texts(phone)),
            "email": (lambda: customers.send_mail(world.stack.at("postfix"), mail, "help@demo.test",
                                                  "My invoice", "Where is my parcel?"),
                      lambda: customers.mailbox(world.stack)),
            "whatsapp": (lambda: self.assertEqual(graph.message("US.1001", "My parcel?"), 200),
                         lambda: world.sent_by_whatsapp()),
            "open": (lambda: self.integrator.says("user-42", "Where is my parcel?"),
                     lambda: self.integrator.messages()),
        }

    def customer_of(self, conversation):
        identifier = self.world.conversation(conversation)["identifier"]
        if "scope" not in identifier:
            return identifier["value"]
        return f"channel:{identifier['scope']}:{identifier['value']}"

    def test_2_every_replica_asks_the_owner(self):
        """Each workspace has one: the other replica passes the call on."""
        for number in range(2):
            routing, sla = (self.world.stack.at(f"{name}_{number}") for name in ("routing", "sla"))
            for workspace in ("demo", "acme"):
                agents = self.world.listed("--routing-address", routing, "agents", "list",
                                           workspace=workspace,
                                           who=self.world.supervisor(workspace))
                self.assertTrue(agents, f"{routing} {workspace}")
            [conversation, *_] = self.world.listed("conversations", "list")
            self.assertTrue(self.world.said("--sla-address", sla, "sla",
                                            conversation["conversationId"]))

    def test_3_every_reader_sets_aside_what_he_cannot_read(self):
        expected = {(reader, topic) for topic, readers in READERS.items() for reader in readers}
        for topic in READERS:
            done = subprocess.run(["kcat", "-b", self.world.stack.kafka.at(), "-P", "-t", topic,
                                   "-p", "0"], input=NONSENSE, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

        def letters():
            return {(letter["service"], letter["sourceTopic"])
                    for letter in self.world.events(topic=worlds.DEAD_LETTERS)}
        wait_until(f"there are letters of {expected}", lambda: letters() >= expected)
        self.assertEqual(letters(), expected)
        self.assertEqual(self.world.unready(), {})

    # -- and nothing else

    def test_nobody_does_what_is_another_services(self):
        self.assertEqual({user for user, _, _ in FORBIDDEN}, set(stack.SERVICE_CALLERS))
        for user, what, name in FORBIDDEN:
            with self.subTest(f"{user}: {what} {name}"):
                self.assert_denied(self.attempt(user, what, name), what.split()[1])

    def test_nobody_fences_the_owner_of_another_service(self):
        self.assert_denied(
            self.client("sla", "-P", "-t", "trama.sla.v1", "-p", "0",
                        "-X", "transactional.id=trama-routing-0", given="forged"),
            "transactional id")

    def test_what_a_user_has_beyond_the_file_is_taken_away(self):
        declared = yaml.safe_load((ROOT / "deploy/topics.yaml").read_text())
        for topic in declared["topics"]:
            if topic["name"] == worlds.CONVERSATIONS:
                topic["read_by"].append("sms")
        file = self.world.folder / "topics.yaml"
        file.write_text(yaml.safe_dump(declared))
        tramactl = self.world.stack.tramactl

        more = json.loads(tramactl("-o", "json", "access", "ensure", "--topics-file", file))
        self.assertEqual({(each["user"], each["operation"]) for each in more["added"]},
                         {("trama-sms", "Read"), ("trama-sms", "DescribeConfigs")})
        self.assertEqual(
            self.client("sms", "-C", "-e", "-t", worlds.CONVERSATIONS).returncode, 0)

        self.assertEqual(tramactl("access", "ensure", "--check", check=False).returncode, 1)
        less = json.loads(tramactl("-o", "json", "access", "ensure"))
        self.assertEqual(less["removed"], more["added"])
        self.assertEqual(less["added"], [])
        self.assert_denied(self.client("sms", "-C", "-e", "-t", worlds.CONVERSATIONS), "topic")
        self.assertEqual(tramactl("access", "ensure", "--check", check=False).returncode, 0)

    def start_with(self, **flags):
        """A second sms, with other settings; its finished process."""
        command = self.world.stack.command("sms")
        mine = {"admin_listen": "127.0.0.1:0", "http_listen": "127.0.0.1:0",
                "group_instance": "sms-1", **flags}
        return subprocess.run(
            [str(part) for part in command] + [f"--{flag}={mine[flag]}" for flag in mine],
            capture_output=True, text=True, timeout=REFUSED_WAIT_MAX_S)

    def test_a_wrong_password_ends_the_start_with_a_clear_text(self):
        wrong = self.world.folder / "wrong-password"
        wrong.write_text("not-the-password")
        ended = self.start_with(kafka_sasl_password=f"file:{wrong}")
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("does not let user \\\"trama-sms\\\" in, check --kafka_sasl_username",
                      ended.stderr)
        self.assertNotIn("not-the-password", ended.stderr)

    def test_a_broker_that_nobody_vouches_for_ends_the_start_too(self):
        others = self.world.folder / "others"
        stack.certificates.make_authority(others)
        ended = self.start_with(kafka_ca_file=others / "ca.pem")
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("check --kafka_ca_file", ended.stderr)

    # -- Redis and gRPC

    def redis(self, *command, user="trama", certificate="sms"):
        """What it says, one line."""
        trama = self.world.stack
        mine = ["--cert", trama.tls / f"{certificate}.pem",
                "--key", trama.tls / f"{certificate}.key"] if certificate else []
        login = ["--user", user, "-a", trama.secret("redis"), "--no-auth-warning"] if user else []
        done = subprocess.run(
            [str(part) for part in ("redis-cli", "-p", trama.ports["redis"], "--tls", "--cacert",
                                    trama.tls / "ca.pem", *mine, *login, *command)],
            capture_output=True, text=True, timeout=REFUSED_WAIT_MAX_S)
        return (done.stdout + done.stderr).strip()

    def test_redis_lets_in_only_its_user_and_only_to_our_keys(self):
        self.assertEqual(self.redis("GET", "trama:nothing"), "")
        self.assertIn("NOAUTH", self.redis("GET", "trama:nothing", user=None))
        self.assertIn("WRONGPASS", self.redis("GET", "trama:nothing", user="default"))
        self.assertIn("NOPERM", self.redis("GET", "somebody:else"))
        self.assertIn("NOPERM", self.redis("FLUSHALL"))
        self.assertNotEqual(self.redis("GET", "trama:nothing", certificate=None), "")

    def test_no_service_answers_who_shows_no_certificate(self):
        nobody = {"TRAMA_TLS_CERT_FILE": "", "TRAMA_TLS_KEY_FILE": ""}
        plain = {**nobody, "TRAMA_TLS_CA_FILE": ""}
        for command in (["get", "queues"], ["agents", "list"], ["customers", "show", "+1415555"],
                        ["sla", "x"], ["kpis"]):
            for variables in (nobody, plain):
                with self.subTest(f"{command[0]}, {len(variables)} variables"):
                    done = self.world.stack.tramactl("--timeout", "1s", "-w", "demo", *command,
                                                     env=variables, check=False)
                    self.assertEqual(done.returncode, 3, done.stderr)
                    self.assertIn("does not answer", done.stderr)


if __name__ == "__main__":
    worlds.main()
