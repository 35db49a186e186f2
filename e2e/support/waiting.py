"""Waiting for something to become true, with a deadline. The only place that pauses."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.01
"""Between two looks, in seconds."""


def eventually(what: str, look: Callable[[], T | None], within: float = 10.0) -> T:
    """Looks until there is something true, and answers it. `within` is in seconds."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within:g} s (last seen: {found!r})")
        time.sleep(PAUSE)
