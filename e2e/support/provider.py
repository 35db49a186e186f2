"""A provider under the test's control: it records what it is asked and answers, or
misbehaves, as the test's script says. It speaks bare HTTP/1.1, so it can be wrong."""

import json
import queue
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import parse_headers
from io import BufferedIOBase
from typing import Any

from .waiting import eventually

PATIENCE = 30.0
"""No script waits longer than this, in seconds."""


@dataclass(frozen=True)
class Request:
    """What Keyward sent."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """One request, and the connection on which it is answered."""

    def __init__(self, request: Request, connection: socket.socket, provider: "Provider") -> None:
        self.request = request
        self.provider = provider
        self.keep_alive = True
        self._connection = connection

    def raw(self, data: bytes) -> None:
        """Sends these bytes."""
        self._connection.sendall(data)

    def answer(
        self,
        body: bytes,
        status: int = 200,
        content_type: str = "application/json",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Answers as a whole."""
        lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {content_type}"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self.raw("\r\n".join(lines).encode() + body)

    def begin_stream(self) -> None:
        """Begins an answer of server-sent events."""
        self.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

    def frame(self, data: bytes) -> None:
        """One chunk of a stream."""
        self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    def end_stream(self) -> None:
        """Ends a stream cleanly."""
        self.raw(b"0\r\n\r\n")

    def hang_up(self) -> None:
        """Closes the connection, whatever was promised."""
        self.keep_alive = False
        self._connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Breaks the connection, as a machine does that has forgotten it."""
        self.keep_alive = False
        at_once = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self._connection.close()

    def wait_for_hang_up(self) -> None:
        """Waits until Keyward closes the connection, and notes that it did."""
        self.keep_alive = False
        self._connection.settimeout(PATIENCE)
        try:
            left = self._connection.recv(1) == b""
        except ConnectionError:
            left = True
        except TimeoutError:
            left = False
        if left:
            with self.provider.lock:
                self.provider.hang_ups += 1


Script = Callable[[Exchange], None]


@dataclass
class Provider:
    """The provider: its address, its secret, its script, and what it saw."""

    script: Script
    secret: str = field(repr=False)
    port: int = 0
    models: tuple[str, ...] = ("gpt-test", "embed-test", "claude-test")
    calls: list[Request] = field(default_factory=list)
    """All requests but those for the list of models."""
    lists: list[Request] = field(default_factory=list)
    """Requests for the list of models."""
    hang_ups: int = 0
    """How many answers Keyward gave up."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """What Anthropic's SDK would take."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What OpenAI's SDK would take."""
        return f"{self.url}/v1"

    @property
    def last(self) -> Request:
        """The last call."""
        return self.calls[-1]

    def note_and_answer(self, exchange: Exchange) -> None:
        request = exchange.request
        if request.path.split("?")[0].endswith("/models"):
            with self.lock:
                self.lists.append(request)
            models = [{"id": model, "object": "model"} for model in self.models]
            exchange.answer(json.dumps({"object": "list", "data": models}).encode())
            return
        with self.lock:
            self.calls.append(request)
        self.script(exchange)

    def expect_hang_up(self) -> None:
        """Fails unless Keyward gives one answer up."""
        eventually("Keyward closed its connection", lambda: self.hang_ups == 1)


class Tape:
    """A stream whose frames the test hands out one by one."""

    def __init__(self) -> None:
        self._frames: queue.Queue[bytes | None] = queue.Queue()

    def send(self, frame: bytes) -> None:
        self._frames.put(frame)

    def end(self) -> None:
        self._frames.put(None)

    def play(self, exchange: Exchange) -> None:
        """The script."""
        exchange.begin_stream()
        while (frame := self._frames.get(timeout=PATIENCE)) is not None:
            exchange.frame(frame)
        exchange.end_stream()


def read_request(stream: BufferedIOBase) -> Request | None:
    """The next request of a connection; `None` when there is none."""
    line = stream.readline()
    if not line.strip():
        return None
    method, path, _ = line.decode().split()
    headers = {name.lower(): value for name, value in parse_headers(stream).items()}
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join(read_chunks(stream))
    else:
        body = stream.read(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


def read_chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    while size := int(stream.readline(), 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


class Listener(socketserver.ThreadingTCPServer):
    """Takes connections, each on a thread of its own."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), Connection)
        provider.port = self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that Keyward has closed is nothing to report."""


class Connection(socketserver.StreamRequestHandler):
    """Answers the requests of one connection, one after the other."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        assert isinstance(self.server, Listener)
        provider = self.server.provider
        while request := read_request(self.rfile):
            exchange = Exchange(request, self.connection, provider)
            provider.note_and_answer(exchange)
            if not exchange.keep_alive:
                return


@contextmanager
def scripted_provider(script: Script, secret: str) -> Iterator[Provider]:
    """A provider on a port of its own."""
    provider = Provider(script, secret)
    with Listener(provider) as listener:
        serving = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield provider
        finally:
            listener.shutdown()
            serving.join()
