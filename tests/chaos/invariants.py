"""The invariants of a whole Trama, each a pure function from what a run has left behind to the
differences, in words that name ids. No difference: it holds."""

import collections

from facts import fact_of, seconds

HELD = ("STATE_ASSIGNED", "STATE_WRAPPING")
RESERVED = ("STATE_OFFERED", *HELD)
OVER = ("STATE_CLOSED", "STATE_ABANDONED")
# Statuses that say "perhaps": the vendor's protocol leaves it unknown.
PERHAPS = "STATUS_UNKNOWN"
# Events of one conversation are compared by milliseconds, which is what they carry.
MILLISECOND = 0.001
WINDOW_S = 2.0
FLOW_MIN = 0.9
# In time is who takes no longer than a window, or on a busy machine three times the usual, up to this.
IN_TIME_MAX_S = 6.0


def no_loss(facts):
    """I1: whatever was answered with success is in a conversation, once it is on the topic at all;
    an answer of an agent that was confirmed to him is at the vendor, or said to have failed."""
    ids = facts.interaction_ids()
    received = {interaction for interaction, _ in facts.received()}
    for vendor_id in facts.accepted():
        if vendor_id not in ids:
            yield f"{vendor_id} was answered with success and is not in the log"
    for vendor_id, interactions in ids.items():
        for interaction in interactions - received:
            yield f"{vendor_id}: interaction {interaction} is in no conversation"
    messages, arrivals = facts.message_of(), facts.arrivals()
    statuses = statuses_of(facts)
    for line in facts.accepted_commands("replied"):
        token = line["id"]
        if token in arrivals:
            continue
        message = messages.get(token)
        if message is None:
            yield f"answer {token} was confirmed to the agent and is not in the log"
        elif statuses[message["messageId"]][-1:] not in (["STATUS_FAILED"], [PERHAPS]):
            yield f"answer {token} (message {message['messageId']}) never reached the vendor"


def statuses_of(facts):
    """Message id -> the statuses that its deliveries had, in order."""
    statuses = collections.defaultdict(list)
    for each in facts.deliveries:
        statuses[each["messageId"]].append(each.get("status"))
    return statuses


def no_doubling(facts):
    """I2: one interaction id per vendor id, once in one conversation; no second conversation of a
    thread while the first one is not over."""
    for vendor_id, interactions in facts.interaction_ids().items():
        if len(interactions) > 1:
            yield f"{vendor_id} has {len(interactions)} interaction ids: {sorted(interactions)}"
    places = collections.defaultdict(list)
    for interaction, event in facts.received():
        places[interaction].append(event["conversationId"])
    for interaction, conversations in places.items():
        if len(conversations) > 1:
            yield f"interaction {interaction} was received by {conversations}"
    yield from _double_conversations(facts)


def _double_conversations(facts):
    threads = {each["interactionId"]: (each.get("channelAccount"), each.get("conversationKey"))
               for each in facts.interactions}
    open_of, thread_of = {}, {}
    for event in facts.conversations:
        conversation = event["conversationId"]
        if "opened" in event:
            thread = threads.get(event["opened"].get("interactionId"))
            if thread is None:
                continue
            if thread in open_of:
                yield (f"conversation {conversation} was opened for {thread} while "
                       f"{open_of[thread]} was open")
            open_of[thread], thread_of[conversation] = conversation, thread
        elif event.get("state") in OVER:
            open_of.pop(thread_of.get(conversation), None)


