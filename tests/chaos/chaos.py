#!/usr/bin/env python3
"""What tools/chaos runs: load and one fault after the other, and whether the invariants held.

  tools/chaos                       every row of the fault matrix
  tools/chaos --rows 1,2 --seed 7   some alone
  tools/chaos --list                what rows there are

Exit code 0: everything held; 1: something did not, or a row could not be run; 2: wrong settings."""

import argparse
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import network  # noqa: E402
from ground import CHANNELS, ROOT, Ground, StackError  # noqa: E402
from play import Outcome, play  # noqa: E402
from rows import ROWS  # noqa: E402

RATE = 30
SHOWN_MAX = 8
EXIT_BROKEN = 1
EXIT_UNUSABLE = 2


def main():
    options = _options()
    rows = _chosen(options.rows)
    if options.list:
        for row in rows:
            print(f"{row.number:>3}  {row.name}")
        return 0
    network.enter()
    # Whoever is told to end still stops what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_UNUSABLE))
    print(HEADER, file=_out(options))
    outcomes = []
    for kind in dict.fromkeys(row.ground for row in rows):
        outcomes += _play_all(options, kind, [row for row in rows if row.ground == kind])
    return _conclude(options, outcomes)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="", help="numbers with commas; all when empty")
    parser.add_argument("--seed", type=int, default=1, help="decides all that is left to chance")
    parser.add_argument("--rate", type=float, default=RATE, help="messages a second")
    parser.add_argument("--channels", default=CHANNELS,
                        help="what share of the messages each gets; whatsapp and open run only where "
                             f"they are named; default: {CHANNELS}")
    parser.add_argument("--short", action="store_true", help="fewer faults, less load around them")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    parser.add_argument("--list", action="store_true", help="only say what rows there are")
    parser.add_argument("-o", choices=("table", "json"), default="table")
    return parser.parse_args()


def _chosen(text):
    known = {row.number: row for row in ROWS}
    try:
        numbers = [int(part) for part in text.split(",") if part] or list(known)
    except ValueError:
        numbers = [None]
    unknown = [number for number in numbers if number not in known]
    if unknown:
        raise StackError(f"--rows {text} must be numbers out of {', '.join(map(str, known))}")
    return [known[number] for number in numbers]


def _play_all(options, kind, rows):
    """Rows of one kind of ground. A row after which the stack is not whole again has not held; the
    next ones get a new one."""
    outcomes, left = [], list(rows)
    while left:
        try:
            with Ground(options.build, channels=options.channels, **dict(kind)) as ground:
                while left:
                    outcomes.append(_play_one(options, ground, left.pop(0)))
                    _say(options, outcomes[-1])
                    ground.keeps_folder |= not outcomes[-1].holds()
                    if ground.is_broken:
                        break
        except StackError as error:
            outcomes += [Outcome(row, options.seed, not_run=str(error)) for row in left]
            for outcome in outcomes[len(outcomes) - len(left):]:
                _say(options, outcome)
            break
    return outcomes


def _play_one(options, ground, row):
    if row.needs_network and not network.is_own():
        return Outcome(row, options.seed, not_run="needs root and a network namespace of its own")
    try:
        return play(ground, row, options)
    except StackError as error:
        ground.is_broken = True
        return Outcome(row, options.seed, differences={"row": [str(error)]})


# -- what it says

HEADER = (f"{'ROW':>3}  {'SEED':>4}  {'SENT':>5}  {'LOST':>4}  {'TWICE':>5}  {'FLOW':>5}  "
          f"{'BACK':>6}  {'TOOK':>5}  HELD")
# quality.md G21: under these faults this part of the steady throughput goes on at least.
THROUGHPUT_ROWS, THROUGHPUT_FLOOR, THROUGHPUT_GOAL = (1, 3, 13), 0.3, 0.6


def _out(options):
    """Rows as soon as they are over; with -o json on standard error, for whoever waits."""
    return sys.stdout if options.o == "table" else sys.stderr


def _say(options, outcome):
    out = _out(options)
    back = "-" if outcome.recovery_s is None else f"{outcome.recovery_s:.1f} s"
    flow = "-" if outcome.throughput is None else f"{outcome.throughput:.0%}"
    print(f"{outcome.row.number:>3}  {outcome.seed:>4}  {outcome.sent:>5}  {outcome.lost:>4}  "
          f"{outcome.doubled:>5}  {flow:>5}  {back:>6}  {outcome.took_s:>3.0f} s  {_held(outcome)}  "
          f"({outcome.row.name})", file=out)
    for note in outcome.notes:
        print(f"       {note}", file=out)
    for name, found in outcome.differences.items():
        for text in found[:SHOWN_MAX]:
            print(f"     {name}: {text}", file=out)
        if len(found) > SHOWN_MAX:
            print(f"     {name}: and {len(found) - SHOWN_MAX} more", file=out)
    out.flush()


def _held(outcome):
    if outcome.not_run:
        return f"NOT RUN: {outcome.not_run}"
    broken = [name for name, found in outcome.differences.items() if found]
    return "all" if not broken else "NOT " + ", ".join(broken)


def _conclude(options, outcomes):
    held = [outcome for outcome in outcomes if outcome.holds()]
    others = [str(outcome.row.number) for outcome in outcomes if not outcome.holds()]
    flows = [outcome.throughput for outcome in outcomes
             if outcome.row.number in THROUGHPUT_ROWS and outcome.throughput is not None]
    goals = {}
    if flows:
        goals["G21_throughput_under_faults"] = {
            "value": min(flows), "floor": THROUGHPUT_FLOOR, "goal": THROUGHPUT_GOAL,
            "met": min(flows) >= THROUGHPUT_GOAL}
    if options.o == "json":
        print(json.dumps({"seed": options.seed, "rate": options.rate, "cores": os.cpu_count(),
                          "rows": [outcome.as_json() for outcome in outcomes],
                          "goals": goals, "held": not others}, indent=2))
    else:
        for name, goal in goals.items():
            print(f"{name}: {goal['value']:.2f} (floor {goal['floor']}, goal {goal['goal']})")
        print(f"{len(held)} of {len(outcomes)} rows held with seed {options.seed}"
              + (f"; not: {', '.join(others)}" if others else ""))
    return EXIT_BROKEN if others else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StackError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_UNUSABLE)
