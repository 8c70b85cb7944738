"""Faults of Redis."""


def kill_and_empty(run):
    """kill -9: it comes back empty, since nothing is kept on disk. Then FLUSHALL under load."""
    run.ground.kill("redis")
    run.pause(8)
    run.ground.empty_redis()
    run.mark("healed")
    run.pause(2)
