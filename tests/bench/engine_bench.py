"""engine: what the routing machine takes in per CPU second, alone. routing_bench measures two machines
turn by turn, one with ten times the agents of the other; here it runs several times, and its runs must
agree."""

import json
import statistics
import subprocess

from figures import Figures

INPUTS = "engine_inputs_per_cpu_second"
GROWTH = "engine_cost_of_10_times_the_agents"


def run(build):
    done = subprocess.run([str(build / "bin/routing_bench"), "-o", "json"], capture_output=True,
                          text=True)
    if done.returncode != 0 or not done.stdout.startswith("{"):
        raise RuntimeError(f"routing_bench: exit {done.returncode}\n"
                           f"{done.stderr}{done.stdout[-500:]}")
    return json.loads(done.stdout)


def main(options):
    figures = Figures("engine")
    runs = [run(options.build) for _ in range(options.rounds)]

    def of(goal):
        return [each["goals"][goal]["value"] for each in runs]
    figures.peer("inputs per CPU second", of(INPUTS))
    for name, cost in runs[-1]["inputs"].items():
        figures.row(name, f"{cost['mean_us']:.1f} / {cost['p99_us']:.1f}", "us mean / p99")
    figures.goal(INPUTS, statistics.median(of(INPUTS)), None, 200_000, True)
    figures.goal(f"G8_{GROWTH}", statistics.median(of(GROWTH)), 3, 1.5, False)
    figures.note("durable assignments per CPU second: see path")
    figures.finish()
    return figures
