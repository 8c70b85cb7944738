#!/usr/bin/env python3
"""WhatsApp's Cloud API as Meta documents it, for tests and the demo: takes messages and uploads,
checks their shape, and reports on every message by signed statuses to the webhook, as the vendor
does. Answers with the vendor's error codes what it refuses.

  graph_api.py --port 4011 --webhook http://127.0.0.1:8011/whatsapp/demo/whatsapp

Secrets come by the environment: GRAPH_APP_SECRET signs statuses, GRAPH_ACCESS_TOKEN is asked of
callers. GET /journal lists what was taken; POST /script {"status": …, "body": …} answers the next
send so, once. Recipients that end in 000 fail with 131026.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

import argparse
import hashlib
import hmac
import http.server
import itertools
import json
import os
import queue
import re
import threading
import time
import urllib.error
import urllib.request

TYPES = {"text", "image", "video", "audio", "document", "sticker", "template", "interactive",
         "location", "contacts", "reaction"}
MESSAGES = re.compile(r"/v\d+\.0/(\d+)/messages")
MEDIA = re.compile(r"/v\d+\.0/(\d+)/media")
UNREACHABLE = "000"
RETRY_S = 0.5
TRIES_MAX = 20


class Graph:
    def __init__(self, webhook):
        self.webhook = webhook
        self.app_secret = os.environ["GRAPH_APP_SECRET"].encode()
        self.access_token = os.environ["GRAPH_ACCESS_TOKEN"]
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.journal = []
        self.script = []
        self.reports = queue.Queue()
        threading.Thread(target=self._report, daemon=True).start()

    def take(self, phone_number_id, message):
        """Status and body of the answer to a send."""
        with self.lock:
            if self.script:
                scripted = self.script.pop(0)
                return scripted["status"], scripted.get("body", {})
        wrong = self.what_is_wrong(message)
        if wrong:
            return 400, error(100, wrong)
        recipient = message.get("to") or message["recipient"]
        with self.lock:
            vendor_id = f"wamid.{next(self.numbers):08d}"
            self.journal.append({"id": vendor_id, "phone_number_id": phone_number_id, **message})
        words = ["failed"] if recipient.endswith(UNREACHABLE) else ["sent", "delivered", "read"]
        for word in words:
            self.reports.put((phone_number_id, vendor_id, recipient, word, message))
        contact = {"input": recipient}
        contact["wa_id" if "to" in message else "user_id"] = recipient
        return 200, {"messaging_product": "whatsapp", "contacts": [contact],
                     "messages": [{"id": vendor_id, "message_status": "accepted"}]}

    @staticmethod
    def what_is_wrong(message):
        if message.get("messaging_product") != "whatsapp":
            return "messaging_product must be whatsapp"
        if not re.fullmatch(r"\+?\d{5,20}", message.get("to", "")) and not re.fullmatch(
                r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}", message.get("recipient", "")):
            return "neither to nor recipient names anybody"
        kind = message.get("type", "text")
        if kind not in TYPES or not isinstance(message.get(kind), dict):
            return f"no content for type {kind}"
        if len(message.get("biz_opaque_callback_data", "")) > 512:
            return "biz_opaque_callback_data is longer than 512"
        if kind == "text" and not 0 < len(message["text"].get("body", "")) <= 4096:
            return "text.body has a length of 1 to 4096"
        return None

    def _report(self):
        """Statuses in the order of the messages; one that is not taken is tried again."""
        while True:
            number, vendor_id, recipient, word, message = self.reports.get()
            status = {"id": vendor_id, "status": word, "timestamp": str(int(time.time()))}
            status["recipient_id" if "to" in message else "recipient_user_id"] = recipient
            if "biz_opaque_callback_data" in message:
                status["biz_opaque_callback_data"] = message["biz_opaque_callback_data"]
            if word == "failed":
                status["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
            self._post({"object": "whatsapp_business_account", "entry": [{"id": "0", "changes": [{
                "field": "messages", "value": {
                    "messaging_product": "whatsapp", "metadata": {
                        "display_phone_number": "15550000001", "phone_number_id": number},
                    "statuses": [status]}}]}]})

    def _post(self, body):
        data = json.dumps(body).encode()
        signature = hmac.new(self.app_secret, data, hashlib.sha256).hexdigest()
        for _ in range(TRIES_MAX):
            request = urllib.request.Request(self.webhook, data, {
                "Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"})
            try:
                with urllib.request.urlopen(request, timeout=10):
                    return
            except (urllib.error.URLError, OSError):
                threading.Event().wait(RETRY_S)


def error(code, message, kind="OAuthException"):
    return {"error": {"message": f"(#{code}) {message}", "type": kind, "code": code,
                      "error_data": {"messaging_product": "whatsapp", "details": message}}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    graph = None  # Set before the server starts.

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self):
        if self.path != "/journal":
            return self.answer(404, error(100, "no such object"))
        with self.graph.lock:
            return self.answer(200, self.graph.journal)

    def do_POST(self):
        data = self.body()
        if self.path == "/script":
            with self.graph.lock:
                self.graph.script.append(json.loads(data))
            return self.answer(200, {})
        if self.headers.get("Authorization") != f"Bearer {self.graph.access_token}":
            return self.answer(401, error(190, "invalid access token"))
        if MEDIA.fullmatch(self.path):
            is_form = self.headers.get("Content-Type", "").startswith("multipart/form-data")
            if not is_form or b'name="messaging_product"' not in data:
                return self.answer(400, error(100, "not a form with messaging_product"))
            return self.answer(200, {"id": str(10**12 + next(self.graph.numbers))})
        number = MESSAGES.fullmatch(self.path)
        if not number:
            return self.answer(404, error(100, "no such object"))
        try:
            message = json.loads(data)
        except ValueError:
            return self.answer(400, error(100, "not JSON"))
        return self.answer(*self.graph.take(number.group(1), message))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook", required=True)
    arguments = parser.parse_args()
    Handler.graph = Graph(arguments.webhook)
    http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
