"""Faults of Redis."""

from ground import wait_until


def kill_and_empty(run):
    """kill -9: it comes back empty, since nothing is kept on disk. Then FLUSHALL under load."""
    process = run.ground.process("redis")
    pid = process.pid()
    run.ground.kill("redis")
    run.pause(8)
    run.expect(process.pid() not in (None, pid), "Redis was not killed, or did not come back")
    # Profile and the doors have filled it again by now.
    wait_until("there is something to forget", lambda: int(run.ground.redis("DBSIZE")))
    run.ground.empty_redis()
    run.mark("healed")
    run.pause(2)
