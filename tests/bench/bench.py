#!/usr/bin/env python3
"""What tools/bench runs.

  tools/bench path      from a signed message to the offer in an agent's client
  tools/bench ingest    acknowledged messages per CPU second, beside nginx and a Go server
  tools/bench engine    the routing machine alone
  tools/bench rpc       calls per CPU second, beside a trivial echo
  tools/bench restore   size, start, and an engine that was killed beside a bare read

Exit code 0: no figure is below its floor; 1: one is; 2: it could not be run; 3: inconclusive, the
runs of a peer differ by more than 25 %."""

import argparse
import importlib
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import figures  # noqa: E402
from ground import ROOT, stack  # noqa: E402

# name -> (seconds of one measurement, rounds)
BENCHES = {"path": (60, 2), "ingest": (8, 3), "engine": (0, 3), "rpc": (5, 3), "restore": (0, 3)}
EXIT_UNUSABLE = 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", choices=BENCHES)
    parser.add_argument("-o", choices=("table", "json"), default="table")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--seconds", type=float, help="of one measurement")
    parser.add_argument("--rounds", type=int, help="of each")
    parser.add_argument("--rate", type=float, default=500, help="path: messages a second")
    parser.add_argument("--agents", type=int, default=200, help="path: how many agents")
    parser.add_argument("--warm-up", type=float, default=120, help="path: seconds before it counts")
    parser.add_argument("--conversations", type=int, default=100_000, help="restore: open ones")
    options = parser.parse_args()
    # Whoever is told to end still stops what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_UNUSABLE))
    seconds, rounds = BENCHES[options.bench]
    options.seconds = options.seconds or seconds
    options.rounds = options.rounds or rounds
    said = importlib.import_module(f"{options.bench}_bench").main(options)
    print(said.as_json() if options.o == "json" else said.as_table())
    return said.exit_code()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (stack.StackError, RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_UNUSABLE)
