"""toxiproxy between services and what they depend on, and a server that answers with nonsense."""

import json
import random
import socket
import threading
import urllib.request

from stack import CACHE, HOST, wait_until

TOXIPROXY = CACHE / "vendor/bin/toxiproxy"
NONSENSE_BYTES = 4096


class Proxies:
    """`upstreams`: name -> address of what stands behind. Each listens at a port of its own, from
    `first_port` on."""

    def __init__(self, process, upstreams, first_port):
        self.process, self.control = process, first_port
        self.upstreams = upstreams
        self.at = {name: f"{HOST}:{first_port + 1 + place}" for place, name in enumerate(upstreams)}

    def start(self):
        self.process.start([TOXIPROXY, "-host", HOST, "-port", self.control])
        wait_until("toxiproxy answers", self._answers, 20)
        for name, upstream in self.upstreams.items():
            self._call("POST", "proxies", {"name": name, "listen": self.at[name],
                                           "upstream": upstream, "enabled": True})

    def stop(self):
        self.process.stop()

    def _answers(self):
        try:
            return self._call("GET", "proxies") is not None
        except OSError:
            return False

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://{HOST}:{self.control}/{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def poison(self, name, kind, **attributes):
        """A toxic on everything that comes back: "latency", "timeout", "reset_peer" …"""
        self._call("POST", f"proxies/{name}/toxics", {
            "name": kind, "type": kind, "stream": "downstream", "toxicity": 1.0,
            "attributes": attributes})

    def cure(self, name, kind):
        self._call("DELETE", f"proxies/{name}/toxics/{kind}")

    def lead_to(self, name, upstream):
        """Somewhere else from now on; connections that are there are cut."""
        self._call("POST", f"proxies/{name}", {"upstream": upstream})


class Nonsense:
    """Answers whoever connects with bytes that mean nothing, and counts them."""

    def __init__(self, seed):
        self.noise = random.Random(seed).randbytes(NONSENSE_BYTES)
        self.calls = 0
        self.listener = socket.create_server((HOST, 0))
        self.address = f"{HOST}:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.calls += 1
            with connection:
                try:
                    connection.sendall(self.noise)
                except OSError:
                    pass

    def close(self):
        self.listener.close()
