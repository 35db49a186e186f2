"""Applications with the official `anthropic` SDK."""

from typing import Any

import anthropic
import pytest

from support import answers
from support.admin import Admin, Project
from support.clients import Clients
from support.keyward import Server
from support.provider import Provider
from support.wire import json_headers, send

HELLO: Any = [{"role": "user", "content": "Hello there!"}]
ECHO = "You said: Hello there!"


@pytest.fixture
def messages_project(admin: Admin, provider: Provider) -> Project:
    """A project whose calls go to the scripted provider, in Anthropic's dialect."""
    made = admin.create_project()
    made.create_credential("anthropic", api_key=provider.secret, base_url=provider.url)
    return made


class TestTheBuiltInProvider:
    """The `demo` credential speaks this dialect too."""

    def test_a_message_is_answered(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()

        message = clients.anthropic(key.value).messages.create(
            model="demo-small", max_tokens=50, messages=HELLO
        )

        assert [block.text for block in message.content if block.type == "text"] == [ECHO]
        assert message.stop_reason == "end_turn"
        assert (message.usage.input_tokens, message.usage.output_tokens) == (3, 6)

    def test_a_message_streams_and_stops_at_max_tokens(
        self, demo: Project, clients: Clients
    ) -> None:
        key = demo.create_key()

        with clients.anthropic(key.value).messages.stream(
            model="demo-small", max_tokens=4, messages=HELLO
        ) as stream:
            words = list(stream.text_stream)
            message = stream.get_final_message()

        assert "".join(words) == "You said: Hello"
        assert message.stop_reason == "max_tokens"
        assert message.usage.output_tokens == 4

    def test_tokens_are_counted_whole_or_streamed(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()
        client = clients.anthropic(key.value)

        client.messages.create(model="demo-small", max_tokens=50, messages=HELLO)
        with client.messages.stream(model="demo-small", max_tokens=50, messages=HELLO) as stream:
            stream.until_done()

        read = key.read()
        assert read["request_count"] == 2
        assert (read["usage"]["input_tokens"], read["usage"]["output_tokens"]) == (6, 12)
        assert read["usage"]["total_tokens"] == 18

    def test_models_are_told_in_this_dialect(self, demo: Project, clients: Clients) -> None:
        client = clients.anthropic(demo.create_key().value)

        listed = [model.id for model in client.models.list()]

        assert listed[:3] == ["demo-small", "demo-large", "demo-embedding"]
        assert client.models.retrieve("demo-small").display_name == "demo-small"
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("no-such-model")


class TestAnyProvider:
    """The scripted provider, in Anthropic's dialect."""

    def test_bytes_and_headers_pass_untouched(
        self, messages_project: Project, provider: Provider, server: Server
    ) -> None:
        key = messages_project.create_key()
        body = b'{ "x":[1e2], "max_tokens":9,"model":"claude-test" ,"messages":[]}'
        sent = {
            "x-api-key": key.value,
            "Content-Type": "application/json",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "something-2026",
        }

        answer = send(server.url, "POST", "/v1/messages", body, sent).expect(200)

        assert provider.last.body == body
        assert provider.last.headers["x-api-key"] == provider.secret
        assert provider.last.headers["anthropic-beta"] == "something-2026"
        assert "authorization" not in provider.last.headers
        assert answer.body == answers.MESSAGE

    def test_the_sdk_reads_messages_and_streams(
        self, messages_project: Project, clients: Clients
    ) -> None:
        key = messages_project.create_key()
        client = clients.anthropic(key.value)

        message = client.messages.create(model="claude-test", max_tokens=9, messages=HELLO)
        with client.messages.stream(model="claude-test", max_tokens=9, messages=HELLO) as stream:
            streamed = stream.get_final_text()

        assert [block.text for block in message.content if block.type == "text"] == ["hello"]
        assert streamed == "hello"
        usage = key.read()["usage"]
        assert usage["input_tokens"] == 2 * answers.INPUT_TOKENS
        assert usage["output_tokens"] == 2 * answers.OUTPUT_TOKENS

    def test_a_stream_passes_byte_for_byte(self, messages_project: Project, server: Server) -> None:
        key = messages_project.create_key()
        body = b'{"model":"claude-test","max_tokens":9,"stream":true,"messages":[]}'

        answer = send(server.url, "POST", "/v1/messages", body, json_headers(key.value)).expect(200)

        assert answer.body == b"".join(answers.message_frames())


class TestErrors:
    """Refusals come in Anthropic's envelope, with Keyward's code beside type and message."""

    def refused(self, error: anthropic.APIStatusError) -> tuple[str, str]:
        body = error.body
        assert isinstance(body, dict) and body["type"] == "error"
        assert error.response.headers["x-request-id"].startswith("req_")
        return body["error"]["type"], body["error"]["code"]

    def test_a_wrong_key(self, demo: Project, clients: Clients) -> None:
        with pytest.raises(anthropic.AuthenticationError) as caught:
            clients.anthropic("sk-ant-nothing").messages.create(
                model="demo-small", max_tokens=5, messages=HELLO
            )

        assert self.refused(caught.value) == ("authentication_error", "invalid_api_key")

    def test_a_disabled_key(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()
        key.disable()

        with pytest.raises(anthropic.AuthenticationError) as caught:
            clients.anthropic(key.value).messages.create(
                model="demo-small", max_tokens=5, messages=HELLO
            )

        assert self.refused(caught.value) == ("authentication_error", "api_key_disabled")

    def test_an_inactive_project(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()
        demo.archive()

        with pytest.raises(anthropic.PermissionDeniedError) as caught:
            clients.anthropic(key.value).messages.create(
                model="demo-small", max_tokens=5, messages=HELLO
            )

        assert self.refused(caught.value) == ("permission_error", "project_inactive")

    def test_a_reached_request_cap_is_not_tried_again(
        self, messages_project: Project, provider: Provider, clients: Clients
    ) -> None:
        key = messages_project.create_key(max_requests=1)
        client = clients.anthropic(key.value, max_retries=3)
        client.messages.create(model="claude-test", max_tokens=9, messages=HELLO)

        with pytest.raises(anthropic.RateLimitError) as caught:
            client.messages.create(model="claude-test", max_tokens=9, messages=HELLO)

        assert self.refused(caught.value) == ("rate_limit_error", "request_cap_reached")
        assert caught.value.response.headers["x-should-retry"] == "false"
        assert len(provider.calls) == 1

    def test_a_body_that_is_no_json(self, demo: Project, server: Server) -> None:
        key = demo.create_key()

        answer = send(server.url, "POST", "/v1/messages", b"{", json_headers(key.value))

        assert answer.expect(400).json["type"] == "error"
        assert answer.json["error"]["type"] == "invalid_request_error"

    def test_the_providers_own_errors_keep_their_shape(
        self, messages_project: Project, provider: Provider, clients: Clients
    ) -> None:
        said = {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}
        provider.script = answers.refuse(529, said)

        with pytest.raises(anthropic.APIStatusError) as caught:
            clients.anthropic(messages_project.create_key().value).messages.create(
                model="claude-test", max_tokens=9, messages=HELLO
            )

        assert caught.value.status_code == 529
        assert caught.value.body == said

    def test_a_rejected_credential_is_never_the_callers_fault(
        self, messages_project: Project, provider: Provider, clients: Clients
    ) -> None:
        said = {"type": "error", "error": {"type": "authentication_error", "message": "bad key"}}
        provider.script = answers.refuse(401, said)

        with pytest.raises(anthropic.InternalServerError) as caught:
            clients.anthropic(messages_project.create_key().value).messages.create(
                model="claude-test", max_tokens=9, messages=HELLO
            )

        assert self.refused(caught.value) == ("api_error", "provider_authentication_failed")

    def test_a_dialect_that_the_provider_does_not_speak(
        self, messages_project: Project, provider: Provider, server: Server
    ) -> None:
        key = messages_project.create_key()

        answer = send(
            server.url,
            "POST",
            "/v1/chat/completions",
            b'{"model":"claude-test","messages":[]}',
            json_headers(key.value),
        )

        answer.expect(400, "dialect_not_supported")
        assert provider.calls == []
