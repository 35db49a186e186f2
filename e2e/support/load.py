"""Many callers at once, for a process that is to end under them."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from .admin import Key
from .calls import ask_for, chat
from .waiting import eventually

CALLERS = 16


@dataclass
class Load:
    """Calls without pause, and what became of each."""

    statuses: list[int] = field(default_factory=list)
    broken: int = 0
    """Calls whose connection broke or was refused."""
    stop: threading.Event = field(default_factory=threading.Event)

    def call_on(self, key: Key, url: str) -> None:
        while not self.stop.is_set():
            try:
                self.statuses.append(chat(key, url, ask_for("gpt-test")).status)
            except (OSError, HTTPException):
                self.broken += 1
                return

    @property
    def completed(self) -> int:
        return self.statuses.count(200)


@contextmanager
def under_load(key: Key, url: str, calls: int) -> Iterator[Load]:
    """Runs its block once so many calls were answered."""
    load = Load()
    with ThreadPoolExecutor(CALLERS) as pool:
        callers: list[Future[None]] = [pool.submit(load.call_on, key, url) for _ in range(CALLERS)]
        try:
            eventually(f"{calls} calls are answered", lambda: len(load.statuses) >= calls)
            yield load
        finally:
            load.stop.set()
    for caller in callers:
        caller.result()
