"""How many connections a process takes, and what becomes of one too many."""

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.keyward import Installation
from support.waiting import eventually
from support.wire import send

FILES = resource.RLIMIT_NOFILE


@contextmanager
def few_files(soft: int) -> Iterator[int]:
    """What is started meanwhile begins with so few; answers how many it may have."""
    before, hard = resource.getrlimit(FILES)
    resource.setrlimit(FILES, (soft, hard))
    try:
        yield hard
    finally:
        resource.setrlimit(FILES, (before, hard))


def test_the_limit_of_open_files_is_raised_to_what_is_allowed(fresh: Installation) -> None:
    fresh.init()
    with few_files(200) as hard:
        server = fresh.start()

    limits = Path(f"/proc/{server.process.pid}/limits").read_text().splitlines()
    files = next(line.split() for line in limits if line.startswith("Max open files"))
    assert files[3:5] == [str(hard), str(hard)]


def test_one_connection_too_many_is_refused_and_the_others_are_answered(
    fresh: Installation,
) -> None:
    fresh.init()
    server = fresh.spawn("--max-connections", "3")
    host, port = server.url.removeprefix("http://").split(":")
    asking = f"GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()

    def ask(connection: socket.socket) -> bytes:
        connection.sendall(asking)
        return connection.recv(65536)

    held = [socket.create_connection((host, int(port)), 10) for _ in range(3)]
    assert all(ask(connection).startswith(b"HTTP/1.1 200") for connection in held)
    send(server.url, "GET", "/healthz").expect(503, "too_many_connections")
    assert all(ask(connection).startswith(b"HTTP/1.1 200") for connection in held)
    for connection in held:
        connection.close()
    eventually("there is room again", lambda: send(server.url, "GET", "/healthz").status == 200)
