"""The Redis of a stack: plain on loopback, or with TLS and a user as a deployment has it."""

from stack_process import HOST

USER = "trama"
# What services/platform/redis/README.md says that a user needs.
RIGHTS = "+@all -@admin -@dangerous +info ~trama:*"
SECURED = """port 0
tls-port {port}
tls-cert-file {certificate}.pem
tls-key-file {certificate}.key
tls-ca-cert-file {authority}
tls-auth-clients yes
user default off
user {user} on >{password} {rights}
"""


class Redis:
    def __init__(self, stack):
        self.stack = stack

    def at(self):
        return self.stack.at("redis")

    def start(self):
        """In memory only: all of it can be made again from Kafka."""
        data = self.stack.folder / "redis"
        data.mkdir(parents=True, exist_ok=True)
        port = self.stack.ports["redis"]
        command = ["redis-server", *self._how(port), "--bind", HOST, "--dir", data, "--save", "",
                   "--appendonly", "no"]
        process = self.stack.process("redis")
        process.start(command)
        process.wait_until_it_listens(port, 20)

    def _how(self, port):
        if not self.stack.secured:
            return ["--port", port]
        self.stack.write_secret("redis.conf", SECURED.format(
            port=port, certificate=self.stack.tls / "redis", authority=self.stack.tls / "ca.pem",
            user=USER, password=self.stack.secret("redis"), rights=RIGHTS))
        return [self.stack.secrets / "redis.conf"]

    def flags(self, service):
        if not self.stack.secured:
            return {"redis": self.at()}
        return {"redis": self.at(),
                "redis_tls": "true",
                "redis_ca_file": self.stack.tls / "ca.pem",
                "redis_cert_file": self.stack.tls / f"{service}.pem",
                "redis_key_file": self.stack.tls / f"{service}.key",
                "redis_username": USER,
                "redis_password": f"file:{self.stack.secrets / 'redis'}"}
