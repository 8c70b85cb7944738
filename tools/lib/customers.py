"""What customers and vendors do, through the public doors only: mail by SMTP, webhooks signed as the
vendors do (Twilio's by its own SDK), and the vendors' side of what we send."""

import email
import email.policy
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import stack
from stack import CACHE, ROOT

VENDOR = CACHE / "vendor"
TWILIO_OPENAPI = VENDOR / "node_modules/@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"


def send_mail(server, sender, recipient, subject, body, headers=(), attachments=()):
    """Sends one mail with swaks; its Message-ID."""
    message_id = f"<{uuid.uuid4()}@{sender.split('@')[1]}>"
    command = ["swaks", "--server", server, "--timeout", "20", "--silent", "2", "--from", sender,
               "--to", recipient, "--helo", "customer.test",
               "--header", f"Subject: {subject}", "--header", f"Message-Id: {message_id}",
               "--body", body]
    for header in headers:
        command += ["--header", header]
    for path in attachments:
        command += ["--attach", f"@{path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise stack.StackError(f"mail to {recipient} not taken: {done.stdout}{done.stderr}")
    return message_id


def say_raw(port, request):
    """What the server at `port` answers to these bytes, whatever they are, until it closes; all was
    said then that we had to say."""
    with socket.create_connection((stack.HOST, port), 20) as connection:
        answer = b""
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(4096):
                answer += chunk
        except OSError:
            pass  # It has closed the door.
        return answer


class Twilio:
    """Twilio as our webhooks see it: signs with the vendor's SDK, for the public URL."""

    def __init__(self, http, public_base, token, account_sid, path):
        from twilio.request_validator import RequestValidator
        self.http, self.public_base, self.path = http, public_base, path
        self.account_sid = account_sid
        self.validator = RequestValidator(token)

    def post(self, path_and_query, params, signature=None):
        """The status code of a signed form POST."""
        signature = signature or self.validator.compute_signature(
            self.public_base + path_and_query, params)
        request = urllib.request.Request(
            f"http://{self.http}{path_and_query}", urllib.parse.urlencode(params).encode(),
            {"X-Twilio-Signature": signature})
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def message(self, sender, recipient, body, sid=None, **more):
        params = {"MessageSid": sid or "SM" + uuid.uuid4().hex, "AccountSid": self.account_sid,
                  "From": sender, "To": recipient, "Body": body, "NumMedia": "0",
                  "NumSegments": "1", **more}
        return self.post(self.path, params)


def demo_twilio(trama):
    account = trama.endpoints()["accounts"]["sms"]
    public = urllib.parse.urlsplit(account["public_url"])
    return Twilio(trama.at("sms_http"), f"{public.scheme}://{public.netloc}",
                  account["auth_token"], account["account_sid"], public.path)


class WhatsApp:
    """WhatsApp's Cloud API as our webhooks see it: bodies as Meta documents them, signed with the
    app secret."""

    def __init__(self, http, path, app_secret, phone_number_id, business_account_id):
        self.http, self.path, self.app_secret = http, path, app_secret
        self.phone_number_id = phone_number_id
        self.business_account_id = business_account_id

    def post(self, body, signature=None):
        """The status code of a signed POST; `body`: bytes."""
        signature = signature or "sha256=" + hmac.new(
            self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            f"http://{self.http}{self.path}", body,
            {"Content-Type": "application/json", "X-Hub-Signature-256": signature})
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def change(self, **value):
        """One change of field "messages", with what stands beside the metadata."""
        return {"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550000001",
                         "phone_number_id": self.phone_number_id}, **value}}

    def body(self, *changes):
        return json.dumps({"object": "whatsapp_business_account", "entry": [
            {"id": self.business_account_id, "changes": list(changes)}]}).encode()

    def message(self, user_id, content, name="Customer", wa_id=None, vendor_id=None, sent_at=None):
        """A customer writes; `content`: a text, or {"type": …}. Without `wa_id` he shows no number."""
        if isinstance(content, str):
            content = {"type": "text", "text": {"body": content}}
        contact = {"profile": {"name": name}, "user_id": user_id}
        message = {"from_user_id": user_id, "id": vendor_id or "wamid." + uuid.uuid4().hex,
                   "timestamp": str(int(sent_at or time.time())), **content}
        if wa_id:
            contact["wa_id"] = message["from"] = wa_id
        return self.post(self.body(self.change(contacts=[contact], messages=[message])))


def demo_whatsapp(trama):
    account = trama.endpoints()["accounts"]["whatsapp"]
    return WhatsApp(trama.at("whatsapp_http"), urllib.parse.urlsplit(account["public_url"]).path,
                    account["app_secret"], account["phone_number_id"],
                    account["business_account_id"])


def start_graph(trama):
    """WhatsApp's side of what we send, from tests/: takes messages and reports on them."""
    account = trama.endpoints()["accounts"]["whatsapp"]
    process = trama.process("graph")
    process.start(
        [sys.executable, ROOT / "tests/whatsapp/graph_api.py", "--port", trama.ports["graph"],
         "--webhook", f"http://{trama.at('whatsapp_http')}"
                      f"{urllib.parse.urlsplit(account['public_url']).path}"],
        env={"GRAPH_APP_SECRET": account["app_secret"],
             "GRAPH_ACCESS_TOKEN": account["access_token"]})
    process.wait_until_it_listens(trama.ports["graph"], 30)


def start_prism(trama):
    """Twilio's API, answered by Prism from Twilio's own OpenAPI description."""
    process = trama.process("twilio")
    process.start(["node", VENDOR / "node_modules/.bin/prism", "mock", "--host", stack.HOST,
                   "--port", trama.ports["twilio"], TWILIO_OPENAPI])
    process.wait_until_it_listens(trama.ports["twilio"], 120)


def start_postfix(trama):
    subprocess.run([ROOT / "tools/postfix", "start", "--dir", trama.folder / "postfix",
                    "--port", str(trama.ports["postfix"]), "--lmtp", trama.at("email_lmtp"),
                    "--domain", "demo.test", "--customers", "customer.test"], check=True)


def stop_postfix(trama):
    subprocess.run([ROOT / "tools/postfix", "stop", "--dir", trama.folder / "postfix"])


def mailbox(trama):
    """The mails that customers have received, oldest first."""
    inbox = trama.folder / "postfix/mail/inbox/new"
    files = sorted(inbox.glob("*"), key=lambda file: file.stat().st_mtime) if inbox.exists() else []
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in files]
