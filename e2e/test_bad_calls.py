"""Calls. What makes no sense is refused with a clear error in the right envelope, and changes
nothing. Each table says what is sent and what must come back."""

import gzip

import pytest

from support import answers
from support.admin import PROJECTS, Admin, Key, Project
from support.calls import CHAT, chat
from support.envelopes import expect_envelope
from support.keyward import Installation
from support.provider import Provider
from support.wire import Answer, bearer, connect, json_headers, send, send_bytes

MEBIBYTE = 1 << 20


class TestCallBodies:
    """Bodies of calls to models."""

    BODIES: dict[str, tuple[bytes, str | None]] = {
        "empty": (b"", None),
        "not JSON": (b"hello", None),
        "cut off": (b'{"model":"gpt-test","messages":[', None),
        "two values": (b'{"model":"gpt-test"} {}', None),
        "an array": (b'[{"model":"gpt-test"}]', None),
        "not UTF-8": (b'{"model":"gpt-test","x":"\xff"}', None),
        "no model": (b'{"messages":[]}', "model"),
        "model null": (b'{"model":null}', "model"),
        "model a number": (b'{"model":5}', "model"),
        "model empty": (b'{"model":""}', "model"),
        "two models": (b'{"model":"gpt-test","model":"other"}', "model"),
        "two models, one spelled oddly": (b'{"model":"gpt-test","m\\u006fdel":"other"}', "model"),
        "stream a text": (b'{"model":"gpt-test","stream":"true"}', "stream"),
        "two streams": (b'{"model":"gpt-test","stream":true,"stream":false}', "stream"),
        "stream_options a list": (
            b'{"model":"gpt-test","stream":true,"stream_options":[]}',
            "stream_options",
        ),
    }

    @pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
    @pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
    def test_a_body_that_makes_no_sense_is_a_400(
        self,
        body: tuple[bytes, str | None],
        path: str,
        project: Project,
        provider: Provider,
        admin: Admin,
    ) -> None:
        sent, param = body
        key = project.create_key(max_requests=1)

        answer = send(admin.url, "POST", path, sent, json_headers(key.value)).expect(400)

        expect_envelope(answer, path)
        if path == CHAT and param is not None:
            assert param in (answer.json["error"]["param"] or "")
        assert provider.calls == []
        assert key.read()["request_count"] == 0

    def test_a_body_nested_without_end_harms_nobody(
        self, project: Project, provider: Provider, admin: Admin
    ) -> None:
        key = project.create_key()
        # Doesn't read what it is asked.
        provider.script = lambda exchange: exchange.answer(answers.CHAT)
        deep = b'{"model":"gpt-test","x":' + b"[" * MEBIBYTE + b"]" * MEBIBYTE + b"}"

        assert chat(key, admin.url, deep).status in (200, 400)

        chat(key, admin.url).expect(200)

    CONTENT_TYPES = {
        "none": {},
        "text": {"Content-Type": "text/plain"},
        "a form": {"Content-Type": "application/x-www-form-urlencoded"},
        "another charset": {"Content-Type": "application/json; charset=utf-16"},
        "gzip": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        "unknown encoding": {"Content-Type": "application/json", "Content-Encoding": "br, x"},
    }

    @pytest.mark.parametrize("path", [CHAT, "/v1/messages", "/v1/embeddings"])
    @pytest.mark.parametrize("headers", CONTENT_TYPES.values(), ids=CONTENT_TYPES.keys())
    def test_a_body_that_is_no_plain_json_is_a_415(
        self,
        headers: dict[str, str],
        path: str,
        project: Project,
        provider: Provider,
        admin: Admin,
    ) -> None:
        body = b'{"model":"gpt-test"}'
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.compress(body)

        answer = send(
            admin.url, "POST", path, body, bearer(project.create_key().value) | headers
        ).expect(415, "unsupported_media_type")

        expect_envelope(answer, path)
        assert provider.calls == []

    def test_a_body_above_the_limit_is_a_413_and_one_below_is_not(
        self, project: Project, provider: Provider, admin: Admin
    ) -> None:
        key = project.create_key()
        head = b'{"model":"gpt-test","x":"'
        largest = head + b"a" * (20 * MEBIBYTE - len(head) - 2) + b'"}'

        chat(key, admin.url, largest).expect(200)
        assert provider.last.body == largest
        length = {"Content-Length": str(len(largest) + 1)}
        announced = json_headers(key.value) | length
        # Refused for what it announces, before it is sent.
        answer = send(admin.url, "POST", CHAT, b"", announced).expect(413)
        expect_envelope(answer, CHAT)
        assert len(provider.calls) == 1

    def test_a_body_without_announced_length_is_limited_too(
        self, project: Project, provider: Provider, admin: Admin
    ) -> None:
        key = project.create_key()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key.value}\r\n"
        head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"%x\r\n%b\r\n" % (MEBIBYTE, b" " * MEBIBYTE)

        answer = send_bytes(admin.url, head.encode() + chunk * 20 + b"1\r\n \r\n0\r\n\r\n")

        assert answer.expect(413).json["error"]["code"]
        assert provider.calls == []


