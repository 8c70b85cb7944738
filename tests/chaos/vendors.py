"""The vendors' side that rows play themselves, beside loadgen's: signed webhooks."""

import base64
import copy
import hashlib
import hmac
import http.client
import json
import time
import typing
import urllib.parse
import uuid

from ground import stack

TIMEOUT_S = 20
# How far the time of a request of the open channel may be away from ours.
OPEN_WINDOW_S = 300


class Answer(typing.NamedTuple):
    """`status`: None when there was no answer. `headers`: whatever the case of their names."""
    status: int | None
    headers: typing.Mapping
    body: bytes


class Vendor:
    """Who knocks at the HTTP door of one channel. `facts`: of the account, as loadgen is told them."""
    channel = ""
    content_type = "application/json"
    signature_header = ""
    secret_fact = ""    # What the facts call the secret,
    secrets_field = ""  # and the ChannelAccount its references.
    taken, refused = 200, 403
    signs_bytes = True  # Anything can be signed, whatever it is.

    def __init__(self, facts):
        self.facts = facts

    @property
    def path(self):
        return self.facts["path"]

    @property
    def secret(self):
        return self.facts[self.secret_fact]

    def message(self, sender, text, age_s=0):
        """(vendor id, body) of one message of a customer, who is a number. `age_s`: how long ago he
        wrote it, where the vendor tells that."""
        raise NotImplementedError

    def tell(self, port, delivery, number, word):
        """Posts what became of one of ours, of which trama.deliveries.v1 tells, of a workspace with
        this partition number; the status of the answer."""
        raise NotImplementedError

    def sign(self, body, secret=None):
        """The headers that prove a body."""
        raise NotImplementedError

    def ask(self, port, body, headers=None):
        """`headers`: instead of those of a good signature."""
        proof = self.sign(body) if headers is None else headers
        return ask(port, self.path, body, {"Content-Type": self.content_type, **proof})

    def post(self, port, body, headers=None):
        return self.ask(port, body, headers).status

    def again(self, resource, name, references):
        """Another account beside `resource`, with these secrets, as a resource."""
        account = copy.deepcopy(resource)
        account["metadata"]["name"] = name
        account["spec"][self.channel][self.secrets_field] = references
        return account

    def at(self, name, secret):
        """The same vendor at the account that again() has made."""
        raise NotImplementedError


class Twilio(Vendor):
    channel, content_type = "sms", "application/x-www-form-urlencoded"
    signature_header, secret_fact, secrets_field = "X-Twilio-Signature", "auth_token", "authTokens"
    signs_bytes = False  # Only a form.
    OTHER_NUMBER = "+14159990001"

    @property
    def path(self):
        return urllib.parse.urlsplit(self.facts["url"])._replace(scheme="", netloc="").geturl()

    def sign(self, body, secret=None):
        params = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        text = self.facts["url"] + "".join(name + params[name] for name in sorted(params))
        digest = hmac.digest((secret or self.secret).encode(), text.encode(), hashlib.sha1)
        return {self.signature_header: base64.b64encode(digest).decode()}

    def form(self, **params):
        return urllib.parse.urlencode(params).encode()

    def message(self, sender, text, age_s=0):
        vendor_id = "SM" + uuid.uuid4().hex
        return vendor_id, self.form(
            MessageSid=vendor_id, AccountSid=self.facts["account_sid"],
            From=f"+1212555{sender:04}", To=self.facts["number"], Body=text, NumMedia="0",
            NumSegments="1")

    def tell(self, port, delivery, number, word):
        query = self.form(m=delivery["messageId"], c=delivery["conversationId"], p=number).decode()
        there = Twilio({**self.facts, "url": f"{self.facts['url']}/status?{query}"})
        return there.post(port, there.form(
            MessageSid="SM" + delivery["messageId"].replace("-", ""), MessageStatus=word,
            To="+12125550000", From=self.facts["number"], AccountSid=self.facts["account_sid"]))

    def again(self, resource, name, references):
        account = super().again(resource, name, references)
        account["spec"]["sms"]["numbers"] = [self.OTHER_NUMBER]
        return account

    def at(self, name, secret):
        return Twilio({**self.facts, "auth_token": secret, "number": self.OTHER_NUMBER,
                       "url": self.facts["url"].rpartition("/")[0] + f"/{name}"})


