"""Streams that don't end as they should: cut, broken off, given up."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import openai
import pytest

from support import answers
from support.admin import Admin, Key, Project
from support.calls import CHAT
from support.clients import Clients
from support.provider import Exchange, Provider, Tape
from support.waiting import eventually
from support.wire import connect, json_headers, send

HELLO: Any = [{"role": "user", "content": "Hello there!"}]
PROMISED = 1.0
"""A stream whose key may not be used any more is cut within this time, in seconds."""
STREAM = b'{"model":"gpt-test","stream":true}'

Ending = Callable[[Project, Key], object]
ENDINGS: dict[str, Ending] = {
    "revoked": lambda project, key: key.revoke(),
    "disabled": lambda project, key: key.disable(),
    "deleted": lambda project, key: key.delete(),
    "rotated": lambda project, key: key.rotate(),
    "project archived": lambda project, key: project.archive(),
    "all revoked": lambda project, key: project.admin.post(f"{project.path}/api_keys/revoke_all"),
}


@pytest.fixture
def tape(provider: Provider) -> Iterator[Tape]:
    """A stream under the test's control."""
    made = Tape()
    provider.script = made.play
    yield made
    made.end()


class TestFrameByFrame:
    """Nothing is held back."""

    def test_each_frame_is_there_before_the_next_one_is_sent(
        self, project: Project, tape: Tape, clients: Clients
    ) -> None:
        client = clients.openai(project.create_key().value)
        tape.send(answers.chat_chunk("0"))
        stream = client.chat.completions.create(model="gpt-test", messages=HELLO, stream=True)

        for number in range(5):
            assert next(stream).choices[0].delta.content == str(number)
            tape.send(answers.chat_chunk(str(number + 1)))
        tape.send(answers.DONE)
        tape.end()

        assert [chunk.choices[0].delta.content for chunk in stream] == ["5"]


