"""One row: load and a fault at once, then what is left behind, judged."""

import concurrent.futures
import dataclasses
import json
import random
import time
import traceback

import invariants
from facts import Facts
from ground import UNITS, StackError, wait_until
from load import Load

# Load before the fault, and after it: long enough to see the flow whole again.
FAULT_AFTER_S, QUIET_S = 5, 10
FAULT_AFTER_SHORT_S, QUIET_SHORT_S = 3, 7
LAG_MAX_S = 60
CUSTOMERS_ASKED_MAX = 30
ASKERS = 4
TOPICS = {"interactions": "trama.interactions.v1", "conversations": "trama.conversations.v1",
          "agents": "trama.agents.v1", "clocks": "trama.sla.v1",
          "deliveries": "trama.deliveries.v1", "dead_letters": "trama.deadletter.v1"}
OUTBOUND = tuple(f"trama.outbound.{channel}.v1" for channel in UNITS)
# Channels whose customers can be asked for by what they are called there.
ASKABLE = ("sms", "email")


class Run:
    """What a fault is given: the ground, chance of its own, and the load that runs meanwhile."""

    def __init__(self, ground, row, options, workspace):
        self.ground, self.row, self.workspace = ground, row, workspace
        self.trama = ground.trama
        self.seed, self.rate, self.is_short = options.seed, options.rate, options.short
        self.lasts_s = row.short_s if self.is_short and row.short_s else row.lasts_s
        self.before_s = FAULT_AFTER_SHORT_S if self.is_short else FAULT_AFTER_S
        self.quiet_s = QUIET_SHORT_S if self.is_short else QUIET_S
        self.random = random.Random(f"{row.number}/{self.seed}")
        self.world = {}
        self.differences = []  # What the row itself found wrong.
        self.notes = []
        self.extra_ids = set()
        self.moments = {}

    # -- for faults

    def mark(self, name):
        self.moments[name] = time.time()

    def wrong(self, text):
        self.differences.append(text)

    def expect(self, is_so, text):
        if not is_so:
            self.wrong(text)

    def note(self, text):
        self.notes.append(text)

    def pause(self, seconds):
        """Time that the load is given."""
        time.sleep(seconds)


@dataclasses.dataclass
class Outcome:
    row: object
    seed: int
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    recovery_s: float = None
    throughput: float = None  # While the fault lasted, to the rate of sending.
    took_s: float = 0
    differences: dict = dataclasses.field(default_factory=dict)
    notes: list = dataclasses.field(default_factory=list)
    not_run: str = ""

    def holds(self):
        return not self.not_run and not any(self.differences.values())

    def as_json(self):
        return {"row": self.row.number, "name": self.row.name, "seed": self.seed,
                "sent": self.sent, "lost": self.lost, "doubled": self.doubled,
                "recovery_s": self.recovery_s, "throughput": self.throughput,
                "took_s": round(self.took_s, 1), "holds": self.holds(), "not_run": self.not_run,
                "held": [name for name, found in self.differences.items() if not found],
                "differences": {name: found for name, found in self.differences.items() if found},
                "notes": self.notes}


def play(ground, row, options):
    """Plays the row in a workspace of its own; its outcome."""
    run = Run(ground, row, options, f"row-{row.number}-{options.seed}")
    workspace = run.workspace
    began = time.time()
    ground.wait_whole()
    world = ground.make_workspace(workspace, row.rules)
    run.world = json.loads(world.read_text())
    before = ground.rss()
    ground.supervisor.surprises.clear()
    load = Load(ground, workspace, world, **{
        "rate": run.rate * row.rate_factor, "seed": run.seed, "channels": options.channels,
        "duration": f"{run.before_s + run.lasts_s + run.quiet_s}s", **row.load})
    try:
        load.wait_until_it_flows()
        run.pause(run.before_s)
        run.mark("fault")
        row.fault(run)
        run.moments.setdefault("healed", time.time())
    except Exception as error:
        load.kill()
        run.wrong(f"the fault could not be made: {error}\n{traceback.format_exc()}")
    said = _finish(run, load)
    ground.wait_whole()
    facts = _gather(run, load, began)
    facts.rss_grown = {name: size - before[name] for name, size in ground.rss().items()
                       if name in before}
    for name in ground.supervisor.surprises:
        (run.note if row.may_end else run.wrong)(f"{name} ended by itself and was started again")
    if row.check and not run.differences:
        row.check(run, facts)
    outcome = _judge(run, facts, said)
    outcome.took_s = time.time() - began
    if not outcome.holds():
        (ground.folder / f"{workspace}.facts.json").write_text(
            json.dumps(vars(facts), default=list, indent=1))
    return outcome