class WhatsApp(Vendor):
    channel, signature_header = "whatsapp", "X-Hub-Signature-256"
    secret_fact, secrets_field = "app_secret", "appSecrets"
    OTHER_NUMBER = "90999000001"

    def sign(self, body, secret=None):
        digest = hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()
        return {self.signature_header: f"sha256={digest}"}

    def change(self, **value):
        return json.dumps({"object": "whatsapp_business_account", "entry": [
            {"id": self.facts["business_account_id"], "changes": [{"field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "15550000002",
                             "phone_number_id": self.facts["phone_number_id"]},
                **value}}]}]}).encode()

    @staticmethod
    def user(sender):
        return f"US.{2_000_000_000 + sender}"

    def customer(self, sender):
        """As tramactl takes him."""
        return f"channel:whatsapp/{self.facts['business_account_id']}:{self.user(sender)}"

    def message(self, sender, text, age_s=0):
        return self._write(sender, age_s, type="text", text={"body": text})

    def amend(self, kind, sender, vendor_id, text):
        """The body of a change ("edit" or "delete") of an earlier message."""
        change = {"original_message_id": vendor_id}
        if kind == "edit":
            change["message"] = {"type": "text", "text": {"body": text}}
        word = {"edit": "edit", "delete": "revoke"}[kind]
        return self._write(sender, 0, type=word, **{word: change})[1]

    def _write(self, sender, age_s, **content):
        vendor_id, user = "wamid." + uuid.uuid4().hex, self.user(sender)
        return vendor_id, self.change(
            contacts=[{"profile": {"name": "Customer"}, "user_id": user}],
            messages=[{"id": vendor_id, "from_user_id": user,
                       "timestamp": str(int(time.time()) - age_s), **content}])

    def tell(self, port, delivery, number, word):
        return self.post(port, self.change(statuses=[{
            "id": delivery["vendorMessageId"], "status": word, "timestamp": str(int(time.time())),
            "biz_opaque_callback_data":
                f"trama1:{number}:{delivery['conversationId']}:{delivery['messageId']}"}]))

    def again(self, resource, name, references):
        account = super().again(resource, name, references)
        account["spec"]["whatsapp"]["phoneNumberId"] = self.OTHER_NUMBER
        return account

    def at(self, name, secret):
        return WhatsApp({**self.facts, "app_secret": secret, "phone_number_id": self.OTHER_NUMBER,
                         "path": self.path.rpartition("/")[0] + f"/{name}"})


class Open(Vendor):
    channel, signature_header = "open", "X-Trama-Signature"
    secret_fact, secrets_field = "secret", "secrets"
    taken, refused = 202, 401

    def sign(self, body, secret=None, away_s=0):
        """`away_s`: how far from now the time is that it is signed for."""
        timestamp = str(int(time.time()) + away_s)
        digest = hmac.new((secret or self.secret).encode(), f"{timestamp}.".encode() + body,
                          hashlib.sha256).hexdigest()
        return {"X-Trama-Timestamp": timestamp, self.signature_header: f"v1={digest}"}

    def sign_as_standard(self, body, away_s=0):
        """As Standard Webhooks has it: the secret is base64, and so is the signature."""
        event, timestamp = uuid.uuid4().hex, str(int(time.time()) + away_s)
        digest = hmac.digest(base64.b64decode(self.secret), f"{event}.{timestamp}.".encode() + body,
                             hashlib.sha256)
        return {"webhook-id": event, "webhook-timestamp": timestamp,
                "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}

    def event(self, kind, age_s=0, **content):
        occurred = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age_s))
        return json.dumps({"events": [{"id": uuid.uuid4().hex, "type": kind, "occurred_at": occurred,
                                       **content}]}).encode()

    @staticmethod
    def user(sender):
        return f"chaos-{sender}"

    def customer(self, sender):
        return f"channel:open/{self.facts['account']}:{self.user(sender)}"

    def message(self, sender, text, age_s=0):
        vendor_id = uuid.uuid4().hex
        return vendor_id, self.event("message", age_s, user={"id": self.user(sender)},
                                     message={"id": vendor_id, "text": text})

    def amend(self, kind, sender, vendor_id, text):
        message = {"id": vendor_id, **({"text": text} if kind == "edit" else {})}
        return self.event(kind, user={"id": self.user(sender)}, message=message)

    def tell(self, port, delivery, number, word):
        return self.post(port, self.event(
            "status", conversation_id=delivery["conversationId"],
            message={"id": delivery["messageId"]}, status=word))

    def at(self, name, secret):
        parts = self.path.split("/")  # /open/v1/<workspace>/<account>/events
        return Open({**self.facts, "secret": secret, "path": "/".join([*parts[:-2], name, parts[-1]])})

    @staticmethod
    def results(answer):
        """What became of each event: "accepted", "duplicate", "rejected"."""
        return [result["status"] for result in json.loads(answer.body)["results"]]


KINDS = (Twilio, WhatsApp, Open)


def of(run):
    """The vendors of every channel with an HTTP door that runs."""
    return [kind(run.world["channels"][kind.channel]) for kind in KINDS
            if run.trama.counts[kind.channel]]


def ports(run, vendor):
    """The doors of its channel's instances, without the balancer before them."""
    return [run.trama.ports[f"{name}_http"] for name in run.trama.replicas_of(vendor.channel)]


def ask(port, path, body, headers):
    connection = http.client.HTTPConnection(stack.HOST, port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    except (OSError, http.client.HTTPException):
        return Answer(None, {}, b"")
    finally:
        connection.close()
