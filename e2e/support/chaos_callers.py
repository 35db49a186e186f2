"""Callers of all manners: patient ones, slow readers, slow senders, and those that hang up
somewhere in the middle. Each writes down what it got."""

import asyncio
import itertools
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .chaos_provider import BROKEN_STREAM, BROKEN_WHOLE, Asked

CHAT = "/v1/chat/completions"
STREAMABLE = (CHAT, "/v1/completions", "/v1/responses", "/v1/messages")
ROUTES = (*STREAMABLE, "/v1/embeddings")

NEVER_ENDS = 90.0
"""A call that lasts longer, in seconds, hangs; nothing else here is timed."""

LAST = (b"data: [DONE]\n", b"event: message_stop\n", b"event: response.completed\n")
"""What the last event of a stream begins with in each dialect."""

MODELS_OF_ONE_CALL = 5000
"""How many calls of a key have a model of their own; the ledger has a row for each."""

MANNERS = ("patient",) * 6 + ("slow reader", "slow sender", "hangs up asking", "hangs up waiting", "hangs up reading")
CALM = ("patient", "slow reader", "slow sender")

numbers = itertools.count(1)


@dataclass
class Caller:
    """A key in use, and everything that became of its calls."""

    name: str
    secret: str = field(repr=False)
    id: str = ""
    hows: tuple[str, ...] = ("good",)
    manners: tuple[str, ...] = MANNERS
    model_for_each: bool = False
    """Each call asks for a model of its own, so that the ledger tells it apart."""
    cap: int | None = None
    parallel: int | None = None
    rate: int | None = None
    """Requests a minute."""
    budget: int | None = None
    """What its calls may cost in all, in nanodollars. Such a caller says how long an answer
    may be, and its provider keeps to that."""
    calls: "list[Call]" = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Call:
    """One call, and what its caller saw of it."""

    asked: Asked
    model: str
    route: str
    secret: str = field(repr=False)
    is_bounded: bool = False
    began: float = 0.0
    ended: float = 0.0
    status: int = 0
    code: str | None = None
    whole: bool = False
    """The answer came to its end; a stream, its last event."""
    killed: bool = False
    """Keyward was killed meanwhile."""
    hangs: bool = False
    ends_early: bool = False
    """A stream that ended like a whole one, without its last event."""

    @property
    def is_refused_by_provider(self) -> bool:
        """The provider said no, and its caller had all of that."""
        return self.whole and self.status != 200 and self.code in ("no", "provider_authentication_failed")

    @property
    def is_answered(self) -> bool:
        """It succeeded, and its caller had all of the answer."""
        return self.status == 200 and self.whole


@dataclass
class World:
    """Where Keyward is at the moment."""

    url: str = ""
    run: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False


MOST_ASKED, MOST_SAID = 200, 5000
"""Tokens of a call that a budget holds, at the most."""


def body_of(model: str, stream: bool, is_bounded: bool = False) -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "input": "hello", "prompt": "hello"}
    bounds = {"max_tokens": MOST_SAID, "max_output_tokens": MOST_SAID}
    return json.dumps(body | ({"stream": True} if stream else {}) | (bounds if is_bounded else {})).encode()


def next_call(caller: Caller, world: World, dice: random.Random, how: str | None = None) -> tuple[Call, bool]:
    number = next(numbers)
    how = how or dice.choice(caller.hows)
    # Each way to break off is one of whole answers or of streams.
    stream = how in BROKEN_STREAM or (how not in BROKEN_WHOLE and dice.random() < 0.5)
    route = dice.choice(STREAMABLE if stream else ROUTES)
    output = 0 if route.endswith("/embeddings") else dice.randrange(1, MOST_SAID)
    read = dice.randrange(1, 9000 if caller.budget is None else MOST_ASKED)
    asked = Asked(f"{caller.name}.{number}", caller.name, world.run, how, read, output)
    alone = caller.model_for_each and len(caller.calls) < MODELS_OF_ONE_CALL
    model = f"chaos-{number}" if alone else f"chaos-{'ab'[number % 2]}"
    return Call(asked, model, route, caller.secret, is_bounded=caller.budget is not None), stream


async def make(
    caller: Caller, world: World, dice: random.Random, how: str | None = None, manner: str | None = None
) -> Call:
    """Makes one call, in one of the caller's manners if none is given."""
    call, stream = next_call(caller, world, dice, how)
    manner = manner or dice.choice(caller.manners)
    if call.asked.how == "endless":
        manner = "hangs up reading"
    caller.calls.append(call)
    try:
        async with asyncio.timeout(NEVER_ENDS):
            await speak(call, world, manner, stream, dice)
    except TimeoutError:
        call.hangs = True
    except (OSError, asyncio.IncompleteReadError, ValueError, IndexError):
        # The connection broke: what came until then is written down.
        pass
    call.ended = asyncio.get_running_loop().time()
    call.killed = call.asked.run != world.run
    if call.code is not None:
        caller.refused[call.code] += 1
    return call


async def speak(call: Call, world: World, manner: str, stream: bool, dice: random.Random) -> None:
    place = urlsplit(world.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        body = body_of(call.model, stream, call.is_bounded)
        head = (
            f"POST {call.route}?{call.asked.query()} HTTP/1.1\r\nHost: keyward\r\nAuthorization: Bearer {call.secret}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode()
        call.began = asyncio.get_running_loop().time()
        if manner == "slow sender":
            for piece in (head, body[: len(body) // 2], body[len(body) // 2 :]):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(dice.uniform(0, 0.03))
        elif manner == "hangs up asking":
            writer.write(head + body[: dice.randrange(len(body))])
            await writer.drain()
            return
        else:
            writer.write(head + body)
            await writer.drain()
        if manner == "hangs up waiting":
            await asyncio.sleep(dice.uniform(0, 0.01))
            return
        await hear(call, reader, manner, dice)
    finally:
        if manner.startswith("hangs up"):
            writer.transport.abort()
        writer.close()


async def hear(call: Call, reader: asyncio.StreamReader, manner: str, dice: random.Random) -> None:
    """Reads the answer, as far as the caller's patience goes."""
    told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in told[1:])}
    call.status = int(told[0].split(" ")[1])
    length = int(fields["content-length"]) if "content-length" in fields else None
    is_stream = fields["content-type"].startswith("text/event-stream")
    pieces_taken = dice.randrange(1, 4) if manner == "hangs up reading" else 1 << 30
    said, ended = b"", length == 0
    for _ in range(pieces_taken):
        if ended:
            break
        if manner == "slow reader":
            await asyncio.sleep(dice.uniform(0, 0.02))
        if length is None:
            size = int(await reader.readline(), 16)
            said += (await reader.readexactly(size + 2))[:-2]
            ended = size == 0
        else:
            piece = await reader.read(min(4096, length - len(said)))
            if not piece:
                return
            said += piece
            ended = len(said) == length
        if is_stream and any(last in said for last in LAST) and said.endswith(b"\n\n"):
            # With its last event all is there, whatever comes behind.
            call.whole = True
    if not is_stream:
        call.whole = ended
    call.ends_early = ended and not call.whole and b"error" not in said
    if call.whole and call.status != 200:
        call.code = json.loads(said)["error"]["code"]