def _finish(run, load):
    try:
        return load.finish(run.lasts_s)
    except StackError as error:
        run.wrong(str(error))
        return {}


# -- what is left behind

def _gather(run, load, began):
    ground, workspace = run.ground, run.workspace
    facts = Facts(moments=run.moments, extra_ids=run.extra_ids, units=UNITS,
                  recovery_max=run.row.recovery_max, lateness_max=run.row.lateness_max,
                  rss_grown_max=run.row.rss_grown_max)
    lines = load.journal.read_text().splitlines() if load.journal.exists() else []
    facts.journal = [json.loads(line) for line in lines]
    _wait_for_lag(run, facts)
    for name, topic in TOPICS.items():
        setattr(facts, name, _of(workspace, ground.records(topic, began)))
    for topic in OUTBOUND:
        facts.outbound += _of(workspace, ground.records(topic, began))
    said = json.loads(ground.as_supervisor(workspace, "kpis"))
    facts.kpis = (said.get("rows") or [{}])[0]
    _rebuild_profiles(run, facts)
    return facts


def _of(workspace, values):
    return [value for value in values if value.get("workspace") == workspace]


def _wait_for_lag(run, facts):
    try:
        wait_until("nothing is unread", lambda: not run.ground.lag(), LAG_MAX_S)
    except StackError:
        facts.lag = run.ground.lag()


def _rebuild_profiles(run, facts):
    """Asks for some customers, empties Redis, has profile fill it again, asks again."""
    customers = sorted({each["sender"]["identifier"]["value"] for each in facts.interactions
                        if each["channel"] in ASKABLE})
    asked = run.random.sample(customers, min(CUSTOMERS_ASKED_MAX, len(customers)))
    facts.before = _timelines(run, asked)
    run.ground.empty_redis()
    run.trama.tramactl("profile", "rebuild")
    run.ground.wait_whole()
    facts.after = _timelines(run, asked)


def _timelines(run, customers):
    def ask(customer):
        return wait_until(f"profile answers for {customer}", lambda: run.ground.as_supervisor(
            run.workspace, "customers", "timeline", customer, "--limit", "200", check=False).stdout)
    with concurrent.futures.ThreadPoolExecutor(ASKERS) as askers:
        return dict(zip(customers, askers.map(ask, customers)))


# -- the judgement

def _judge(run, facts, said):
    outcome = Outcome(run.row, run.seed, notes=run.notes)
    outcome.differences = invariants.check(facts)
    outcome.differences["row"] = run.differences
    outcome.differences["loadgen"] = _unexplained(facts, said)
    outcome.sent = len(facts.sent())
    outcome.lost = len(outcome.differences["I1"])
    outcome.doubled = len(outcome.differences["I2"]) + len(outcome.differences["I11"])
    if facts.sent() and "healed" in facts.moments:
        outcome.recovery_s = invariants.recovery_seconds(facts)
        came, sent = invariants.throughput(facts)
        outcome.throughput = round(came / sent, 3) if sent else None
    for name, count in sorted(said.get("refusals", {}).items()):
        outcome.notes.append(f"refused: {name} {count} times")
    return outcome


def _unexplained(facts, said):
    """What loadgen's own reconciliation names, but answers that are marked as in doubt: those are
    judged by I1 and I11."""
    messages, statuses = facts.message_of(), invariants.statuses_of(facts)
    found = []
    for each in said.get("differences", []):
        message = messages.get(each["id"], {}).get("messageId")
        is_in_doubt = {invariants.PERHAPS, "STATUS_FAILED"} & set(statuses[message])
        if not (each["where"] == "delivered" and is_in_doubt):
            found.append(f"{each['where']}: {each['id']}: {each['what']}")
    return found
