"""Applications with the official `openai` SDK: calls, streams, errors."""

import base64
import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from support import answers
from support.admin import Admin, Project
from support.clients import Clients
from support.keyward import Server
from support.provider import Exchange, Provider
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

        assert listed == ["demo-small", "demo-large", "demo-embedding"]
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


class TestErrors:
    """Each refusal is the exception that the SDK has for it."""

    def test_keys_that_are_none_are_all_refused_alike(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        real = project.create_key().value
        mistyped = real[:-1] + ("0" if real[-1] != "0" else "1")
        messages = set()
        for wrong in ("sk-project-short", mistyped, "nonsense", "sk-" + "a" * 48):
            with pytest.raises(openai.AuthenticationError) as refused:
                clients.openai(wrong).chat.completions.create(model="gpt-test", messages=HELLO)
            assert refused.value.code == "invalid_api_key"
            messages.add(refused.value.message)
        assert len(messages) == 1
        assert provider.calls == []

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_rejected_credential_is_never_the_callers_fault(
        self, status: int, project: Project, provider: Provider, clients: Clients
    ) -> None:
        provider.script = answers.refuse(status, answers.refusal(provider.secret))
        # Tries again by itself, as an SDK does unless it is told that it is no use.
        client = clients.openai(project.create_key().value, max_retries=2)

        with pytest.raises(openai.InternalServerError) as refused:
            client.chat.completions.create(model="gpt-test", messages=HELLO)

        assert refused.value.status_code == 502
        assert refused.value.code == "provider_authentication_failed"
        assert provider.secret not in str(refused.value.body)
        assert len(provider.calls) == 1

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, openai.BadRequestError),
            (404, openai.NotFoundError),
            (422, openai.UnprocessableEntityError),
            (429, openai.RateLimitError),
            (500, openai.InternalServerError),
        ],
    )
    def test_the_providers_errors_keep_their_shape(
        self,
        status: int,
        kind: type[openai.APIStatusError],
        project: Project,
        provider: Provider,
        clients: Clients,
    ) -> None:
        provider.script = answers.refuse(status, answers.refusal(), (("Retry-After", "7"),))

        with pytest.raises(kind) as refused:
            clients.openai(project.create_key().value).chat.completions.create(
                model="gpt-test", messages=HELLO
            )

        assert refused.value.status_code == status
        assert refused.value.code == "odd"
        assert refused.value.body == answers.refusal()["error"]
        assert refused.value.response.headers["retry-after"] == "7"

    def test_a_provider_that_is_not_there_is_a_502(
        self, admin: Admin, provider: Provider, clients: Clients
    ) -> None:
        project = admin.create_project()
        # Port 1 has no server.
        project.create_credential(
            "openai", api_key=provider.secret, base_url="http://127.0.0.1:1/v1"
        )
        key = project.create_key()

        with pytest.raises(openai.InternalServerError) as refused:
            clients.openai(key.value).chat.completions.create(model="x", messages=HELLO)

        assert (refused.value.status_code, refused.value.code) == (502, "provider_unreachable")
        # Nothing was sent, so nothing is counted.
        assert key.read()["request_count"] == 0

    @pytest.mark.parametrize(
        "script",
        [
            pytest.param(lambda exchange: exchange.raw(b"\x00\xff garbage\r\n\r\n"), id="garbage"),
            pytest.param(lambda exchange: exchange.hang_up(), id="closes at once"),
            pytest.param(
                lambda exchange: exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"),
                id="closes in the head",
            ),
            pytest.param(
                lambda exchange: exchange.raw(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"
                ),
                id="two lengths",
            ),
        ],
    )
    def test_a_provider_that_makes_no_sense_is_a_502(
        self,
        script: Callable[[Exchange], None],
        project: Project,
        provider: Provider,
        clients: Clients,
    ) -> None:
        def misbehave(exchange: Exchange) -> None:
            script(exchange)
            exchange.keep_alive = False

        provider.script = misbehave

        with pytest.raises(openai.InternalServerError) as refused:
            clients.openai(project.create_key().value).chat.completions.create(
                model="gpt-test", messages=HELLO
            )

        assert (refused.value.status_code, refused.value.code) == (502, "provider_unreachable")

    def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        def truncate(exchange: Exchange) -> None:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answers.CHAT)}\r\n"
            exchange.raw(head.encode() + b"Content-Type: application/json\r\n\r\n")
            exchange.raw(answers.CHAT[:40])
            exchange.hang_up()

        provider.script = truncate

        with pytest.raises(openai.APIError):
            clients.openai(project.create_key().value).chat.completions.create(
                model="gpt-test", messages=HELLO
            )

    def test_a_project_without_credential_says_so(self, admin: Admin, clients: Clients) -> None:
        project = admin.create_project()

        with pytest.raises(openai.InternalServerError) as refused:
            clients.openai(project.create_key().value, max_retries=2).chat.completions.create(
                model="gpt-test", messages=HELLO
            )

        assert (refused.value.status_code, refused.value.code) == (503, "provider_not_configured")

    def test_a_dialect_that_the_provider_does_not_speak_is_refused(
        self, project: Project, provider: Provider, clients: Clients
    ) -> None:
        key = project.create_key()

        refused = send(
            clients.url,
            "POST",
            "/v1/messages",
            b'{"model":"gpt-test","max_tokens":5,"messages":[]}',
            json_headers(key.value),
        ).expect(400, "dialect_not_supported")

        assert refused.json["type"] == "error"
        assert provider.calls == []


class TestPresentingAKey:
    """Every accepted place for a key, and what isn't one."""

    def test_a_key_is_taken_from_every_usual_place(self, demo: Project, server: Server) -> None:
        key = demo.create_key().value
        basic = base64.b64encode(f"api-key:{key}".encode()).decode()
        for headers in (
            {"Authorization": f"Bearer {key}"},
            {"Authorization": f"Basic {basic}"},
            {"x-api-key": key},
            {"api-key": key},
            {"Authorization": f"Bearer {key}", "x-api-key": key},
        ):
            send(server.url, "GET", "/v1/models", None, headers).expect(200)

    def test_a_key_cannot_administer_and_an_admin_key_cannot_call(
        self, admin: Admin, demo: Project, server: Server
    ) -> None:
        key = demo.create_key().value
        for path in ("/v1/organization/projects", f"{demo.path}/api_keys", "/v1/projects/x/roles"):
            send(server.url, "GET", path, None, bearer(key)).expect(403, "admin_key_required")

        models = send(server.url, "GET", "/v1/models", None, admin.headers())

        models.expect(403, "project_key_required")