def one_owner(facts):
    """I3: nobody gets what another one has; the events of a conversation are numbered without gap or
    repeat; an accept that was confirmed to an agent stands there as his."""
    holders, numbers, accepted = {}, {}, set()
    for event in facts.conversations:
        conversation, number = event["conversationId"], int(event.get("sequence", 0))
        expected = numbers.get(conversation, 0) + 1
        if number != expected:
            yield f"conversation {conversation}: event {number} stands where {expected} belongs"
        numbers[conversation] = number
        if "accepted" in event:
            agent = event["accepted"]["agentId"]
            accepted.add((agent, conversation))
            other = holders.get(conversation)
            if other not in (None, agent):
                yield f"conversation {conversation}: {agent} got it while {other} had it"
        if event.get("state") in HELD:
            agent = event.get("agentId")
            other = holders.setdefault(conversation, agent)
            if other != agent and "accepted" not in event:
                yield f"conversation {conversation}: went from {other} to {agent} unaccepted"
            holders[conversation] = agent
        else:
            holders.pop(conversation, None)
    for line in facts.accepted_commands("accept"):
        if (line["agent"], line["conversation"]) not in accepted:
            yield (f"conversation {line['conversation']}: {line['agent']} was told that it is his, "
                   "the log says nothing of it")


def capacity(facts):
    """I4: no agent holds or is offered more than his units at any moment."""
    held = collections.defaultdict(dict)
    holder = {}
    for event in facts.conversations:
        conversation = event["conversationId"]
        held[holder.pop(conversation, None)].pop(conversation, None)
        if event.get("state") not in RESERVED:
            continue
        agent = event.get("agentId")
        holder[conversation] = agent
        held[agent][conversation] = facts.units[event["channel"]]
        total = sum(held[agent].values())
        if total > facts.units_total:
            yield (f"{agent} holds {total} of {facts.units_total} units with event "
                   f"{event.get('sequence')} ({fact_of(event)}) of {conversation}")
    for event in facts.agents:
        load = event.get("loadChanged", {})
        if int(load.get("unitsHeld", 0)) > int(load.get("unitsTotal", facts.units_total)):
            yield f"{event['agentId']} says that he holds {load['unitsHeld']} units"


def clocks(facts):
    """I5: every clock ends once; a breach is never early, and late only so far."""
    by_clock = collections.defaultdict(list)
    for event in facts.clocks:
        by_clock[event["clockId"]].append(event)
    for clock, events in by_clock.items():
        breaches = [each for each in events if "breached" in each]
        revised = sum(1 for each in events if "breachRevised" in each)
        in_time = [each for each in events if each.get("fulfilled", {}).get("inTime")]
        breached = len(breaches) - revised
        # What was breached stays so, however it ends.
        canceled = [each for each in events if "canceled" in each and not breached]
        verdicts = breached + len(in_time) + len(canceled)
        if len(breaches) > 1:
            yield f"clock {clock} was breached {len(breaches)} times"
        if sum(1 for each in events if "fulfilled" in each) > 1:
            yield f"clock {clock} was fulfilled more than once"
        if events[-1].get("state") in ("CLOCK_STATE_RUNNING", "CLOCK_STATE_PAUSED"):
            yield f"clock {clock} of {events[-1]['conversationId']} never ended"
        elif verdicts != 1:
            yield f"clock {clock} has {verdicts} verdicts"
        for breach in breaches:
            yield from _breach_in_time(clock, breach, facts.lateness_max)


def _breach_in_time(clock, breach, lateness_max):
    late = seconds(breach["occurredAt"]) - seconds(breach["dueAt"])
    if late < 0:
        yield f"clock {clock} was breached {-late:.3f} s before it was due"
    late = max(late, int(breach["breached"].get("latenessMs", 0)) / 1000)
    if late > lateness_max:
        yield f"clock {clock} was breached {late:.1f} s late, {lateness_max} s are allowed"


