"""Connections that say exactly what a test wants, one request after another: HTTP/1.1
byte for byte, and HTTP/2."""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events

from .wire import TIMEOUT

Lines = Sequence[tuple[str, str]]
"""Headers in their order, repeated ones too."""


@dataclass(frozen=True)
class Told:
    """What came back."""

    status: int
    body: bytes

    @property
    def code(self) -> str | None:
        """`error.code`, where there is one."""
        try:
            return json.loads(self.body)["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return None


class Line(Protocol):
    """A connection to ask on."""

    def ask(
        self, method: str, target: str, headers: Lines, body: bytes = b"", chunked: bool = False
    ) -> Told: ...

    def close(self) -> None: ...


class Http1:
    """HTTP/1.1. Connects anew after an answer that closes its connection."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.place = (place.hostname or "", place.port or 80)
        self.connection: socket.socket | None = None

    def ask(
        self, method: str, target: str, headers: Lines, body: bytes = b"", chunked: bool = False
    ) -> Told:
        lines = [f"{method} {target} HTTP/1.1"]
        names = {name.lower() for name, _ in headers}
        if "host" not in names:
            lines.append("Host: keyward")
        lines += [f"{name}: {value}" for name, value in headers]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
            half = len(body) // 2
            pieces = [piece for piece in (body[:half], body[half:]) if piece]
            body = b"".join(b"%x;a=b\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
            body += b"0\r\n\r\n"
        elif body or method in ("POST", "PUT", "PATCH"):
            if "transfer-encoding" not in names:
                lines.append(f"Content-Length: {len(body)}")
        request = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        kept = self.connection is not None
        try:
            return self._say(request, method)
        except ConnectionError:
            # Closed while nobody looked: what was sent on it isn't answered.
            assert kept, f"no answer to {method} {target}"
            self.close()
            return self._say(request, method)

    def _say(self, request: bytes, method: str) -> Told:
        if self.connection is None:
            self.connection = socket.create_connection(self.place, TIMEOUT)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self.connection
        try:
            connection.sendall(request)
        except ConnectionError:
            # Refused before all of it was sent: the answer may be there.
            pass
        read = b""
        while b"\r\n\r\n" not in read:
            read += self._more(connection)
        head, _, rest = read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
        length = 0 if method == "HEAD" else int(fields.get("content-length", 0))
        while len(rest) < length:
            rest += self._more(connection)
        assert len(rest) == length, f"something follows the answer: {rest[length:]!r}"
        if fields.get("connection") == "close":
            self.close()
        return Told(int(first.split()[1]), rest)

    def _more(self, connection: socket.socket) -> bytes:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionResetError("closed")
        return piece

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Http2:
    """HTTP/2 without TLS, known beforehand; one call at a time."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.place = (place.hostname or "", place.port or 80)
        self.connection: socket.socket | None = None
        self.state = h2.connection.H2Connection()

    def _open(self) -> socket.socket:
        if self.connection is None:
            config = h2.config.H2Configuration(
                client_side=True,
                header_encoding="latin-1",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
            self.state = h2.connection.H2Connection(config)
            self.connection = socket.create_connection(self.place, TIMEOUT)
            self.state.initiate_connection()
            # So much may come without a word in between.
            self.state.increment_flow_control_window(1 << 30)
        return self.connection

    def ask(
        self, method: str, target: str, headers: Lines, body: bytes = b"", chunked: bool = False
    ) -> Told:
        connection = self._open()
        state = self.state
        stream = state.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", "keyward")]
        fields += [(":path", target), *((name.lower(), value) for name, value in headers)]
        if not chunked:
            fields.append(("content-length", str(len(body))))
        state.send_headers(stream, fields, end_stream=not body)
        # Within the window that Keyward opens at once.
        for at in range(0, len(body), 16384):
            state.send_data(stream, body[at : at + 16384], end_stream=at + 16384 >= len(body))
        connection.sendall(state.data_to_send())
        status, said, done = 0, b"", False
        while not done:
            data = connection.recv(65536)
            assert data, f"no answer to {method} {target}"
            for event in state.receive_data(data):
                match event:
                    case h2.events.ResponseReceived(stream_id=at, headers=answer) if at == stream:
                        status = int(dict(answer or [])[":status"])
                    case h2.events.DataReceived(stream_id=at, data=piece) if at == stream:
                        said += piece or b""
                    case h2.events.StreamReset(stream_id=at) if at == stream:
                        done = True
                    case h2.events.StreamEnded(stream_id=at) if at == stream:
                        done = True
                    case h2.events.ConnectionTerminated():
                        done = True
                        self.connection = None
            if self.connection is not None:
                connection.sendall(state.data_to_send())
        if state.highest_inbound_stream_id > 1_000_000:
            self.close()
        return Told(status, said)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None
