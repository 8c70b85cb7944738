"""What stands before the doors of services that have several replicas: HAProxy, as a Kubernetes
Service or an Ingress would. HTTP and SMTP go to whoever says that he is ready."""

# What customers and vendors knock at, by service. With several replicas it is the balancer's.
DOORS = {"sms": ["http"], "whatsapp": ["http"], "open": ["http"], "email": ["smtp", "lmtp"]}

# A connection that was refused goes to another server. A request that has left is never sent again:
# nobody knows what became of it, and the vendor comes again by himself.
DEFAULTS = """global
    maxconn 8000
    stats socket {socket} mode 600 level admin
defaults
    timeout connect 1s
    timeout client 60s
    timeout server 20s
    timeout check 1s
    timeout queue 2s
    retries 3
    option redispatch 1
    option dontlognull
    balance roundrobin
    default-server check inter 200ms fastinter 100ms rise 1 fall 2 on-marked-down shutdown-sessions
"""

DOOR = """
listen {name}
    mode {mode}
    bind {at}
    option httpchk GET /readyz
"""


class Balancer:
    def __init__(self, trama):
        self.trama = trama

    @property
    def process(self):
        return self.trama.process("balancer")

    def doors(self):
        """(service, door) of those that it stands before."""
        return [(service, door) for service, doors in DOORS.items()
                if self.trama.counts[service] > 1 for door in doors]

    def settings(self):
        text = DEFAULTS.format(socket=self.trama.folder / "balancer.sock")
        for service, door in self.doors():
            text += DOOR.format(name=f"{service}_{door}", mode="http" if door == "http" else "tcp",
                                at=self.trama.at(f"{service}_{door}"))
            for name in self.trama.replicas_of(service):
                admin = self.trama.ports[f"{name}_admin"]
                text += f"    server {name} {self.trama.at(f'{name}_{door}')} port {admin}\n"
        return text

    def start(self):
        """Where there is something to balance; the ports at which it will listen."""
        if not self.doors():
            return []
        file = self.trama.folder / "balancer.cfg"
        file.write_text(self.settings())
        self.process.start(["haproxy", "-W", "-db", "-f", file])
        return [self.trama.ports[f"{service}_{door}"] for service, door in self.doors()]

    def stop(self):
        self.process.stop()
