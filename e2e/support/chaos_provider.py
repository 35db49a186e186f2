"""A provider that fails in every way that a caller asks it for, and remembers what it saw
and what it told. Each request says in its query who it is, so it is known as soon as its
first line has come."""

import asyncio
import json
import socket
import struct
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

GOOD = ("good", "slow")
"""Ways to answer well."""

NO_ANSWER = ("close", "reset", "half_head", "garbage", "two_lengths", "stall")
"""Ways to give no answer that anybody can use."""

REFUSALS = {"429": 429, "500": 500, "503": 503, "401": 401, "400": 400}
"""Ways to refuse."""

BROKEN_WHOLE = ("half_body", "stall_body", "short_chunks")
"""Ways to break off a whole answer."""

BROKEN_STREAM = ("cut_stream", "stall_stream", "error_frame", "endless")
"""Ways not to end a stream well."""

NO_USAGE = "no_usage"
"""A good answer that doesn't say what it used."""


@dataclass(frozen=True)
class Asked:
    """What a call asks the provider to do; it travels in the query."""

    mark: str
    """Names the call."""
    key: str
    """Names the key that it is made with."""
    run: int
    """How many times Keyward was started when the call began."""
    how: str
    input: int
    output: int

    def query(self) -> str:
        told = {"mark": self.mark, "key": self.key, "run": self.run, "how": self.how, "in": self.input, "out": self.output}
        return urlencode(told)

    @classmethod
    def read(cls, target: str) -> "Asked":
        told = dict(parse_qsl(urlsplit(target).query))
        return cls(
            told["mark"], told["key"], int(told["run"]), told["how"], int(told["in"]), int(told["out"])
        )


@dataclass
class Provider:
    """What it saw."""

    port: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    """How often each call came, by its mark."""
    answered: set[str] = field(default_factory=set)
    """Calls whose answer began well."""
    seen_of_key: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    running: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Calls under way, by key and run."""
    most: Counter[tuple[str, int]] = field(default_factory=Counter)
    """The most that were under way at one time."""
    held: set[str] = field(default_factory=set)
    """Calls that wait for `let_go`."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    troubles: list[str] = field(default_factory=list)
    """What should never have come."""
    connections: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=2048)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def close(self, server: asyncio.Server) -> None:
        """Ends everything."""
        server.close()
        while self.connections:
            for writer in self.connections:
                writer.transport.abort()
            await asyncio.sleep(0.01)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001
            self.troubles.append(f"{type(error).__name__}: {error}")
        finally:
            writer.close()
            self.connections.discard(writer)

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether another may follow."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as cut:
            # What was cut off before its end was sent all the same.
            if cut.partial:
                self.note(Asked.read(cut.partial.decode("latin-1").split(" ")[1]))
            return False
        first, *lines = head.strip().split("\r\n")
        target = first.split(" ")[1]
        if urlsplit(target).path.endswith("/models"):
            data = json.dumps({"object": "list", "data": []}).encode()
            writer.write(whole(200, data))
            await writer.drain()
            return True
        asked = Asked.read(target)
        self.note(asked)
        place = (asked.key, asked.run)
        self.running[place] += 1
        self.most[place] = max(self.most[place], self.running[place])
        done = False

        def ends() -> None:
            """The call is over as soon as Keyward can know of it."""
            nonlocal done
            if not done:
                done = True
                self.running[place] -= 1

        try:
            fields = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
            body = json.loads(await reader.readexactly(int(fields["content-length"])))
            return await Answer(self, asked, urlsplit(target).path, body, reader, writer, ends).say()
        finally:
            ends()

    def note(self, asked: Asked) -> None:
        self.seen[asked.mark] += 1
        self.seen_of_key[asked.key].add(asked.mark)