def order(facts):
    """I6: what a customer sent after an earlier message was taken stands after it, in the log and in
    the conversation; the times of a conversation do not go back."""
    sent, accepted = facts.sent(), facts.accepted()
    vendor_of = {each["interactionId"]: each["vendorMessageId"] for each in facts.interactions}
    for conversation, events in facts.by_conversation().items():
        latest, latest_sent = 0.0, (0.0, "")
        for event in events:
            at = seconds(event["occurredAt"])
            if at + MILLISECOND < latest:
                yield (f"conversation {conversation}: event {event.get('sequence')} is "
                       f"{latest - at:.3f} s older than the one before it")
            latest = max(latest, at)
            if "messageReceived" not in event:
                continue
            vendor_id = vendor_of.get(event["messageReceived"]["interactionId"], "")
            if accepted.get(vendor_id, float("inf")) < latest_sent[0]:
                yield (f"conversation {conversation}: {vendor_id} stands after {latest_sent[1]}, "
                       "which was sent when it had been taken already")
            if vendor_id in sent:
                latest_sent = max(latest_sent, (sent[vendor_id], vendor_id))


def figures(facts):
    """I7: what reporting says is what comes out when the log is counted from its beginning."""
    counted = count(facts)
    for name, expected in counted.items():
        said = facts.kpis.get(name, 0)
        if isinstance(expected, float):
            if abs(float(said) - expected) > 1e-6 * max(1.0, abs(expected)):
                yield f"{name}: reported as {said}, the log says {expected}"
        elif int(said) != expected:
            yield f"{name}: reported as {said}, the log says {expected}"


def count(facts):
    """The figures of the whole workspace, by the names of reporting's answer."""
    told = collections.Counter(fact_of(event) for event in facts.conversations)
    ended = collections.Counter(event["offerEnded"].get("reason") for event in facts.conversations
                                if "offerEnded" in event)
    counted = {
        "messagesIn": told["messageReceived"], "messagesOut": told["replySent"],
        "opened": told["opened"], "resolved": told["resolved"], "reopened": told["reopened"],
        "offered": sum(1 for event in facts.conversations
                       if event.get("queued", {}).get("isNewEntry")),
        "answered": told["accepted"], "handled": told["wrapUpCompleted"],
        "offersDeclined": ended["REASON_DECLINED"], "offersTimedOut": ended["REASON_TIMED_OUT"],
    }
    verdicts = collections.Counter()
    for event in facts.clocks:
        verdicts["breached"] += "breached" in event
        verdicts["breached"] -= "breachRevised" in event and not event["breachRevised"].get(
            "stillBreached")
        verdicts["fulfilled"] += bool(event.get("fulfilled", {}).get("inTime"))
    counted["slaBreached"], counted["slaFulfilled"] = verdicts["breached"], verdicts["fulfilled"]
    for name, fact, field in (("asaMs", "accepted", "waitedMs"),
                              ("ahtMs", "wrapUpCompleted", "handleMs")):
        values = [int(event[fact].get(field, 0)) for event in facts.conversations if fact in event]
        if values:
            counted[name] = sum(values) / len(values)
    return counted


def profiles(facts):
    """I8: profile says the same once Redis was emptied and filled again from the topics."""
    for customer, said in facts.before.items():
        again = facts.after.get(customer)
        if again != said:
            yield f"{customer}: profile says something else after the rebuild ({_apart(said, again)})"


def _apart(said, again):
    if again is None:
        return "nothing at all"
    place = next((i for i, (a, b) in enumerate(zip(said, again)) if a != b),
                 min(len(said), len(again)))
    return f"from character {place} on: {said[place:place + 60]!r}, then {again[place:place + 60]!r}"


def nothing_forged(facts):
    """I9: only what somebody has sent is in the log; memory stays bounded."""
    known = facts.sent().keys() | facts.extra_ids
    for vendor_id in facts.interaction_ids():
        if vendor_id not in known:
            yield f"{vendor_id} is in the log and nobody has sent it"
    for name, grown in facts.rss_grown.items():
        if facts.rss_grown_max and grown > facts.rss_grown_max:
            yield f"{name} grew by {grown >> 20} MiB, {facts.rss_grown_max >> 20} are allowed"


