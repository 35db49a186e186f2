"""An API key's life: every state and action, as its holder feels it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from support.admin import Admin, Project
from support.calls import ask_for, chat
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
        assert read.keys() >= FIELDS, FIELDS - read.keys()
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

    def test_without_overlap_the_old_secret_dies_at_once(self, admin: Admin, demo: Project) -> None:
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
