"""What processes cost: CPU seconds and memory, with everything that they have started."""

import os
import pathlib
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLE_S = 0.25


def _stat(pid):
    """(parent, CPU seconds with those of children that have ended, RSS in MB)"""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None
    cpu = sum(map(int, fields[11:15])) / TICKS
    return int(fields[1]), cpu, int(fields[21]) * PAGE / 2**20


def tree(pid):
    """The process and its descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(int(entry))
            if stat:
                parents.setdefault(stat[0], []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += parents.get(one, [])
    return found


def cpu_seconds(pid):
    return sum(stat[1] for each in tree(pid) if (stat := _stat(each)))


def rss_mb(pid):
    return sum(stat[2] for each in tree(pid) if (stat := _stat(each)))


def pss_mb(pid):
    """As rss_mb, but a page that several processes share counts once, not once for each."""
    total = 0
    for each in tree(pid):
        try:
            text = pathlib.Path(f"/proc/{each}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(text.split("\nPss:")[1].split()[0]) / 1024
    return total


class Sampler:
    """Writes down, while it lasts, what named processes have used."""

    def __init__(self, pids):
        self.pids = pids
        self.samples = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.wait(SAMPLE_S):
            stats = {name: _stat(pid) for name, pid in self.pids.items()}
            self.samples.append((time.time() * 1000, stats))

    def cpu_between(self, begin_ms, end_ms):
        """CPU seconds by name."""
        within = [stats for at, stats in self.samples if begin_ms <= at <= end_ms]
        if len(within) < 2:
            return {}
        return {name: within[-1][name][1] - within[0][name][1] for name in self.pids
                if within[-1][name] and within[0][name]}

    def rss_max_mb(self):
        return {name: max((stats[name][2] for _, stats in self.samples if stats[name]), default=0)
                for name in self.pids}