def delays(facts):
    """(when it was sent, how long it took to its conversation) of every message, oldest first."""
    vendor_of = {each["interactionId"]: each["vendorMessageId"] for each in facts.interactions}
    there = {}
    for interaction, event in facts.received():
        there.setdefault(vendor_of.get(interaction), seconds(event["occurredAt"]))
    return sorted((at, there.get(vendor_id, float("inf")) - at)
                  for vendor_id, at in facts.sent().items())


def throughput(facts):
    """(how many messages reached their conversation while the fault lasted, how many were sent then);
    customers send at the rate of before, so the quotient is the throughput to the steady one."""
    begin, end = facts.moments["fault"], facts.moments["healed"]
    messages = delays(facts)  # Of the load; what a row sends beside it does not count.
    return (sum(1 for at, delay in messages if begin <= at + delay < end),
            sum(1 for at, _ in messages if begin <= at < end))


def _in_time(facts):
    """How long a message may take that came through in time."""
    usual = sorted(delay for at, delay in delays(facts)
                   if at < facts.moments.get("fault", 0) - WINDOW_S)
    return min(max(WINDOW_S, 3 * usual[len(usual) // 2]), IN_TIME_MAX_S) if usual else WINDOW_S


def _flow(took, in_time):
    """The part of these messages that came through in time."""
    return sum(1 for delay in took if delay <= in_time) / len(took) if took else 1.0


def recovery_seconds(facts):
    """How long after the fault the flow was whole again: from then on, of what is sent in any window at
    least 90 % reaches its conversation in time. The customers keep their rate whatever happens, so
    that is 90 % of the rate before. None: never within the run."""
    healed, in_time = facts.moments["healed"], _in_time(facts)
    sent = [(at, delay) for at, delay in delays(facts) if at >= healed - WINDOW_S]
    whole_since = healed
    for place, (begin, _) in enumerate(sent):
        window = [delay for at, delay in sent[place:] if at < begin + WINDOW_S]
        if _flow(window, in_time) < FLOW_MIN:
            whole_since = begin + WINDOW_S
    if not sent or whole_since > sent[-1][0]:
        return None
    return max(0.0, whole_since - healed)


def recovery(facts):
    """I10: 90 % of the flow soon enough after the fault; nothing left unread."""
    if "healed" in facts.moments:
        yield from _recovery_in_time(facts)
    for name, records in facts.lag.items():
        if records > 0:
            yield f"{name}: {records:.0f} records are still unread"


def _recovery_in_time(facts):
    took = recovery_seconds(facts)
    if took is not None and took <= facts.recovery_max:
        return
    before = _flow([delay for at, delay in delays(facts)
                    if at < facts.moments["fault"] - WINDOW_S], _in_time(facts))
    if before < FLOW_MIN:
        yield (f"cannot be judged: before the fault only {before:.0%} came through in time; this "
               "machine does not carry the rate, take a lower --rate")
    elif took is None:
        yield "the flow was not whole again before the end of the run"
    else:
        yield f"the flow was whole again after {took:.1f} s, {facts.recovery_max} s are allowed"


def once_at_the_vendor(facts):
    """I11: no answer reaches a vendor twice, unless it says itself that it is in doubt."""
    messages, statuses = facts.message_of(), statuses_of(facts)
    for token, times in facts.arrivals().items():
        message = messages.get(token)
        if message is None:
            yield f"answer {token} was at the vendor and is not in the log"
        elif times > 1 and PERHAPS not in statuses[message["messageId"]]:
            yield (f"answer {token} (message {message['messageId']}) was {times} times at the "
                   "vendor, and nothing marks it as in doubt")


INVARIANTS = {
    "I1": no_loss, "I2": no_doubling, "I3": one_owner, "I4": capacity, "I5": clocks, "I6": order,
    "I7": figures, "I8": profiles, "I9": nothing_forged, "I10": recovery,
    "I11": once_at_the_vendor,
}


def check(facts):
    """Name of the invariant -> its differences."""
    return {name: list(invariant(facts)) for name, invariant in INVARIANTS.items()}
