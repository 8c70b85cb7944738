"""An owner that is killed in the middle of its transactions holds up its own workspace until it is
back, and nobody else's deliveries."""

import unittest

from neighbours import OTHER_SINKS, Load, Neighbours, main

BUSY_RATE, QUIET_RATE, AGENTS = 25, 4, 5
CALM_S, KILLS, BETWEEN_S = 8, 6, 3
# Far less than the 6 s of a session and the 10 s of a transaction, which it would be otherwise.
DELAY_MAX_MS = 1000


class Neighbour(Neighbours):
    def test_a_killed_owner_does_not_hold_up_the_deliveries_of_another_workspace(self):
        ground = self.ground
        busy = self.workspace_where(lambda name: True, "busy")
        killed = ground.owner("routing", busy[0])
        quiet = self.workspace_where(
            lambda name: ground.owner("routing", name) != killed, "quiet", OTHER_SINKS)
        calm = self.play(quiet, QUIET_RATE, CALM_S, 1)
        calm.wait_until_it_flows()
        slowest_calm = self.slowest(calm.finish(CALM_S))

        lasts = KILLS * BETWEEN_S
        loads = [self.play(busy, BUSY_RATE, lasts, 2), self.play(quiet, QUIET_RATE, lasts, 3)]
        for load in loads:
            load.wait_until_it_flows()
        for _ in range(KILLS):
            ground.kill_under_load(ground.owner("routing", busy[0]), BETWEEN_S / 2)
        of_busy, of_quiet = (load.finish(lasts) for load in loads)

        self.assertEqual(of_busy["differences"], [])
        self.assertEqual(of_quiet["differences"], [])
        self.assertGreater(of_busy["sent"], BUSY_RATE * lasts / 2)
        self.assertLess(self.slowest(of_quiet) - slowest_calm, DELAY_MAX_MS)

    def play(self, workspace, rate, seconds, seed):
        name, world = workspace
        return Load(self.ground, name, world, rate=rate, duration=f"{seconds}s", seed=seed,
                    agents=AGENTS, channels="sms", run_id=f"{name}-{seed}")

    @staticmethod
    def slowest(said):
        return said["latencies"]["reply to vendor"]["max_ms"]


if __name__ == "__main__":
    main()
