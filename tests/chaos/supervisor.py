"""Starts again what has ended, as Kubernetes would: every service process of a stack, its Redis and
its brokers, but those that are held down for a while."""

import contextlib
import threading

import stack

LOOK_S = 0.05


class Supervisor:
    """`revive`: name -> function that starts it again and returns once that is under way."""

    def __init__(self, trama, revive=None):
        self.trama = trama
        self.revive = {name: self._service(name) for name in trama.replicas()}
        self.revive.update(revive or {})
        self.is_alive = {name: trama.process(name).pid for name in trama.replicas()}
        self.held = set()
        self.killed = set()  # By us: their end is no surprise.
        self.surprises = []  # Names of those that ended by themselves.
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _service(self, name):
        return lambda: self.trama.start_service(name)

    def watch(self, name, is_alive, revive):
        """Something else than a service process."""
        with self.lock:
            self.is_alive[name], self.revive[name] = is_alive, revive

    def start(self):
        self.thread.start()

    def stop(self):
        self.over.set()
        self.thread.join()

    @contextlib.contextmanager
    def holding(self, *names):
        """Nobody starts these again meanwhile."""
        with self.lock:
            self.held.update(names)
        try:
            yield
        finally:
            with self.lock:
                self.held.difference_update(names)

    def _run(self):
        while not self.over.is_set():
            with self.lock:
                dead = [name for name, alive in self.is_alive.items()
                        if name not in self.held and not alive()]
                for name in dead:
                    self._start(name)
            self.over.wait(LOOK_S)

    def _start(self, name):
        # What was killed may hold its ports for some milliseconds: the next look tries again.
        with contextlib.suppress(stack.StackError):
            self.revive[name]()
            if name not in self.killed:
                self.surprises.append(name)
            self.killed.discard(name)