class TestMessages:
    """HTTP that two readers could read differently, and addresses that aren't."""

    def ask(self, admin: Admin, key: Key, *lines: str, body: bytes = b"") -> Answer:
        head = [*lines, f"Authorization: Bearer {key.value}", "Connection: close", "", ""]
        return send_bytes(admin.url, "\r\n".join(head).encode() + body)

    MALFORMED = {
        "no host": ["POST /v1/chat/completions HTTP/1.1"],
        "two hosts": ["POST /v1/chat/completions HTTP/1.1", "Host: a", "Host: b"],
        "the same host twice": ["POST /v1/chat/completions HTTP/1.1", "Host: a", "Host: a"],
        "two lengths": [
            "POST /v1/chat/completions HTTP/1.1",
            "Host: a",
            "Content-Length: 2",
            "Content-Length: 3",
        ],
        "length and chunks": [
            "POST /v1/chat/completions HTTP/1.1",
            "Host: a",
            "Content-Length: 2",
            "Transfer-Encoding: chunked",
        ],
        "chunks and length": [
            "POST /v1/chat/completions HTTP/1.1",
            "Host: a",
            "Transfer-Encoding: chunked",
            "Content-Length: 2",
        ],
        "unknown transfer": [
            "POST /v1/chat/completions HTTP/1.1",
            "Host: a",
            "Transfer-Encoding: gzip",
        ],
        "a folded header": ["POST /v1/chat/completions HTTP/1.1", "Host: a", "X: a", " b"],
        "a space before the colon": ["POST /v1/chat/completions HTTP/1.1", "Host : a"],
    }

    @pytest.mark.parametrize("lines", MALFORMED.values(), ids=MALFORMED.keys())
    def test_an_ambiguous_message_is_a_400(
        self, lines: list[str], demo: Project, admin: Admin
    ) -> None:
        key = demo.create_key()

        answer = self.ask(admin, key, *lines, body=b"0\r\n\r\n")

        answer.expect(400)
        assert answer.header("connection") == "close"
        assert key.read()["request_count"] == 0

    def test_nothing_hides_behind_a_refused_message(self, demo: Project, admin: Admin) -> None:
        key = demo.create_key()
        hidden = f"GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key.value}\r\n\r\n"
        both = ["Host: a", "Content-Length: 5", "Transfer-Encoding: chunked"]
        head = "\r\n".join([f"POST {CHAT} HTTP/1.1", *both, "", ""])

        with connect(admin.url) as connection:
            connection.sendall(f"{head}0\r\n\r\n{hidden}".encode())
            read = b""
            while piece := connection.recv(65536):
                read += piece

        assert read.count(b"HTTP/1.1 ") == 1
        assert read.startswith(b"HTTP/1.1 400")

    PATHS = [
        "/v1",
        "/v1/",
        "/v1/chat/completions/",
        "/v1//chat/completions",
        "/v1/./chat/completions",
        "/v1/x/../chat/completions",
        "/v1/chat%2fcompletions",
        "/v1/Chat/Completions",
        "/v1/chat/completions%00",
        "/v1/assistants",
    ]

    @pytest.mark.parametrize("path", PATHS)
    def test_only_exact_addresses_are_known(
        self, path: str, project: Project, provider: Provider, admin: Admin
    ) -> None:
        key = project.create_key()

        answer = send(admin.url, "POST", path, b'{"model":"gpt-test"}', json_headers(key.value))

        expect_envelope(answer.expect(404, "unknown_url"), path)
        send(admin.url, "POST", path).expect(401, "invalid_api_key")
        assert provider.calls == []

    def test_a_known_address_tells_its_methods(self, demo: Project, admin: Admin) -> None:
        key = demo.create_key()
        for path, method, allowed in [
            (CHAT, "GET", "POST"),
            ("/v1/messages", "PUT", "POST"),
            ("/v1/models", "POST", "GET"),
            ("/v1/models/demo-small", "DELETE", "GET"),
        ]:
            answer = send(admin.url, method, path, None, bearer(key.value))
            expect_envelope(answer.expect(405, "method_not_allowed"), path)
            assert answer.header("allow") == allowed

    def test_missing_and_doubled_keys(self, demo: Project, admin: Admin) -> None:
        one, other = demo.create_key().value, demo.create_key().value
        for path in (CHAT, "/v1/messages"):
            two = json_headers(one) | {"x-api-key": other}
            doubled = send(admin.url, "POST", path, b"{}", two)
            missing = send(admin.url, "POST", path, b"{}", {"Content-Type": "application/json"})
            expect_envelope(doubled.expect(400, "conflicting_credentials"), path)
            expect_envelope(missing.expect(401, "invalid_api_key"), path)
        twice = admin.headers() | {"x-api-key": one}
        send(admin.url, "GET", PROJECTS, None, twice).expect(400, "conflicting_credentials")

    def test_a_header_that_is_too_large_is_refused(self, demo: Project, admin: Admin) -> None:
        key = demo.create_key()

        answer = self.ask(
            admin, key, "GET /v1/models HTTP/1.1", "Host: a", f"X-Large: {'a' * MEBIBYTE}"
        )

        answer.expect(431)


class TestPrivateUpstreams:
    """Without the operator's leave no call goes to a private address."""

    def test_a_private_address_is_refused_when_connecting(self, fresh: Installation) -> None:
        fresh.environment["KEYWARD_ALLOW_PRIVATE_UPSTREAMS"] = "false"
        organization = fresh.init()
        admin = Admin(fresh.start().url, organization, fresh.secrets)
        for number, url in enumerate(
            ("http://127.0.0.1:9/v1", "http://localhost:9/v1", "http://169.254.169.254/v1")
        ):
            project = admin.create_project(
                credential={
                    "provider": "openai",
                    "name": f"Private {number}",
                    "api_key": fresh.secrets.make("sk-", "a provider's secret"),
                    "base_url": url,
                }
            )

            chat(project.create_key(), admin.url).expect(502, "provider_blocked")
