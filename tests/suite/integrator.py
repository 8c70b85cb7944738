"""An integrator of the open channel, written from the README of services/channels/open and its
OpenAPI document alone: signs what it sends, checks what it gets, delivers each message once."""

import collections
import contextlib
import datetime
import hashlib
import hmac
import http.server
import json
import pathlib
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import openapi_core
import yaml
from openapi_core.testing import MockRequest, MockResponse

CONTRACT = pathlib.Path(__file__).resolve().parents[2] / "services/channels/open/openapi.yaml"
WINDOW_S = 300


class Contract:
    """The OpenAPI document; every call raises what breaks it."""

    def __init__(self):
        self.document = yaml.safe_load(CONTRACT.read_text())
        self.openapi = openapi_core.OpenAPI.from_dict(self.document)

    def check_request(self, path, body, headers):
        self.openapi.validate_request(self._request(path, body, headers))

    def check_answer(self, path, body, headers, status, answer, answer_headers):
        self.openapi.validate_response(
            self._request(path, body, headers),
            MockResponse(answer, status_code=status, headers=dict(answer_headers),
                         content_type=answer_headers.get("Content-Type", "")))

    def check_message(self, body, headers):
        request = MockRequest("http://integrator.test", "post", "message", data=body,
                              headers=dict(headers), content_type="application/json")
        request.name = "message"
        self.openapi.validate_webhook_request(request)

    @staticmethod
    def _request(path, body, headers):
        return MockRequest("http://127.0.0.1:8040", "post", path, data=body, headers=headers,
                           content_type="application/json")


def signature_of(secret, timestamp, body):
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def now_text():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


def event(type, user, **fields):
    return {"id": str(uuid.uuid4()), "type": type, "occurred_at": now_text(),
            "user": {"id": user}, **fields}


Answer = collections.namedtuple("Answer", "status headers body")


class Integrator:
    """Its client's half is post(), its server's half answers on `port`."""

    def __init__(self, address, secret, port):
        self.address, self.secret = address, secret
        self.contract = Contract()
        self.path = urllib.parse.urlsplit(address).path
        self.calls = []      # (Idempotency-Key, body) of every request that was proved to be Trama's.
        self.refused = []    # What was wrong with the others.
        self.answers = []    # Of the next calls: HTTP status, or a function that gives it.
        self.changed = threading.Condition()
        integrator = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = integrator.receive(self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # The caller may be dead by now.
                    self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # -- what it sends

    def headers(self, body, at=None):
        timestamp = str(int(at or time.time()))
        return {"Content-Type": "application/json", "X-Trama-Timestamp": timestamp,
                "X-Trama-Signature": "v1=" + signature_of(self.secret, timestamp, body)}

    def post(self, *events, headers=None, valid=True):
        """Answer, checked against the contract; the request, too, unless it is wrong on purpose."""
        body = json.dumps({"events": events}).encode()
        headers = headers or self.headers(body)
        if valid:
            self.contract.check_request(self.path, body, headers)
        status, answer_headers, answer = self.exchange(body, headers)
        self.contract.check_answer(self.path, body, headers, status, answer, answer_headers)
        return Answer(status, answer_headers, json.loads(answer))

    def exchange(self, body, headers):
        request = urllib.request.Request(self.address, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def says(self, user, text, **fields):
        """A message of a user, accepted; its id."""
        message = str(uuid.uuid4())
        answer = self.post(event("message", user, message={"id": message, "text": text}, **fields))
        assert [each["status"] for each in answer.body["results"]] == ["accepted"], answer
        return message

    def tells(self, message, status, **fields):
        """A status of a message that it got."""
        return self.post({"id": str(uuid.uuid4()), "type": "status", "occurred_at": now_text(),
                          "conversation_id": message["conversation_id"],
                          "message": {"id": message["message"]["id"]}, "status": status, **fields})

    # -- what it gets

    def receive(self, headers, body):
        wrong = self.check(headers, body)
        with self.changed:
            if wrong:
                self.refused.append(wrong)
                return 401, b"{}"
            self.calls.append((headers["Idempotency-Key"], body))
            answer = self.answers.pop(0) if self.answers else 200
            self.changed.notify_all()
        status = answer() if callable(answer) else answer
        return status, json.dumps({"external_id": "ext-" + headers["Idempotency-Key"]}).encode()

    def check(self, headers, body):
        timestamp = headers.get("X-Trama-Timestamp", "")
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > WINDOW_S:
            return "timestamp"
        right = "v1=" + signature_of(self.secret, timestamp, body)
        given = headers.get("X-Trama-Signature", "").split(",")
        if not any(hmac.compare_digest(each.strip(), right) for each in given):
            return "signature"
        try:
            self.contract.check_message(body, headers)
        except openapi_core.exceptions.OpenAPIError as error:
            return f"contract: {error}: {error.__cause__}"
        return ""

    def messages(self):
        """Every message that came, once, in the order in which it first came."""
        with self.changed:
            first = dict(reversed(self.calls))  # The first body of each key.
            keys = dict.fromkeys(key for key, _ in self.calls)
        return [json.loads(first[key]) for key in keys]

    def wait_for(self, wanted, seconds=40):
        """The first message that `wanted` is true of."""
        def found():
            return next((each for each in self.messages() if wanted(each)), None)
        with self.changed:
            self.changed.wait_for(lambda: found() is not None, seconds)
        message = found()
        assert message, f"no such message; refused: {self.refused}"
        return message
