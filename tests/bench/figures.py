"""What a benchmark says: a table of figures, goals with their floors, and whether the machine was
steady enough to say anything."""

import json
import os
import statistics

# Two runs of a peer in one benchmark may differ by so much; beyond, nobody can tell the machine's
# noise from what is measured.
SPREAD_MAX = 0.25
EXIT_BELOW_FLOOR = 1
EXIT_INCONCLUSIVE = 3


def load_average():
    return os.getloadavg()[0]


def spread(values):
    """How far the highest is above the lowest."""
    return max(values) / min(values) - 1 if min(values) > 0 else float("inf")


class Figures:
    def __init__(self, name):
        self.name = name
        self.rows = []
        self.goals = {}
        self.peers = {}
        self.notes = []
        self.load = [load_average()]

    def row(self, what, value, unit=""):
        self.rows.append({"what": what, "value": value, "unit": unit})

    def peer(self, name, values):
        """What a peer gave in each of its runs; must agree."""
        self.peers[name] = values
        self.row(f"{name} (peer), median of {len(values)}", statistics.median(values))

    def goal(self, name, value, floor, goal, higher_is_better):
        """A figure that is promised: below `floor` it is not done, at `goal` it is good. A floor or
        goal may be missing (None)."""
        def reaches(limit):
            if limit is None:
                return None
            return value >= limit if higher_is_better else value <= limit
        self.goals[name] = {"value": round(value, 4), "floor": floor, "goal": goal,
                            "met": reaches(goal), "above_floor": reaches(floor),
                            "better": "higher" if higher_is_better else "lower"}

    def note(self, text):
        self.notes.append(text)

    def finish(self):
        self.load.append(load_average())

    def inconclusive(self):
        """The peers whose runs differ too much."""
        return {name: round(spread(values), 3) for name, values in self.peers.items()
                if len(values) > 1 and spread(values) > SPREAD_MAX}

    def exit_code(self):
        if self.inconclusive():
            return EXIT_INCONCLUSIVE
        below = [goal for goal in self.goals.values() if goal["above_floor"] is False]
        return EXIT_BELOW_FLOOR if below else 0

    def as_json(self):
        return json.dumps({
            "bench": self.name, "rows": self.rows, "goals": self.goals, "peers": self.peers,
            "notes": self.notes, "load_average": self.load, "inconclusive": self.inconclusive(),
            "cores": os.cpu_count()}, indent=2)

    def as_table(self):
        lines = [f"{self.name}: {os.cpu_count()} cores, load average {self.load[0]:.2f} before, "
                 f"{self.load[-1]:.2f} after"]
        width = max((len(row["what"]) for row in self.rows), default=0)
        for row in self.rows:
            lines.append(f"  {row['what']:<{width}}  {_short(row['value'])} {row['unit']}".rstrip())
        if self.goals:
            width = max(map(len, self.goals))
            lines.append(f"  {'GOAL':<{width}}  {'VALUE':>10} {'FLOOR':>10} {'GOAL':>10}")
        for name, goal in self.goals.items():
            verdict = {True: "met", False: "missed", None: ""}[goal["met"]]
            if goal["above_floor"] is False:
                verdict = "BELOW THE FLOOR"
            lines.append(f"  {name:<{width}}  {_short(goal['value']):>10} "
                         f"{_short(goal['floor']):>10} {_short(goal['goal']):>10}  {verdict}".rstrip())
        lines += [f"  note: {note}" for note in self.notes]
        for name, value in self.inconclusive().items():
            lines.append(f"  INCONCLUSIVE: runs of the peer {name} differ by {value:.0%}")
        return "\n".join(lines)


def _short(value):
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
