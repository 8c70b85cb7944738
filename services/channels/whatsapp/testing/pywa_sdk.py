"""pywa, a client library of the Cloud API, as the judge of what we read and write.

  pywa_sdk.py bodies   prints {"case": …, "body": …} lines: requests as the SDK makes them
  pywa_sdk.py check    reads {"secret", "body", "signature"} lines, fails when the SDK refuses one
  pywa_sdk.py read     reads bodies of webhooks, one a line, prints what the SDK sees in each
"""

import json
import sys

import httpx
from pywa import WhatsApp, types, utils
from pywa.types import templates

SENT = {"messaging_product": "whatsapp", "contacts": [{"input": "1", "wa_id": "1"}],
        "messages": [{"id": "wamid.X"}]}


class Recorder(httpx.BaseTransport):
    def __init__(self):
        self.bodies = []

    def handle_request(self, request):
        self.bodies.append(json.loads(request.read()))
        return httpx.Response(200, json=SENT)


def client(transport=None):
    return WhatsApp(phone_id="900001", token="t", session=httpx.Client(transport=transport))


def bodies():
    recorder = Recorder()
    wa = client(recorder)
    to, tracker = "14155550123", "trama1:1:c1:m1"
    cases = {
        "text": lambda: wa.send_message(to=to, text="hello", tracker=tracker),
        "user": lambda: wa.send_message(to="US.1349", text="hello", tracker=tracker),
        "image": lambda: wa.send_image(to=to, image="4711", caption="look", tracker=tracker),
        "document": lambda: wa.send_document(to=to, document="4711", filename="f.pdf",
                                             tracker=tracker),
        "buttons": lambda: wa.send_message(
            to=to, text="pick", header="H", footer="F", tracker=tracker,
            buttons=[types.Button(title="Yes", callback_data="y"),
                     types.Button(title="No", callback_data="n")]),
        "menu": lambda: wa.send_message(
            to=to, text="pick", tracker=tracker,
            buttons=types.SectionList(button_title="Menu", sections=[types.Section(
                title="S", rows=[types.SectionRow(title="R", callback_data="r",
                                                  description="d")])])),
        "link": lambda: wa.send_message(
            to=to, text="go", tracker=tracker,
            buttons=types.URLButton(title="Open", url="https://x.test/")),
        "template": lambda: wa.send_template(
            to=to, name="order_update", language=templates.TemplateLanguage.PORTUGUESE_BR,
            tracker=tracker,
            params=[templates.HeaderImage(example="h").params(image="4711"),
                    templates.BodyText("Hi {{1}}", "x").params("Ana"),
                    templates.URLButton(text="t", url="https://x.test/{{1}}", example="e").params(
                        url_variable="42", index=1),
                    templates.QuickReplyButton(text="t").params(callback_data="p", index=0)]),
        "named": lambda: wa.send_template(
            to=to, name="n", language=templates.TemplateLanguage.ENGLISH_US, tracker=tracker,
            params=[templates.BodyText("Hi {{who}}", who="x").params(who="Ana")]),
    }
    for name, send in cases.items():
        send()
        print(json.dumps({"case": name, "body": recorder.bodies[-1]}))


def check():
    for number, line in enumerate(sys.stdin, 1):
        read = json.loads(line)
        if not utils.webhook_updates_validator(read["secret"], read["body"].encode(),
                                               read["signature"]):
            sys.exit(f"line {number}: the SDK refuses {line}")


def read():
    wa = client()
    for line in sys.stdin:
        message = types.Message.from_update(wa, json.loads(line))
        seen = {"id": message.id, "user_id": message.from_user.bsuid,
                "wa_id": message.from_user.wa_id, "name": message.from_user.name,
                "text": message.text or message.caption,
                "sent_at": int(message.timestamp.timestamp())}
        if message.media:
            seen["media_id"] = message.media.id
        if message.reaction:
            seen["text"], seen["target"] = message.reaction.emoji, message.reaction.message_id
        print(json.dumps(seen))


if __name__ == "__main__":
    {"bodies": bodies, "check": check, "read": read}[sys.argv[1]]()
