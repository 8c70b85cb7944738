"""The vendors' side that rows play themselves, beside loadgen's: signed webhooks."""

import base64
import hashlib
import hmac
import http.client
import urllib.parse
import uuid

from ground import stack

TIMEOUT_S = 20


class Twilio:
    """Signs as Twilio does."""

    def __init__(self, facts):
        self.facts = facts
        self.path = urllib.parse.urlsplit(facts["url"]).path

    def sign(self, params, token=None):
        text = self.facts["url"] + "".join(name + params[name] for name in sorted(params))
        key = (token or self.facts["auth_token"]).encode()
        return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha1)).decode()

    def message(self, sender, body, sid=None):
        """The form of one message."""
        return {"MessageSid": sid or "SM" + uuid.uuid4().hex,
                "AccountSid": self.facts["account_sid"], "From": sender,
                "To": self.facts["number"], "Body": body, "NumMedia": "0", "NumSegments": "1"}

    def post(self, port, params, signature=None, headers=None):
        """HTTP status; None when there was no answer."""
        return post(port, self.path, urllib.parse.urlencode(params),
                    {"Content-Type": "application/x-www-form-urlencoded",
                     "X-Twilio-Signature": self.sign(params) if signature is None else signature,
                     **(headers or {})})


def post(port, path, body, headers):
    connection = http.client.HTTPConnection(stack.HOST, port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
