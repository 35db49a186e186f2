"""A provider that hangs, resets, truncates and talks nonsense, over real sockets: each
call gets a clear answer, and none is forgotten."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from support import answers
from support.admin import Admin, Key
from support.answers import CHAT, DONE, chat_chunk
from support.calls import CHAT as CHAT_PATH
from support.calls import chat
from support.databases import Database
from support.keyward import Installation, Server, installation
from support.traffic import STREAM, WHOLE, call
from support.provider import Exchange, Provider, Script, scripted_provider
from support.waiting import eventually


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One that gives a silent provider a second. The database plays no part here."""
    with installation(tmp_path_factory.mktemp("impatient"), Database(url=None)) as made:
        made.environment["KEYWARD_RESPONSE_TIMEOUT"] = "1"
        made.environment["KEYWARD_IDLE_TIMEOUT"] = "1"
        yield made


@pytest.fixture(scope="module")
def owner(impatient: Installation) -> Admin:
    organization = impatient.init()
    return Admin(impatient.start().url, organization, impatient.secrets)


@dataclass
class Seen:
    """What a caller gets to see of an answer."""

    status: int = 0
    body: bytes = b""
    whole: bool = False

    def refuse_as_whole(self, code: str) -> None:
        """Fails when a caller could take it for the provider's whole answer: it is
        either Keyward's refusal, or visibly cut."""
        if self.whole:
            assert self.status >= 500 and code.encode() in self.body, self
        else:
            assert self.status in (0, 200), self


@dataclass
class Line:
    """A key, and the provider at the other end."""

    server: Server
    provider: Provider
    key: Key

    def counted(self, calls: int, tokens: int = 0) -> None:
        """Fails unless so much is counted, and the same key goes on working."""
        eventually("the calls are counted", lambda: self.key.read()["request_count"] == calls)
        assert self.key.read()["usage"]["total_tokens"] == tokens
        self.provider.script = answers.behave
        call(self.key, self.server.url).expect(200)

    def read(self, body: bytes = WHOLE) -> Seen:
        """Asks, and reads as far as the answer goes."""
        place = self.server.url.removeprefix("http://")
        headers = {
            "Authorization": f"Bearer {self.key.value}",
            "Content-Type": "application/json",
        }
        seen = Seen()
        with closing(http.client.HTTPConnection(place, timeout=30)) as connection:
            connection.request("POST", CHAT_PATH, body, headers)
            # Not left open when reading breaks off.
            with closing(connection.getresponse()) as answer:
                seen.status = answer.status
                try:
                    while piece := answer.read1():
                        seen.body += piece
                    seen.whole = not answer.length
                except (OSError, ValueError, http.client.HTTPException):
                    pass
        return seen


@pytest.fixture
def line(owner: Admin, impatient: Installation) -> Iterator[Line]:
    secret = impatient.secrets.make("sk-provider-", "a provider's secret")
    with scripted_provider(answers.behave, secret) as provider:
        project = owner.create_project()
        project.create_credential("openai", api_key=secret, base_url=provider.base_url)
        yield Line(impatient.servers[0], provider, project.create_key())
    assert "panic" not in impatient.servers[0].log.read_text()


def raw(data: bytes) -> Script:
    """Says this and hangs up."""

    def script(exchange: Exchange) -> None:
        exchange.raw(data)
        exchange.hang_up()

    return script


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SHORT = HEAD + b"Content-Length: %d\r\n\r\n" % (len(CHAT) + 10) + CHAT

UNUSABLE = {
    "closes at once": raw(b""),
    "resets": Exchange.reset,
    "says no HTTP": raw(b"\x16\x03\x01 what?\r\n\r\n" * 20),
    "says the wrong version": raw(b"HTTP/9.9 200 OK\r\n\r\n"),
    "says an impossible status": raw(b"HTTP/1.1 999999 OK\r\n\r\n"),
    "has no end of its head": raw(b"HTTP/1.1 200 OK\r\nContent-Type: app"),
    "has two lengths": raw(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    "has a length and chunks": raw(
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    ),
    "has an endless header": raw(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 4_000_000),
    "has endless headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X-More: y\r\n" * 400_000),
}


