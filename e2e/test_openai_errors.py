"""What goes wrong between an application, Keyward and a provider, and the exception that the
official `openai` SDK raises for it."""

import base64
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