class TestCut:
    """A stream in flight on a key that stops being usable."""

    @pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
    def test_it_is_cut_within_a_second_and_the_sdk_raises(
        self, ending: Ending, project: Project, provider: Provider, clients: Clients
    ) -> None:
        provider.script = say_hello_and_hang
        key = project.create_key()
        stream = clients.openai(key.value).chat.completions.create(
            model="gpt-test", messages=HELLO, stream=True
        )
        assert next(stream).choices[0].delta.content == "hello"

        with ThreadPoolExecutor(1) as reader:
            read = reader.submit(lambda: list(stream))
            ending(project, key)
            eventually("the stream is cut", read.done, within=PROMISED)

            with pytest.raises(openai.APIError):
                read.result()
        provider.expect_hang_up()

    def test_a_stream_on_the_old_secret_outlives_a_rotation_with_overlap(
        self, project: Project, tape: Tape, clients: Clients
    ) -> None:
        key = project.create_key()
        tape.send(answers.chat_chunk("before"))
        stream = clients.openai(key.value).chat.completions.create(
            model="gpt-test", messages=HELLO, stream=True
        )
        assert next(stream).choices[0].delta.content == "before"

        key.rotate(overlap_seconds=600)
        tape.send(answers.chat_chunk("after"))
        tape.send(answers.DONE)
        tape.end()

        assert [chunk.choices[0].delta.content for chunk in stream] == ["after"]

    def test_an_expired_key_cuts_its_stream(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        provider.script = say_hello_and_hang
        key = project.create_key(expires_in_seconds=1)
        stream = clients.openai(key.value).chat.completions.create(
            model="gpt-test", messages=HELLO, stream=True
        )

        with pytest.raises(openai.APIError) as cut:
            list(stream)

        assert cut.value.code == "api_key_expired"
        provider.expect_hang_up()

    def test_an_anthropic_stream_is_cut_with_its_own_error_event(
        self, admin: Admin, provider: Provider, clients: Clients
    ) -> None:
        project = admin.create_project()
        project.create_credential("anthropic", api_key=provider.secret, base_url=provider.url)
        key = project.create_key()

        def begin_and_hang(exchange: Exchange) -> None:
            exchange.begin_stream()
            for frame in answers.message_frames()[:4]:
                exchange.frame(frame)
            exchange.wait_for_hang_up()

        provider.script = begin_and_hang
        client = clients.anthropic(key.value)

        with (
            client.messages.stream(model="claude-test", max_tokens=9, messages=HELLO) as stream,
            pytest.raises(anthropic.APIError) as cut,
        ):
            for _ in stream.text_stream:
                key.revoke()

        assert isinstance(cut.value.body, dict)
        assert cut.value.body["error"]["code"] == "api_key_revoked"

    def test_a_cut_stream_never_ends_cleanly(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        provider.script = say_hello_and_hang
        key = project.create_key()
        request = b"POST %b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n" % (
            CHAT.encode(),
            key.value.encode(),
        )
        body = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(STREAM)
        with connect(clients.url) as connection:
            connection.sendall(request + body + STREAM)
            read = b""
            while b"hello" not in read:
                read += connection.recv(65536)
            key.revoke()
            while piece := connection.recv(65536):
                read += piece

        assert b"api_key_revoked" in read
        assert b"[DONE]" not in read
        # The last chunk of a whole answer is missing.
        assert not read.endswith(b"0\r\n\r\n")


class TestBrokenOff:
    """A provider that stops in the middle."""

    @pytest.mark.parametrize("clean_http", [False, True], ids=["connection", "no end event"])
    def test_the_sdk_raises(
        self, clean_http: bool, project: Project, provider: Provider, clients: Clients
    ) -> None:
        def break_off(exchange: Exchange) -> None:
            if clean_http:
                # Without a length only the events tell whether it is whole.
                head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                exchange.raw(head + answers.chat_chunk("hello"))
            else:
                exchange.begin_stream()
                exchange.frame(answers.chat_chunk("hello"))
            exchange.hang_up()

        provider.script = break_off
        stream = clients.openai(project.create_key().value).chat.completions.create(
            model="gpt-test", messages=HELLO, stream=True
        )

        with pytest.raises(openai.APIError):
            list(stream)

    def test_garbage_in_a_stream_raises(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        def garble(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.frame(answers.chat_chunk("hello"))
            exchange.raw(b"not a chunk\r\n")
            exchange.keep_alive = False

        provider.script = garble
        stream = clients.openai(project.create_key().value).chat.completions.create(
            model="gpt-test", messages=HELLO, stream=True
        )

        with pytest.raises(openai.APIError):
            list(stream)

    def test_the_providers_own_error_event_reaches_the_caller(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        def fail(exchange: Exchange) -> None:
            said = [answers.chat_chunk("hello"), answers.event(answers.refusal("Overheated"))]
            answers.stream(said, exchange)

        provider.script = fail
        stream = clients.openai(project.create_key().value).chat.completions.create(
            model="gpt-test", messages=HELLO, stream=True
        )

        with pytest.raises(openai.APIError) as caught:
            list(stream)

        assert caught.value.message == "Overheated"

    def test_what_was_used_until_then_is_counted(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        def break_off_after_usage(exchange: Exchange) -> None:
            exchange.begin_stream()
            for frame in (answers.chat_chunk("hello"), answers.CHAT_USAGE):
                exchange.frame(frame)
            exchange.hang_up()

        provider.script = break_off_after_usage
        key = project.create_key()
        stream = clients.openai(key.value).chat.completions.create(
            model="gpt-test", messages=HELLO, stream=True
        )
        with pytest.raises(openai.APIError):
            list(stream)

        read = key.read()
        assert (read["request_count"], read["usage"]["total_tokens"]) == (1, 18)


class TestGivenUp:
    """A caller that hangs up ends the call at the provider."""

    def test_in_the_middle_of_a_stream(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        provider.script = say_hello_and_hang
        key = project.create_key()
        stream = clients.openai(key.value).chat.completions.create(
            model="gpt-test", messages=HELLO, stream=True
        )
        next(stream)

        stream.close()

        provider.expect_hang_up()
        eventually("the call is counted", lambda: key.read()["request_count"] == 1)

    def test_before_the_answer_begins(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        provider.script = Exchange.wait_for_hang_up
        client = clients.openai(project.create_key().value, timeout=0.3)

        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="gpt-test", messages=HELLO)

        provider.expect_hang_up()

    def test_a_connection_serves_the_next_call_after_a_whole_stream(
        self, project: Project, clients: Clients
    ) -> None:
        client = clients.openai(project.create_key().value)
        for _ in range(3):
            stream = client.chat.completions.create(model="gpt-test", messages=HELLO, stream=True)
            assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "hello"

    def test_a_raw_stream_ends_with_done(self, project: Project, clients: Clients) -> None:
        key = project.create_key()

        answer = send(clients.url, "POST", CHAT, STREAM, json_headers(key.value)).expect(200)

        assert answer.body.endswith(answers.DONE)


def say_hello_and_hang(exchange: Exchange) -> None:
    """One word, then nothing until Keyward gives up."""
    exchange.begin_stream()
    exchange.frame(answers.chat_chunk("hello"))
    exchange.wait_for_hang_up()
