"""HTTP without a helping library: what is sent is exactly what the test says."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 30.0
"""Nothing here takes longer than this, in seconds."""

Headers = Mapping[str, str]


class Unavailable(AssertionError):
    """Nothing was done, since something that it takes can't be reached at the moment."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """`error.code` of either envelope."""
        return self.json["error"]["code"]

    def header(self, name: str) -> str | None:
        return self.headers[name]

    def expect(self, status: int, code: str | None = None) -> "Answer":
        """Fails, showing the answer, unless it is of that status and error code."""
        if self.status == 503 != status:
            raise Unavailable(f"503 instead of {status}: {self.body!r}")
        assert self.status == status, f"{self.status} instead of {status}: {self.body!r}"
        if code is not None:
            assert self.code == code, f"{self.code} instead of {code}: {self.body!r}"
        return self


def send(
    url: str,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Headers | None = None,
    timeout: float = TIMEOUT,
) -> Answer:
    """One request on a connection of its own."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def connect(url: str, timeout: float = TIMEOUT) -> socket.socket:
    """A bare connection."""
    place = urlsplit(url)
    return socket.create_connection((place.hostname or "", place.port or 80), timeout)


def send_bytes(url: str, request: bytes) -> Answer:
    """Sends these bytes and reads one answer."""
    with connect(url) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        with response:
            return Answer(response.status, response.headers, response.read())


def bearer(key: str) -> dict[str, str]:
    """The usual way to present a key."""
    return {"Authorization": f"Bearer {key}"}


def json_headers(key: str) -> dict[str, str]:
    return {**bearer(key), "Content-Type": "application/json"}
