"""Who may call what, and from where: a key's restrictions and the order of the checks."""

from typing import Any

from support.admin import Admin, Project
from support.calls import CHAT, ask_for, chat
from support.wire import bearer, send


class TestRestrictions:
    """Models, addresses, origins, scopes: from the very next request."""

    def test_only_allowed_models_are_called_and_listed(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key(allowed_models=["demo-l*", "demo/demo-embedding"])

        chat(key, admin.url, ask_for("demo-large")).expect(200)
        refused = chat(key, admin.url, ask_for("demo-small")).expect(403, "model_not_allowed")
        assert refused.json["error"]["param"] == "model"
        chat(key, admin.url, ask_for("demo/demo-small")).expect(403, "model_not_allowed")
        listed = send(admin.url, "GET", "/v1/models", None, bearer(key.value)).expect(200).json
        assert [model["id"] for model in listed["data"]] == ["demo-large", "demo-embedding"]

        key.edit(allowed_models=[])
        chat(key, admin.url, ask_for("demo-small")).expect(200)

    def test_a_projects_model_list_stands_above_its_keys(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key(allowed_models=["demo-small"])
        admin.post(
            demo.path, {"model_permissions": {"mode": "deny_list", "model_ids": ["demo-s*"]}}
        ).expect(200)

        chat(key, admin.url).expect(403, "model_not_allowed")

        admin.post(demo.path, {"model_permissions": None}).expect(200)
        chat(key, admin.url).expect(200)

    def test_only_allowed_addresses_may_call(self, admin: Admin, demo: Project) -> None:
        elsewhere = demo.create_key(allowed_ips=["192.0.2.0/24", "2001:db8::1"])
        here = demo.create_key(allowed_ips=["127.0.0.0/8"])

        chat(elsewhere, admin.url).expect(403, "ip_not_allowed")
        # Nobody is believed about where they are unless they are a trusted proxy.
        told = {"X-Forwarded-For": "192.0.2.7", "X-Real-IP": "192.0.2.7"}
        chat(elsewhere, admin.url, headers=told).expect(403, "ip_not_allowed")
        chat(here, admin.url).expect(200)

        elsewhere.edit(allowed_ips=["127.0.0.1"])
        chat(elsewhere, admin.url).expect(200)
        assert elsewhere.read()["last_used_ip"] == "127.0.0.1"

    def test_only_allowed_origins_may_call(self, admin: Admin, demo: Project) -> None:
        origin = "https://app.example.com"
        key = demo.create_key(allowed_origins=[origin])

        chat(key, admin.url).expect(200)
        allowed = chat(key, admin.url, headers={"Origin": origin}).expect(200)
        assert allowed.header("access-control-allow-origin") == origin
        for foreign in ("https://evil.example.com", "http://app.example.com", "null"):
            refused = chat(key, admin.url, headers={"Origin": foreign})
            refused.expect(403, "origin_not_allowed")

        key.edit(require_origin=True)
        chat(key, admin.url).expect(403, "origin_not_allowed")
        chat(key, admin.url, headers={"Origin": origin}).expect(200)

    def test_a_browser_is_told_before_it_calls(self, admin: Admin, demo: Project) -> None:
        demo.create_key(allowed_origins=["https://browser.example.com"])

        def ask(origin: str) -> str | None:
            headers = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            }
            answer = send(admin.url, "OPTIONS", CHAT, None, headers)
            return answer.header("access-control-allow-origin")

        assert ask("https://browser.example.com") == "https://browser.example.com"
        assert ask("https://other.example.com") is None

    def test_a_scope_that_does_not_cover_calls_is_named(self, admin: Admin, demo: Project) -> None:
        reader = demo.create_key(scopes=["traces:read"])
        caller = demo.create_key(scopes=["llm:invoke"])

        refused = chat(reader, admin.url).expect(403, "insufficient_permissions")

        assert "llm:invoke" in refused.json["error"]["message"]
        chat(caller, admin.url).expect(200)
        reader.edit(scopes=[])
        chat(reader, admin.url).expect(200)

    def test_checks_come_in_their_order(self, admin: Admin, demo: Project) -> None:
        """Everything is wrong; each change mends the first thing that is."""
        key = demo.create_key(
            scopes=["traces:read"],
            allowed_ips=["192.0.2.1"],
            allowed_models=["other"],
            max_requests=1,
        )
        key.disable()
        demo.archive()

        def call(path: str = CHAT, body: bytes = b"{") -> Any:
            headers = bearer(key.value) | {"Content-Type": "application/json"}
            return send(admin.url, "POST", path, body, headers)

        call("/v1/nothing").expect(401, "api_key_disabled")
        key.enable()
        call("/v1/nothing").expect(403, "project_inactive")
        demo.activate()
        call("/v1/nothing").expect(403, "ip_not_allowed")
        key.edit(allowed_ips=[])
        call("/v1/nothing").expect(404, "unknown_url")
        assert call("/v1/models").expect(405, "method_not_allowed").header("allow") == "GET"
        call().expect(403, "insufficient_permissions")
        key.edit(scopes=["llm:invoke"])
        call().expect(400)
        call(body=ask_for("demo-small")).expect(403, "model_not_allowed")
        key.edit(allowed_models=["demo-*"])
        call(body=ask_for("demo-small")).expect(200)
        call(body=ask_for("demo-small")).expect(429, "request_cap_reached")
