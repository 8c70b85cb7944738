#!/usr/bin/env python3
"""The demo of tools/up: one person writes a mail and a text, another one on WhatsApp; an agent
answers; all of it is counted.
Everything goes through the public doors: SMTP, signed HTTP, gRPC."""

import json

import customers
import stack
from stack import wait_until

PERSON_MAIL = "maria@customer.test"
PERSON_PHONE = "+14155550123"
PERSON_USER = "US.13491208655302741918"


def show(trama, *arguments, who="supervisor"):
    print(f"\n$ tools/tramactl --as {who} {' '.join(arguments)}")
    print(trama.tramactl(*arguments, who=who).rstrip())


def listed(trama, *arguments, who="supervisor"):
    return json.loads(trama.tramactl("-o", "json", *arguments, who=who) or "[]")


def offer_of(trama, agent, channel):
    """The conversation of that channel that is offered to the agent now."""
    for conversation in listed(trama, "conversations", "list", "--agent", agent):
        if conversation["channel"] == channel and conversation["state"] == "STATE_OFFERED":
            return conversation
    return None


def accept(trama, agent, channel):
    conversation = wait_until(f"{agent} is offered the {channel} conversation",
                              lambda: offer_of(trama, agent, channel), 30)
    trama.tramactl("agent", agent, "accept", conversation["offerId"], who=agent)
    return conversation["conversationId"]


def main():
    trama = stack.default_stack()
    print("\napplying the demo workspaces")
    customers.start_prism(trama)
    customers.start_graph(trama)
    customers.start_postfix(trama)
    trama.apply_demo()
    trama.tramactl("agent", "ana", "online", who="ana")

    print(f"{PERSON_MAIL} writes a mail through Postfix, {PERSON_PHONE} a text signed by Twilio's SDK")
    customers.send_mail(trama.at("postfix"), PERSON_MAIL, "help@demo.test",
                        "My invoice", "Hello, the invoice of May is wrong.")
    status = customers.demo_twilio(trama).message(PERSON_PHONE, "+14155550199",
                                                  "Is my parcel on its way?")
    if status != 200:
        raise stack.StackError(f"the text was answered with HTTP {status}")

    print(f"{PERSON_USER} writes on WhatsApp, who shows no telephone number")
    status = customers.demo_whatsapp(trama).message(PERSON_USER, "Do you open on Sunday?",
                                                    name="Joao")
    if status != 200:
        raise stack.StackError(f"the WhatsApp message was answered with HTTP {status}")

    mail = accept(trama, "ana", "email")
    text = accept(trama, "ana", "sms")
    chat = accept(trama, "ana", "whatsapp")
    trama.tramactl("customers", "link", PERSON_MAIL, PERSON_PHONE, "--reason",
                   "same name on the invoice", who="supervisor")
    invoice = trama.folder / "invoice.txt"
    invoice.write_text("Invoice of May, corrected: 12.00\n")
    received = len(customers.mailbox(trama))
    trama.tramactl("agent", "ana", "reply", mail, "Here is the corrected invoice.", "--file", invoice,
                   who="ana")
    trama.tramactl("agent", "ana", "reply", text, "It arrives tomorrow.", who="ana")
    trama.tramactl("agent", "ana", "reply", chat, "We do, from ten to two.", who="ana")
    wait_until("the answer is in Maria's mailbox",
               lambda: len(customers.mailbox(trama)) > received, 30)
    for conversation in (mail, text, chat):
        trama.tramactl("agent", "ana", "resolve", conversation, who="ana")
    trama.tramactl("agent", "ana", "wrap-up", mail, "solved", who="ana")
    wait_until("all conversations are counted as resolved",
               lambda: sum(int(row.get("resolved", 0)) for row in
                           listed(trama, "kpis").get("rows", [])) >= 3, 30)

    business = trama.endpoints()["accounts"]["whatsapp"]["business_account_id"]
    show(trama, "customers", "timeline", PERSON_MAIL)
    show(trama, "customers", "timeline", f"channel:whatsapp/{business}:{PERSON_USER}")
    show(trama, "conversations", "list", "--state", "resolved")
    show(trama, "sla", mail)
    show(trama, "kpis", "--by", "channel")
    print("\nThe answer as Maria's mail server got it:")
    letter = customers.mailbox(trama)[-1]
    for header in ("From", "To", "Subject", "In-Reply-To", "DKIM-Signature"):
        print(f"  {header}: {' '.join(str(letter[header]).split())[:100]}")
    for part in letter.walk():
        if part.get_filename():
            print(f"  file: {part.get_filename()} ({len(part.get_content())} characters)")


if __name__ == "__main__":
    try:
        main()
    except stack.StackError as error:
        stack.fail(error)