def whole(status: int, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", "Content-Type: application/json", *headers]
    lines += [f"Content-Length: {len(body) if length is None else length}", "", ""]
    return "\r\n".join(lines).encode() + body


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON_CHUNKS_HEAD = STREAM_HEAD.replace(b"text/event-stream", b"application/json")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass
class Answer:
    """One answer, good or bad."""

    provider: Provider
    asked: Asked
    path: str
    body: dict[str, Any]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ends: Any

    async def say(self) -> bool:
        how, writer = self.asked.how, self.writer
        if how == "hold":
            self.provider.held.add(self.asked.mark)
            await self.provider.let_go.wait()
        if how in REFUSALS:
            data = json.dumps({"error": {"message": "No.", "type": "no", "code": "no"}}).encode()
            await self.finish(whole(REFUSALS[how], data, "retry-after: 0", "retry-after-ms: 1"))
            return True
        if how in NO_ANSWER:
            return await self.fail()
        self.provider.answered.add(self.asked.mark)
        if self.body.get("stream"):
            return await self.stream()
        data = json.dumps(self.object(how != NO_USAGE)).encode()
        if how in BROKEN_WHOLE:
            if how == "short_chunks":
                writer.write(JSON_CHUNKS_HEAD + b"ffff\r\n" + data[:-5])
            else:
                writer.write(whole(200, data[: len(data) // 2], length=len(data)))
            await writer.drain()
            if how == "stall_body":
                await self.reader.read(1)
            return False
        if how == "slow":
            half = len(data) // 2
            writer.write(whole(200, data[:half], length=len(data)))
            await asyncio.sleep(0.02)
            await self.finish(data[half:])
        else:
            await self.finish(whole(200, data))
        return True

    async def finish(self, data: bytes) -> None:
        self.ends()
        self.writer.write(data)
        await self.writer.drain()

    async def fail(self) -> bool:
        how, writer = self.asked.how, self.writer
        if how == "stall":
            await self.reader.read(1)
        elif how == "half_head":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: applic")
        elif how == "garbage":
            writer.write(b"\x16\x03\x01\x00 what? \r\n\r\n" * 3)
        elif how == "two_lengths":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")
        elif how == "reset":
            at_once = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            writer.transport.abort()
        return False

    async def stream(self) -> bool:
        how, writer = self.asked.how, self.writer
        *words, last = self.frames()
        writer.write(STREAM_HEAD)
        if how in BROKEN_STREAM:
            for word in words[:2]:
                writer.write(chunk(word))
                await writer.drain()
            if how == "error_frame":
                await self.finish(chunk(b'event: error\ndata: {"error":{"message":"Oh.","type":"x"}}\n\n') + b"0\r\n\r\n")
                return True
            if how == "stall_stream":
                await self.reader.read(1)
            while how == "endless":
                writer.write(chunk(words[1]))
                await writer.drain()
                await asyncio.sleep(0.02)
            return False
        for word in words:
            writer.write(chunk(word))
            await writer.drain()
            if how == "slow":
                await asyncio.sleep(0.01)
        await self.finish(chunk(last) + b"0\r\n\r\n")
        return True

    def usage(self) -> dict[str, int]:
        read, said = self.asked.input, self.asked.output
        if self.path.endswith("/embeddings"):
            return {"prompt_tokens": read, "total_tokens": read}
        if self.path.endswith(("/responses", "/messages")):
            return {"input_tokens": read, "output_tokens": said}
        return {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said}

    def object(self, with_usage: bool) -> dict[str, Any]:
        told = {"id": "x" + self.asked.mark.replace(".", "-"), "text": "hello " * 40}
        return told | ({"usage": self.usage()} if with_usage else {})

    def frames(self) -> list[bytes]:
        """A whole stream; its last event is the dialect's end."""
        with_usage = self.asked.how != NO_USAGE

        def event(data: dict[str, Any]) -> bytes:
            return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()

        if self.path.endswith("/messages"):
            begun = {"type": "message_start", "message": {"usage": {"input_tokens": self.asked.input, "output_tokens": 0}}}
            ended: dict[str, Any] = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": self.asked.output}}
            if not with_usage:
                begun, ended = {"type": "message_start", "message": {}}, {"type": "message_delta", "delta": {}}
            word = event({"type": "content_block_delta", "delta": {"text": "hello"}})
            return [event(begun), word, word, event(ended), event({"type": "message_stop"})]
        if self.path.endswith("/responses"):
            response = self.object(with_usage)
            begun = event({"type": "response.created", "response": {"id": response["id"]}})
            word = event({"type": "response.output_text.delta", "delta": "hello"})
            return [begun, word, word, event({"type": "response.completed", "response": response})]
        told = {"object": "chunk", "choices": [{"delta": {"content": "hello"}, "text": "hello"}]}
        word = b"data: " + json.dumps(told).encode() + b"\n\n"
        usage = b"data: " + json.dumps({"choices": [], "usage": self.usage()}).encode() + b"\n\n"
        return [word, word, word, *([usage] if with_usage else []), b"data: [DONE]\n\n"]
