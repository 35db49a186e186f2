"""Applications with the official `openai` SDK: calls and streams."""

import json
from typing import Any

import openai
import pytest

from support import answers
from support.admin import Admin, Project
from support.clients import Clients
from support.keyward import Server
from support.provider import Provider
from support.wire import bearer, json_headers, send

HELLO: Any = [{"role": "user", "content": "Hello there!"}]
ECHO = "You said: Hello there!"


class TestTheBuiltInProvider:
    """The `demo` credential: everything works without a network."""

    def test_a_chat_is_answered(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()

        chat = clients.openai(key.value).chat.completions.create(model="demo-small", messages=HELLO)

        assert chat.choices[0].message.content == ECHO
        assert chat.choices[0].finish_reason == "stop"
        assert chat.usage is not None
        assert (chat.usage.prompt_tokens, chat.usage.completion_tokens) == (3, 6)

    def test_max_tokens_is_honoured(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()

        chat = clients.openai(key.value).chat.completions.create(
            model="demo-small", messages=HELLO, max_tokens=4
        )

        assert chat.choices[0].message.content == "You said: Hello"
        assert chat.choices[0].finish_reason == "length"

    def test_a_chat_streams_word_by_word(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()

        stream = clients.openai(key.value).chat.completions.create(
            model="demo-small", messages=HELLO, stream=True
        )

        words = [chunk.choices[0].delta.content or "" for chunk in stream]
        assert "".join(words) == ECHO
        assert len([word for word in words if word]) == 6

    def test_usage_comes_in_a_stream_only_when_it_is_asked_for(
        self, demo: Project, clients: Clients
    ) -> None:
        key = demo.create_key()
        client = clients.openai(key.value)

        silent = list(
            client.chat.completions.create(model="demo-small", messages=HELLO, stream=True)
        )
        told = list(
            client.chat.completions.create(
                model="demo-small",
                messages=HELLO,
                stream=True,
                stream_options={"include_usage": True},
            )
        )

        assert all(chunk.choices and chunk.usage is None for chunk in silent)
        assert [chunk.choices for chunk in told][-1] == []
        assert told[-1].usage is not None and told[-1].usage.total_tokens == 9
        # Either way it is counted.
        usage = key.read()["usage"]
        assert (usage["input_tokens"], usage["output_tokens"]) == (6, 12)

    def test_a_response_is_whole_or_streamed(self, demo: Project, clients: Clients) -> None:
        client = clients.openai(demo.create_key().value)

        whole = client.responses.create(model="demo-small", input="Hello there!")
        with client.responses.stream(model="demo-small", input="Hello there!") as stream:
            events = [event.type for event in stream]
            streamed = stream.get_final_response()

        assert whole.output_text == streamed.output_text == ECHO
        assert whole.usage is not None and whole.usage.output_tokens == 6
        assert (events[0], events[-1]) == ("response.created", "response.completed")

    def test_embeddings_are_made(self, demo: Project, clients: Clients) -> None:
        client = clients.openai(demo.create_key().value)

        made = client.embeddings.create(
            model="demo-embedding", input=["one text", "another"], dimensions=16
        )

        assert [len(item.embedding) for item in made.data] == [16, 16]
        assert made.usage.prompt_tokens == 3

    def test_legacy_completions_are_whole_or_streamed(
        self, demo: Project, clients: Clients
    ) -> None:
        client = clients.openai(demo.create_key().value)

        whole = client.completions.create(model="demo-small", prompt="Hello there!")
        stream = client.completions.create(model="demo-small", prompt="Hello there!", stream=True)

        assert whole.choices[0].text == ECHO
        assert "".join(chunk.choices[0].text for chunk in stream) == ECHO

    def test_models_are_listed_and_found(self, demo: Project, clients: Clients) -> None:
        client = clients.openai(demo.create_key().value)

        listed = [model.id for model in client.models.list()]

        assert listed[:3] == ["demo-small", "demo-large", "demo-embedding"]
        assert client.models.retrieve("demo-large").id == "demo-large"
        with pytest.raises(openai.NotFoundError) as missing:
            client.models.retrieve("no-such-model")
        assert missing.value.code == "model_not_found"

    def test_a_model_may_be_named_with_its_provider(self, demo: Project, clients: Clients) -> None:
        client = clients.openai(demo.create_key().value)

        chat = client.chat.completions.create(model="demo/demo-large", messages=HELLO)

        assert chat.model == "demo-large"

    def test_a_model_that_does_not_exist_is_the_providers_404(
        self, demo: Project, clients: Clients
    ) -> None:
        client = clients.openai(demo.create_key().value)

        with pytest.raises(openai.NotFoundError) as refused:
            client.chat.completions.create(model="no-such-model", messages=HELLO)

        assert refused.value.code == "model_not_found"


class TestAnyProvider:
    """The scripted provider: what it is sent and what it sends is untouched."""

    def test_the_callers_bytes_reach_the_provider_and_its_bytes_the_caller(
        self, project: Project, provider: Provider, server: Server
    ) -> None:
        key = project.create_key()
        body = (
            b'{ "x_unknown": [1e2, 0.10, "\\u00e9"],\t"model" :"gpt-test",\n'
            b'"messages":[ {"role":"user","content":"Hi"} ] }'
        )

        answer = send(
            server.url, "POST", "/v1/chat/completions?beta=1", body, json_headers(key.value)
        ).expect(200)

        assert provider.last.body == body
        assert provider.last.path == "/v1/chat/completions?beta=1"
        assert answer.body == answers.CHAT
        assert answer.header("x-odd") == "kept"

    def test_every_operation_passes_byte_for_byte(
        self, project: Project, provider: Provider, server: Server
    ) -> None:
        key = project.create_key()
        for path, body, expected in [
            ("/v1/completions", b'{"model":"gpt-test", "prompt":"x"}', answers.COMPLETION),
            ("/v1/embeddings", b'{"input":"x", "model":"embed-test"}', answers.EMBEDDINGS),
            (
                "/v1/responses",
                b'{"model":"gpt-test","input":"x" }',
                json.dumps(answers.RESPONSE).encode(),
            ),
        ]:
            answer = send(server.url, "POST", path, body, json_headers(key.value)).expect(200)

            assert (provider.last.path, provider.last.body) == (path, body)
            assert answer.body == expected

    def test_a_stream_passes_byte_for_byte(
        self, project: Project, provider: Provider, server: Server
    ) -> None:
        key = project.create_key()
        body = b'{"model":"gpt-test","stream":true,"stream_options":{"include_usage":true}}'

        answer = send(
            server.url, "POST", "/v1/chat/completions", body, json_headers(key.value)
        ).expect(200)

        assert provider.last.body == body
        assert answer.body == b"".join(answers.chat_frames(include_usage=True))
        assert (answer.header("content-type") or "").startswith("text/event-stream")

    def test_usage_is_asked_for_and_taken_out_when_the_caller_did_not_want_it(
        self, project: Project, provider: Provider, server: Server
    ) -> None:
        key = project.create_key()

        answer = send(
            server.url,
            "POST",
            "/v1/chat/completions",
            b'{ "model":"gpt-test", "stream":true }',
            json_headers(key.value),
        ).expect(200)

        assert provider.last.json["stream_options"] == {"include_usage": True}
        assert answer.body == b"".join(answers.chat_frames(include_usage=False))
        assert key.read()["usage"]["total_tokens"] == 18

    def test_the_provider_gets_its_own_secret_and_nothing_of_the_callers(
        self, project: Project, provider: Provider, server: Server
    ) -> None:
        key = project.create_key()
        sent = json_headers(key.value) | {
            "Cookie": "session=1",
            "X-Forwarded-For": "203.0.113.9",
            "Origin": "https://app.example.com",
            "OpenAI-Organization": "org-of-the-caller",
            "OpenAI-Beta": "assistants=v2",
            "X-Client-Request-Id": "mine-1",
        }

        answer = send(
            server.url, "POST", "/v1/chat/completions", b'{"model":"gpt-test"}', sent
        ).expect(200)

        seen = provider.last.headers
        assert seen["authorization"] == f"Bearer {provider.secret}"
        assert seen["openai-beta"] == "assistants=v2"
        for name in ("cookie", "x-forwarded-for", "origin", "openai-organization", "x-api-key"):
            assert name not in seen, name
        assert key.value not in str(seen)
        assert (answer.header("x-request-id") or "").startswith("req_")
        assert answer.header("x-client-request-id") == "mine-1"

    def test_the_sdks_own_parsing_works_on_every_operation(
        self, project: Project, clients: Clients
    ) -> None:
        client = clients.openai(project.create_key().value)

        chat = client.chat.completions.create(model="gpt-test", messages=HELLO)
        stream = client.chat.completions.create(model="gpt-test", messages=HELLO, stream=True)
        words = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        response = client.responses.create(model="gpt-test", input="x")
        events = list(client.responses.create(model="gpt-test", input="x", stream=True))
        embeddings = client.embeddings.create(
            model="embed-test", input="x", encoding_format="float"
        )
        completion = client.completions.create(model="gpt-test", prompt="x")

        assert chat.choices[0].message.content == "héllo"
        assert words == response.output_text == completion.choices[0].text == "hello"
        assert events[-1].type == "response.completed"
        assert embeddings.data[0].embedding == [0.5, -0.25, 0.001]

    def test_an_alias_is_renamed_and_nothing_else(
        self, project: Project, provider: Provider, server: Server
    ) -> None:
        project.create_credential(
            "openai",
            api_key=provider.secret,
            base_url=provider.base_url,
            aliases={"house-model": "gpt-test"},
        )
        key = project.create_key()
        body = b'{ "temperature":1.0, "model" : "house-model",  "messages":[] }'

        send(server.url, "POST", "/v1/chat/completions", body, json_headers(key.value)).expect(200)

        assert provider.last.body == body.replace(b"house-model", b"gpt-test")
        listed = send(server.url, "GET", "/v1/models", None, bearer(key.value)).expect(200).json
        assert "house-model" in [model["id"] for model in listed["data"]]

    def test_a_new_secret_of_a_credential_is_used_by_the_next_call(
        self, admin: Admin, provider: Provider, clients: Clients
    ) -> None:
        project = admin.create_project()
        credential = project.create_credential(
            "openai", api_key=provider.secret, base_url=provider.base_url
        )
        client = clients.openai(project.create_key().value)
        client.chat.completions.create(model="gpt-test", messages=HELLO)
        replaced = admin.secrets.make("sk-replaced-", "a replaced secret of a provider")

        admin.post(f"{project.path}/credentials/{credential['id']}", {"api_key": replaced}).expect(
            200
        )
        client.chat.completions.create(model="gpt-test", messages=HELLO)

        assert provider.last.headers["authorization"] == f"Bearer {replaced}"
