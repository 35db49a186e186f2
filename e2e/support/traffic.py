"""Calls of several keys at several nodes without pause, and what each caller saw."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from .admin import Key
from .answers import DONE
from .calls import CHAT, ask_for
from .waiting import eventually
from .wire import Answer, json_headers, send

CALLERS = 8
WHOLE = ask_for("gpt-test")
STREAM = b'{"model":"gpt-test","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'


def call(key: Key | str, url: str, body: bytes = WHOLE) -> Answer:
    """One chat at the scripted provider."""
    secret = key if isinstance(key, str) else key.value
    return send(url, "POST", CHAT, body, json_headers(secret))


@dataclass
class Load:
    """What callers of one key saw."""

    key: Key
    completed: int = 0
    """Answers that came whole: of streams, with their last frame."""
    refused: list[str | None] = field(default_factory=list)
    """The code of each refusal."""
    broken: int = 0
    """Calls whose connection broke or was refused."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call_once(self, url: str, body: bytes) -> bool:
        """Answers whether the server is still there."""
        try:
            answer = call(self.key, url, body)
        except (OSError, HTTPException):
            with self.lock:
                self.broken += 1
            return False
        with self.lock:
            if answer.status != 200:
                self.refused.append(answer.code)
            elif body is WHOLE or answer.body.endswith(DONE):
                self.completed += 1
        return True


@contextmanager
def loaded(urls: list[str], *loads: Load, answered: int = 0) -> Iterator[None]:
    """Runs its block while every key is called at every address, whole and streamed,
    once so many calls were answered."""
    stop = threading.Event()

    def go_on(load: Load, url: str, body: bytes) -> None:
        while not stop.is_set() and load.call_once(url, body):
            pass

    def seen() -> int:
        return sum(load.completed + len(load.refused) for load in loads)

    before = seen()
    each = [(load, url, body) for load in loads for url in urls for body in (WHOLE, STREAM)]
    callers = each * max(1, CALLERS // len(each))
    with ThreadPoolExecutor(len(callers)) as pool:
        running = [pool.submit(go_on, *caller) for caller in callers]
        try:
            eventually("calls are answered", lambda: seen() - before >= answered, within=30)
            yield
        finally:
            stop.set()
    for caller in running:
        caller.result()
