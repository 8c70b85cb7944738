"""Twilio's own SDK signs and checks.

  twilio_sdk.py sign    prints cases as JSON lines, each signed by the SDK
  twilio_sdk.py check   reads such lines, signed by somebody else, and fails when the SDK refuses one
"""

import json
import random
import sys

from twilio.request_validator import RequestValidator

CASES = 300
ALPHABET = "abcXYZ019 +&=%?#/é世😀\n\t'\"<>"


def text(dice, length_max):
    return "".join(dice.choice(ALPHABET) for _ in range(dice.randint(0, length_max)))


def case(dice):
    port = dice.choice(["", "", ":443", ":8443"])
    query = dice.choice(["", "?a=b", "?m=1&c=2&p=3", "?x=%20y"])
    return {
        "token": text(dice, 30) or "t",
        "url": f"https://sms.firm.test{port}/sms/demo/main{query}",
        "params": {text(dice, 8) or "P": text(dice, 40) for _ in range(dice.randint(0, 12))},
        "algorithm": dice.choice(["HMAC_SHA1", "HMAC_SHA256"]),
    }


def sign():
    dice = random.Random(20261123)
    for _ in range(CASES):
        made = case(dice)
        made["signature"] = RequestValidator(made["token"]).compute_signature(
            made["url"], made["params"], made["algorithm"])
        print(json.dumps(made))


def check():
    for number, line in enumerate(sys.stdin, 1):
        read = json.loads(line)
        fine = RequestValidator(read["token"]).validate(
            read["url"], read["params"], read["signature"], read["algorithm"])
        if not fine:
            sys.exit(f"line {number}: the SDK refuses {line}")


if __name__ == "__main__":
    {"sign": sign, "check": check}[sys.argv[1]]()
