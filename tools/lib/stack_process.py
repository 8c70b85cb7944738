"""Processes of ours, known by the pid that was written down when they were started, and waiting
for what they do."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

HOST = "127.0.0.1"
READY_WAIT_MAX_S = 90
STOP_WAIT_MAX_S = 40


class StackError(Exception):
    """Something a person has to mend; the text says what."""


def wait_until(what, condition, seconds=READY_WAIT_MAX_S):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise StackError(f"gave up after {seconds} s waiting until {what}")
        time.sleep(0.05)


def port_is_open(port):
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


class Process:
    """One process of ours, known by its pid file, over any number of runs of this tool.

    It has a process group of its own, which a terminal's interrupt does not reach, and no session of
    its own: to each session Linux gives the same share of the cores (sched(7), "The autogroup
    feature"), as much to what can wait as to what somebody waits for."""

    def __init__(self, folder, name):
        self.name = name
        self.pid_file = folder / "pids" / name
        self.log_file = folder / "logs" / f"{name}.log"

    def pid(self):
        try:
            pid, started = self.pid_file.read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        return int(pid) if _start_time(int(pid)) == started else None

    def start(self, command, env=None):
        if self.pid():
            return False
        for file in (self.pid_file, self.log_file):
            file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_file, "ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(env or {})}, process_group=0)
        self.pid_file.write_text(f"{process.pid} {_start_time(process.pid)}")
        return True

    def wait_until_it_listens(self, port, seconds):
        """Who has ended will not: what he said last is told at once."""
        def listens():
            if port_is_open(port):
                return True
            if self.pid() is None:
                raise StackError(f"{self.name} has ended instead of listening at port {port}:\n"
                                 f"{self.tail()}")
            return False
        wait_until(f"{self.name} listens at port {port}", listens, seconds)

    def signal(self, number):
        pid = self.pid()
        if pid:
            os.kill(pid, number)
        return pid

    def stop(self, seconds=STOP_WAIT_MAX_S):
        pid = self.signal(signal.SIGTERM)
        if pid:
            deadline = time.monotonic() + seconds
            while self.pid() and time.monotonic() < deadline:
                _reap(pid)
                time.sleep(0.02)
            if self.pid():
                self.kill()
            else:
                _wait_until_gone(pid)
        self.pid_file.unlink(missing_ok=True)

    def kill(self):
        pid = self.signal(signal.SIGKILL)
        if pid:
            _wait_until_gone(pid)
            while self.pid():
                time.sleep(0.01)
        self.pid_file.unlink(missing_ok=True)

    def tail(self, lines=15):
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(no log)"


def _start_time(pid):
    """When the kernel started that pid: tells our process from a later one with its number."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, IndexError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def _wait_until_gone(pid):
    """Until a process that has ended holds no port any more: it counts as a zombie as soon as its
    first thread has ended, and keeps its files until the last one has."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _reap(pid):
    """Only that one: others may be waited for by somebody else."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
