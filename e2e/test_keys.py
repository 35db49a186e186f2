"""An API key's life: every state, restriction and action, as its holder feels it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.admin import PROJECTS, Admin, Key, Project, numbers
from support.calls import CHAT, ask_for, chat
from support.keyward import Installation
from support.provider import Provider
from support.waiting import eventually
from support.wire import bearer, send

FIELDS = {
    "object", "id", "name", "redacted_value", "status", "owner", "owner_project_access",
    "created_by", "created_at", "updated_at", "expires_at", "last_used_at", "last_used_ip",
    "max_requests", "request_count", "cached_count", "usage", "scopes", "allowed_models",
    "allowed_ips", "allowed_origins", "require_origin", "environment", "metadata", "version",
}  # fmt: skip


class TestStates:
    """A change is in force before the call that made it answers."""

    def test_a_new_key_shows_its_secret_once_and_works(self, admin: Admin, demo: Project) -> None:
        made = admin.post(
            f"{demo.path}/api_keys",
            {
                "name": "  CI pipeline  ",
                "environment": "production",
                "metadata": {"team": "search"},
                "max_requests": 10,
            },
        ).expect(200)

        key = made.json
        assert key["name"] == "CI pipeline"
        assert (key["status"], key["environment"]) == ("active", "production")
        assert key["metadata"] == {"team": "search"}
        assert (key["max_requests"], key["request_count"], key["version"]) == (10, 0, 1)
        assert key["value"].startswith("sk-project-") and len(key["value"]) == 60
        assert key["redacted_value"] == f"sk-project-...{key['value'][-4:]}"
        read = admin.get(f"{demo.path}/api_keys/{key['id']}").expect(200).json
        assert "value" not in read
        assert FIELDS <= read.keys(), FIELDS - read.keys()
        assert {**read, "value": key["value"]} == key
        chat(key["value"], admin.url).expect(200)

    def test_a_disabled_key_is_refused_on_the_next_call_until_it_is_enabled(
        self, admin: Admin, demo: Project
    ) -> None:
        key = demo.create_key()
        for _ in range(3):
            chat(key, admin.url).expect(200)

            assert key.disable()["status"] == "disabled"
            chat(key, admin.url).expect(401, "api_key_disabled")

            assert key.enable()["status"] == "active"

    def test_a_revoked_key_never_works_again(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key()

        assert key.revoke()["status"] == "revoked"

        chat(key, admin.url).expect(401, "api_key_revoked")
        assert key.revoke()["status"] == "revoked"
        refused = admin.post(key.path, {"status": "active"}).expect(409, "api_key_revoked")
        assert refused.header("x-should-retry") == "false"
        admin.post(f"{key.path}/rotate").expect(409, "api_key_revoked")
        chat(key, admin.url).expect(401, "api_key_revoked")

    def test_a_deleted_key_is_gone_and_its_name_free(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key("To be deleted")

        assert key.delete()["deleted"] is True

        chat(key, admin.url).expect(401, "invalid_api_key")
        admin.get(key.path).expect(404)
        admin.delete(key.path).expect(404)
        again = demo.create_key("To be deleted")
        chat(again, admin.url).expect(200)
        assert again.id != key.id

    def test_an_expired_key_is_refused_and_stays_so(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key(expires_in_seconds=1)
        read = key.read()
        assert read["expires_at"] == read["created_at"] + 1

        refused = eventually(
            "the key expires",
            lambda: answer if (answer := chat(key, admin.url)).status != 200 else None,
        )

        refused.expect(401, "api_key_expired")
        assert key.read()["status"] == "expired"
        admin.post(key.path, {"expires_in_seconds": 60}).expect(409, "api_key_expired")
        admin.post(f"{key.path}/rotate").expect(409, "api_key_expired")
        assert key.edit(name="Only renaming is possible")["name"] == "Only renaming is possible"
        assert key.revoke()["status"] == "revoked"

    def test_an_expiry_can_be_given_as_a_moment(self, demo: Project) -> None:
        in_a_day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
        moment = int(in_a_day.timestamp())

        by_seconds = demo.create_key(expires_at=moment).read()
        by_text = demo.create_key(expires_at=in_a_day.isoformat()).read()

        assert (by_seconds["expires_at"], by_text["expires_at"]) == (moment, moment)


class TestRotation:
    """A new secret under the same id."""

    def test_without_overlap_the_old_secret_dies_at_once(
        self, admin: Admin, demo: Project
    ) -> None:
        old = demo.create_key()
        chat(old, admin.url).expect(200)

        new = old.rotate()

        assert (new.id, new.value == old.value) == (old.id, False)
        chat(old, admin.url).expect(401, "invalid_api_key")
        chat(new, admin.url).expect(200)
        read = new.read()
        assert read["request_count"] == 2
        assert read.get("previous_secret") is None

    def test_with_overlap_both_work_until_it_ends(self, admin: Admin, demo: Project) -> None:
        old = demo.create_key()

        new = old.rotate(overlap_seconds=1)

        chat(new, admin.url).expect(200)
        previous = new.read()["previous_secret"]
        assert previous["redacted_value"] == f"sk-project-...{old.value[-4:]}"
        assert previous["last_used_at"] is None
        refused = eventually(
            "the overlap ends",
            lambda: answer if (answer := chat(old, admin.url)).status != 200 else None,
        )
        refused.expect(401, "invalid_api_key")
        chat(new, admin.url).expect(200)

    def test_the_old_secrets_last_use_is_shown(self, admin: Admin, demo: Project) -> None:
        old = demo.create_key()
        new = old.rotate(overlap_seconds=600)

        chat(old, admin.url).expect(200)

        assert new.read()["previous_secret"]["last_used_at"] is not None
        # A second rotation ends the first one's overlap.
        newest = new.rotate(overlap_seconds=600)
        chat(old, admin.url).expect(401, "invalid_api_key")
        chat(new, admin.url).expect(200)
        chat(newest, admin.url).expect(200)

    def test_disabling_covers_both_secrets(self, admin: Admin, demo: Project) -> None:
        old = demo.create_key()
        new = old.rotate(overlap_seconds=600)

        new.disable()

        for key in (old, new):
            chat(key, admin.url).expect(401, "api_key_disabled")


class TestRequestCap:
    """A request cap is exact at any concurrency."""

    def test_of_two_hundred_calls_at_once_exactly_as_many_succeed_as_may(
        self, admin: Admin, project: Project, provider: Provider
    ) -> None:
        key = project.create_key(max_requests=73)

        with ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(lambda _: chat(key, admin.url), range(200)))

        codes = [answer.status for answer in answers]
        assert (codes.count(200), codes.count(429)) == (73, 127)
        assert len(provider.calls) == 73
        assert key.read()["request_count"] == 73
        refused = next(answer for answer in answers if answer.status == 429)
        refused.expect(429, "request_cap_reached")
        assert refused.header("x-should-retry") == "false"

    def test_a_refused_call_consumes_nothing(
        self, admin: Admin, project: Project, provider: Provider
    ) -> None:
        key = project.create_key(max_requests=1, allowed_models=["gpt-test"])

        chat(key, admin.url, ask_for("forbidden-model")).expect(403, "model_not_allowed")
        chat(key, admin.url, b"{").expect(400)
        send(admin.url, "GET", "/v1/models", None, bearer(key.value)).expect(200)
        chat(key, admin.url, ask_for("gpt-test")).expect(200)

        chat(key, admin.url, ask_for("gpt-test")).expect(429, "request_cap_reached")
        assert len(provider.calls) == 1

    def test_a_call_that_could_not_be_sent_is_given_back(
        self, admin: Admin, provider: Provider
    ) -> None:
        project = admin.create_project()
        credential = project.create_credential(
            "openai", api_key=provider.secret, base_url="http://127.0.0.1:1/v1"
        )
        key = project.create_key(max_requests=1)
        for _ in range(3):
            chat(key, admin.url).expect(502, "provider_unreachable")

        path = f"{project.path}/credentials/{credential['id']}"
        moved = {"base_url": provider.base_url}
        admin.post(path, moved).expect(400, "secret_required")
        admin.post(path, moved | {"api_key": provider.secret}).expect(200)

        chat(key, admin.url).expect(200)
        chat(key, admin.url).expect(429, "request_cap_reached")
        assert key.read()["request_count"] == 1

    def test_a_raised_cap_lets_calls_through_again(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key(max_requests=1)
        chat(key, admin.url).expect(200)
        chat(key, admin.url).expect(429, "request_cap_reached")

        key.edit(max_requests=2)
        chat(key, admin.url).expect(200)
        chat(key, admin.url).expect(429, "request_cap_reached")

        key.edit(max_requests=None)
        chat(key, admin.url).expect(200)


class TestRestrictions:
    """Models, addresses, origins, scopes: from the very next request."""

    def test_only_allowed_models_are_called_and_listed(
        self, admin: Admin, demo: Project
    ) -> None:
        key = demo.create_key(allowed_models=["demo-l*", "demo/demo-embedding"])

        chat(key, admin.url, ask_for("demo-large")).expect(200)
        refused = chat(key, admin.url, ask_for("demo-small")).expect(403, "model_not_allowed")
        assert refused.json["error"]["param"] == "model"
        chat(key, admin.url, ask_for("demo/demo-small")).expect(403, "model_not_allowed")
        listed = send(admin.url, "GET", "/v1/models", None, bearer(key.value)).expect(200).json
        assert [model["id"] for model in listed["data"]] == ["demo-large", "demo-embedding"]

        key.edit(allowed_models=[])
        chat(key, admin.url, ask_for("demo-small")).expect(200)

    def test_a_projects_model_list_stands_above_its_keys(
        self, admin: Admin, demo: Project
    ) -> None:
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


class TestCounts:
    """What a key was used for is right as soon as its call is answered."""

    def test_calls_tokens_and_last_use_are_there_right_after_the_call(
        self, admin: Admin, project: Project
    ) -> None:
        key = project.create_key()
        assert key.read()["last_used_at"] is None

        for count in range(1, 6):
            chat(key, admin.url).expect(200)

            read = key.read()
            assert read["request_count"] == count
            assert read["usage"]["input_tokens"] == 11 * count
            assert read["usage"]["output_tokens"] == 7 * count
            assert read["usage"]["total_tokens"] == 18 * count
            assert read["last_used_at"] >= read["created_at"]
            assert read["last_used_ip"] == "127.0.0.1"
            assert read["cached_count"] == 0

    def test_many_calls_at_once_are_counted_exactly(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key()

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: chat(key, admin.url), range(200)))

        assert {answer.status for answer in answers} == {200}
        read = key.read()
        assert read["request_count"] == 200
        assert read["usage"]["total_tokens"] == 200 * 9

    def test_a_use_does_not_change_the_version(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key()
        chat(key, admin.url).expect(200)

        assert key.read()["version"] == 1


class TestProjects:
    """What a project's state means for its keys."""

    def test_an_inactive_project_refuses_calls_and_new_keys(
        self, admin: Admin, demo: Project
    ) -> None:
        key = demo.create_key()

        assert demo.archive()["status"] == "archived"
        assert demo.archive()["status"] == "archived"

        chat(key, admin.url).expect(403, "project_inactive")
        refused = admin.post(f"{demo.path}/api_keys", {"name": "New"})
        refused.expect(403, "project_inactive")
        assert "Cannot generate API keys for an inactive project" in refused.json["error"]["message"]
        assert key.read()["status"] == "active"

        assert demo.activate()["status"] == "active"
        assert demo.activate()["status"] == "active"
        chat(key, admin.url).expect(200)

    def test_deactivation_can_revoke_every_key(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key()

        demo.archive(revoke_api_keys=True)
        demo.activate()

        chat(key, admin.url).expect(401, "api_key_revoked")

    def test_revoking_all_keys_tells_how_many(self, admin: Admin, demo: Project) -> None:
        keys = [demo.create_key() for _ in range(3)]
        keys[0].revoke()

        first = admin.post(f"{demo.path}/api_keys/revoke_all").expect(200).json
        again = admin.post(f"{demo.path}/api_keys/revoke_all").expect(200).json

        assert (first["revoked"], first["already_revoked"], first["total"]) == (2, 1, 3)
        assert (again["revoked"], again["already_revoked"], again["total"]) == (0, 3, 3)
        for key in keys:
            chat(key, admin.url).expect(401, "api_key_revoked")

    def test_a_project_counts_its_keys(self, demo: Project) -> None:
        keys = [demo.create_key() for _ in range(3)]
        keys[0].disable()
        keys[1].delete()

        assert demo.read()["api_keys"] == {"total": 2, "active": 1}

    def test_a_credential_can_come_with_the_project(
        self, admin: Admin, provider: Provider
    ) -> None:
        project = admin.create_project(
            description="Made in one call",
            credential={
                "provider": "openai",
                "api_key": provider.secret,
                "base_url": provider.base_url,
            },
        )

        chat(project.create_key(), admin.url).expect(200)

        assert len(provider.calls) == 1

    def test_an_organizations_credential_is_inherited(
        self, admin: Admin, provider: Provider
    ) -> None:
        made = admin.post(
            "/v1/organization/credentials",
            {
                "provider": "openai",
                "name": f"Shared {provider.port}",
                "api_key": provider.secret,
                "base_url": provider.base_url,
            },
        ).expect(200).json
        project = admin.create_project()
        key = project.create_key()

        chat(key, admin.url, ask_for("gpt-test")).expect(200)
        inherited = admin.get(f"{project.path}/credentials").expect(200).json["data"]
        assert [(one["id"], one["inherited"]) for one in inherited] == [(made["id"], True)]
        tested = admin.post(f"/v1/organization/credentials/{made['id']}/test").expect(200)
        assert provider.secret.encode() not in tested.body

        admin.delete(f"/v1/organization/credentials/{made['id']}").expect(200)
        chat(key, admin.url, ask_for("gpt-test")).expect(503, "provider_not_configured")


class TestRepeatingAndColliding:
    """Idempotency keys and versions."""

    def test_the_same_request_never_creates_twice(self, admin: Admin, demo: Project) -> None:
        path = f"{demo.path}/api_keys"
        sent = {"Idempotency-Key": "create-ci"}
        first = admin.post(path, {"name": "Once"}, sent).expect(200).json

        repeated = admin.post(path, {"name": "Once"}, sent).expect(409, "idempotent_replay")
        other = admin.post(path, {"name": "Other"}, sent)

        assert first["id"] in repeated.json["error"]["message"]
        assert repeated.header("x-should-retry") == "false"
        assert other.status in (400, 409) and other.code != "name_taken"
        assert [key["name"] for key in admin.get(path).json["data"]] == ["Once"]

    def test_twenty_at_once_create_one(self, admin: Admin, demo: Project) -> None:
        path = f"{demo.path}/api_keys"
        sent = {"Idempotency-Key": "twenty"}

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: admin.post(path, {"name": "One"}, sent), range(20)))

        codes = [answer.status for answer in answers]
        assert (codes.count(200), codes.count(409)) == (1, 19)
        assert len(admin.get(path).json["data"]) == 1

    def test_a_stale_version_changes_nothing(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key("Versioned")
        read = key.read()
        current = {"If-Match": str(read["version"])}

        changed = admin.post(key.path, {"name": "Second"}, current).expect(200).json
        stale = admin.post(key.path, {"name": "Third"}, current)

        stale.expect(412, "stale_version")
        assert changed["version"] == read["version"] + 1
        assert key.read()["name"] == "Second"
        of_project = {"If-Match": str(demo.read()["version"] + 7)}
        admin.post(demo.path, {"name": "Stale"}, of_project).expect(412, "stale_version")

    def test_a_name_is_taken_among_live_keys_only(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key("Only one")
        other = demo.create_key("Another")
        path = f"{demo.path}/api_keys"

        admin.post(path, {"name": "Only one"}).expect(409, "name_taken")
        admin.post(other.path, {"name": "Only one"}).expect(409, "name_taken")
        key.revoke()
        admin.post(path, {"name": "Only one"}).expect(200)


class TestLists:
    """Paging and filters."""

    def test_pages_hold_everything_once_in_either_direction(
        self, admin: Admin, demo: Project
    ) -> None:
        made = [demo.create_key().id for _ in range(5)]
        path = f"{demo.path}/api_keys"

        def pages(**query: Any) -> list[str]:
            found: list[str] = []
            more: dict[str, Any] = {}
            while True:
                page = admin.get(path, limit=2, **query, **more).expect(200).json
                assert page["object"] == "list"
                ids = [key["id"] for key in page["data"]]
                assert (page["first_id"], page["last_id"]) == (ids[0], ids[-1])
                found += ids
                if not page["has_more"]:
                    return found
                more = {"after": page["last_id"]}

        assert pages() == made[::-1]
        assert pages(order="asc") == made
        before = admin.get(path, limit=2, before=made[1]).expect(200).json
        assert [key["id"] for key in before["data"]] == [made[3], made[2]]

    def test_filters_by_status_and_name(self, admin: Admin, demo: Project) -> None:
        names = ("Search api", "search web", "Billing 100%", "billing_x")
        keys = {name: demo.create_key(name) for name in names}
        keys["search web"].disable()
        keys["billing_x"].revoke()

        def found(**query: Any) -> list[str]:
            page = admin.get(f"{demo.path}/api_keys", **query).expect(200).json
            return sorted(key["name"] for key in page["data"])

        assert found(search="SEARCH") == ["Search api", "search web"]
        assert found(search="100%") == ["Billing 100%"]
        assert found(search="g_x", status="revoked") == ["billing_x"]
        assert found(status="disabled") == ["search web"]
        assert found(status="revoked") == ["billing_x"]
        assert found(search="nothing") == []


class TestTenants:
    """What another organization owns isn't there."""

    @pytest.fixture
    def stranger(self, admin: Admin, installed: Installation) -> Admin:
        """Made by `keyward init` beside the running server, which learns of it."""
        number = next(numbers)
        organization = installed.init(f"Rival {number}", f"rival-{number}@example.com")
        rival = Admin(admin.url, organization, admin.secrets)
        eventually("the server knows the rival", lambda: rival.get(PROJECTS).status == 200)
        return rival

    def test_a_stranger_finds_nothing_and_changes_nothing(
        self, admin: Admin, demo: Project, stranger: Admin
    ) -> None:
        key = demo.create_key()
        credential = admin.get(f"{demo.path}/credentials").json["data"][0]["id"]
        before = key.read()

        for path in (demo.path, key.path, f"{demo.path}/api_keys", f"{demo.path}/credentials"):
            stranger.get(path).expect(404)
        for path, body in [
            (demo.path, {"name": "Mine"}),
            (f"{demo.path}/archive", None),
            (f"{demo.path}/api_keys", {"name": "Mine"}),
            (f"{demo.path}/api_keys/revoke_all", None),
            (key.path, {"name": "Mine"}),
            (f"{key.path}/rotate", None),
            (f"{key.path}/revoke", None),
            (f"{demo.path}/credentials", {"provider": "demo", "name": "Mine"}),
            (f"{demo.path}/credentials/{credential}", {"name": "Mine"}),
            (f"{demo.path}/credentials/{credential}/test", None),
        ]:
            stranger.post(path, body).expect(404)
        for path in (key.path, f"{demo.path}/credentials/{credential}"):
            stranger.delete(path).expect(404)

        assert key.read() == before
        chat(key, admin.url).expect(200)
        assert stranger.get(PROJECTS).json["data"] == []
        stranger.get(PROJECTS, after=demo.id).expect(400, "invalid_cursor")
        events = stranger.audit()
        assert demo.id not in str(events) and key.id not in str(events)
        foreign = admin.audit(limit=1)[0]["id"]
        stranger.get("/v1/organization/audit_logs", after=foreign).expect(400, "invalid_cursor")

    def test_a_key_of_another_project_is_not_found_in_this_one(
        self, admin: Admin, demo: Project, project: Project
    ) -> None:
        key = demo.create_key()
        elsewhere = Key(project, key.id, key.value)

        admin.get(elsewhere.path).expect(404)
        admin.post(f"{elsewhere.path}/revoke").expect(404)
        page = admin.get(f"{project.path}/api_keys", after=key.id)

        page.expect(400, "invalid_cursor")
        chat(key, admin.url).expect(200)