@pytest.mark.parametrize("how", UNUSABLE)
def test_an_answer_that_cannot_be_used_is_a_502(how: str, line: Line) -> None:
    line.provider.script = UNUSABLE[how]

    answer = call(line.key, line.server.url).expect(502, "provider_unreachable")

    assert answer.json["error"]["type"] == "server_error"
    line.provider.script = UNUSABLE[how]
    call(line.key, line.server.url, STREAM).expect(502, "provider_unreachable")
    line.counted(len(line.provider.calls))


def test_silence_is_a_504(line: Line) -> None:
    line.provider.script = Exchange.wait_for_hang_up

    call(line.key, line.server.url).expect(504, "provider_timeout")

    line.provider.expect_hang_up()
    line.counted(1)


def test_a_body_that_stops_is_never_taken_for_a_whole_one(line: Line) -> None:
    def stops(exchange: Exchange) -> None:
        exchange.raw(SHORT)
        exchange.wait_for_hang_up()

    line.provider.script = stops
    line.read().refuse_as_whole("provider_timeout")
    line.provider.expect_hang_up()
    line.counted(1, 18)


@pytest.mark.parametrize("how", ["closes", "resets"])
def test_a_truncated_answer_is_never_taken_for_a_whole_one(how: str, line: Line) -> None:
    def truncates(exchange: Exchange) -> None:
        exchange.raw(SHORT)
        exchange.hang_up() if how == "closes" else exchange.reset()

    line.provider.script = truncates
    line.read().refuse_as_whole("provider_unreachable")
    line.counted(1, 18)


@pytest.mark.parametrize("how", ["closes", "resets", "stops", "says nonsense"])
def test_a_stream_that_breaks_off_ends_with_an_error_and_never_cleanly(
    how: str, line: Line
) -> None:
    def breaks(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.frame(chat_chunk("hel"))
        match how:
            case "closes":
                exchange.hang_up()
            case "resets":
                exchange.reset()
            case "stops":
                exchange.wait_for_hang_up()
            case "says nonsense":
                exchange.raw(b"zzz\r\nnot a chunk\r\n")
                exchange.hang_up()

    line.provider.script = breaks
    seen = line.read(STREAM)

    assert seen.status == 200
    assert DONE.strip() not in seen.body
    assert b'"error"' in seen.body and b"provider_" in seen.body
    # What was asked and "hel", by Keyward's own count, if that came at all.
    line.counted(1, 6 if b"hel" in seen.body else 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, line: Line) -> None:
    line.provider.calls.clear()
    with scripted_provider(answers.behave, line.provider.secret) as elsewhere:
        target = f"{elsewhere.base_url}/chat/completions?leak={'x' * 20}"
        line.provider.script = answers.refuse(
            status, answers.refusal("Over there."), (("Location", target),)
        )

        answer = call(line.key, line.server.url)

        assert len(line.provider.calls) == 1
        assert elsewhere.calls == [] and elsewhere.lists == []
    # The caller isn't sent there either, with its key.
    assert answer.status == status
    assert answer.header("location") is None
    assert line.provider.secret.encode() not in answer.body


def test_large_but_lawful_headers_do_no_harm(line: Line) -> None:
    line.provider.script = lambda exchange: exchange.answer(
        CHAT, headers=tuple((f"x-odd-{number}", "y" * 100) for number in range(80))
    )

    answer = call(line.key, line.server.url)

    assert (answer.status, answer.body) == (200, CHAT)
    line.counted(1, 18)


def test_trouble_of_one_provider_holds_up_no_other(line: Line, owner: Admin) -> None:
    well = owner.create_project(credential={"provider": "demo"}).create_key()
    hold = threading.Event()

    def hangs(exchange: Exchange) -> None:
        hold.wait(30)
        exchange.hang_up()

    line.provider.script = hangs
    waiting = [threading.Thread(target=call, args=(line.key, line.server.url)) for _ in range(32)]
    for thread in waiting:
        thread.start()
    for _ in range(20):
        chat(well, line.server.url).expect(200)
    hold.set()
    for thread in waiting:
        thread.join()
