"""What a project means for its keys and credentials; lists, versions, repeats, tenants."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support.admin import PROJECTS, Admin, Key, Project, numbers
from support.calls import ask_for, chat
from support.keyward import Installation
from support.provider import Provider
from support.waiting import eventually


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
        assert (
            "Cannot generate API keys for an inactive project" in refused.json["error"]["message"]
        )
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

    def test_a_credential_can_come_with_the_project(self, admin: Admin, provider: Provider) -> None:
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
        made = (
            admin.post(
                "/v1/organization/credentials",
                {
                    "provider": "openai",
                    "name": f"Shared {provider.port}",
                    "api_key": provider.secret,
                    "base_url": provider.base_url,
                },
            )
            .expect(200)
            .json
        )
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
