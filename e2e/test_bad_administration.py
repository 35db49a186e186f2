"""Administration. What makes no sense is refused with a clear error in the right envelope, and
changes nothing. Each table says what is sent and what must come back."""

import gzip
import json
from typing import Any

import pytest

from support.admin import PROJECTS, Admin, Json, Project
from support.calls import chat
from support.envelopes import expect_envelope
from support.provider import Provider
from support.wire import json_headers, send

MEBIBYTE = 1 << 20


NAMES: dict[str, Any] = {
    "missing": None,
    "empty": "",
    "blank": " \t ",
    "too long": "x" * 121,
    "a line break": "a\nb",
    "a NUL": "a\u0000b",
    "a line separator": "a\u2028b",
    "a number": 5,
    "a list": ["a"],
}


class TestAdministration:
    """The admin API's bodies, queries and ids."""

    @pytest.fixture
    def snapshot(self, admin: Admin, demo: Project) -> Any:
        """Looks at everything that a refused request might have changed."""

        def look() -> Json:
            return {
                "projects": admin.get(PROJECTS, limit=100, include_archived="true").json,
                "keys": admin.get(f"{demo.path}/api_keys").json,
                "credentials": admin.get(f"{demo.path}/credentials").json,
                "newest event": admin.audit(limit=1),
            }

        return look

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
    def test_a_name_that_is_none_is_a_400(
        self, name: Any, admin: Admin, demo: Project, snapshot: Any
    ) -> None:
        key = demo.create_key()
        before = snapshot()
        body = {} if name is None else {"name": name}

        answers = [admin.post(PROJECTS, body), admin.post(f"{demo.path}/api_keys", body)]
        if name is not None:
            answers += [admin.post(demo.path, body), admin.post(key.path, body)]

        for answer in answers:
            expect_envelope(answer.expect(400), PROJECTS)
            assert answer.json["error"]["param"] == "name"
        assert snapshot() == before

    @pytest.mark.parametrize(
        "name", ["<script>alert(1)</script>", "مشروع \u202eaz", "'; DROP TABLE projects; --", "𝔘"]
    )
    def test_a_hostile_name_is_kept_as_it_is(self, name: str, admin: Admin) -> None:
        project = admin.create_project(name)

        assert project.read()["name"] == name
        found = admin.get(PROJECTS, search=name).expect(200).json["data"]
        assert [one["id"] for one in found] == [project.id]

    KEY_FIELDS: dict[str, tuple[Any, str]] = {
        "unknown field": ({"nmae": "x"}, "nmae"),
        "a limit of nothing known": ({"limits": {"requests": 1}}, "limits.requests"),
        "a budget of nothing": ({"budget": {}}, "budget.amount"),
        "another field of later": ({"bias_profile_id": "x"}, "bias_profile_id"),
        "cap of zero": ({"max_requests": 0}, "max_requests"),
        "negative cap": ({"max_requests": -1}, "max_requests"),
        "cap a text": ({"max_requests": "10"}, "max_requests"),
        "cap a fraction": ({"max_requests": 1.5}, "max_requests"),
        "expired at birth": ({"expires_at": 1}, "expires_at"),
        "expiry too far": ({"expires_in_seconds": 10**10}, "expires_in_seconds"),
        "expiry now": ({"expires_in_seconds": 0}, "expires_in_seconds"),
        "two expiries": ({"expires_in_seconds": 5, "expires_at": 4 * 10**9}, "expires"),
        "unknown scope": ({"scopes": ["llm:everything"]}, "scopes"),
        "an administrator's scope": ({"scopes": ["api_keys:create"]}, "scopes"),
        "no address": ({"allowed_ips": ["10.0.0.256"]}, "allowed_ips"),
        "no origin": ({"allowed_origins": ["app.example.com"]}, "allowed_origins"),
        "an origin with a path": ({"allowed_origins": ["https://a.example/x"]}, "allowed_origins"),
        "too much metadata": ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        "metadata of numbers": ({"metadata": {"a": 1}}, "metadata"),
        "models a text": ({"allowed_models": "gpt-*"}, "allowed_models"),
        "a secret of one's own": ({"value": "sk-project-mine"}, "value"),
    }

    @pytest.mark.parametrize("case", KEY_FIELDS.values(), ids=KEY_FIELDS.keys())
    def test_a_field_of_a_key_that_makes_no_sense_is_a_400(
        self, case: tuple[Any, str], admin: Admin, demo: Project, snapshot: Any
    ) -> None:
        fields, param = case
        key = demo.create_key()
        before = snapshot()

        made = admin.post(f"{demo.path}/api_keys", {"name": "Another", **fields})
        edited = admin.post(key.path, fields)

        for answer in (made, edited):
            expect_envelope(answer.expect(400), PROJECTS)
            assert (answer.json["error"]["param"] or "").startswith(param)
        assert snapshot() == before

    RAW: dict[str, tuple[bytes, dict[str, str], int]] = {
        "not JSON": (b"name=x", {}, 400),
        "cut off": (b'{"name":"x"', {}, 400),
        "a list": (b"[]", {}, 400),
        "not UTF-8": (b'{"name":"\xff"}', {}, 400),
        "a name twice": (b'{"name":"x","name":"y"}', {}, 400),
        "twice, spelled oddly": (b'{"name":"x","n\\u0061me":"y"}', {}, 400),
        "too large": (b'{"name":"' + b"x" * MEBIBYTE + b'"}', {}, 413),
        "a form": (b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        "another charset": (b"{}", {"Content-Type": "application/json; charset=latin1"}, 415),
        "compressed": (gzip.compress(b'{"name":"x"}'), {"Content-Encoding": "gzip"}, 415),
        "an idempotency key of blanks": (b'{"name":"x"}', {"Idempotency-Key": "a b"}, 400),
    }

    @pytest.mark.parametrize("case", RAW.values(), ids=RAW.keys())
    def test_a_body_that_makes_no_sense_is_refused(
        self, case: tuple[bytes, dict[str, str], int], admin: Admin, demo: Project, snapshot: Any
    ) -> None:
        body, headers, status = case
        before = snapshot()
        for path in (PROJECTS, f"{demo.path}/api_keys", f"{demo.path}/credentials"):
            sent = json_headers(admin.organization.admin_key) | headers
            answer = admin.noted(send(admin.url, "POST", path, body, sent))
            expect_envelope(answer.expect(status), path)
        assert snapshot() == before

    CREDENTIALS: dict[str, tuple[Json, str]] = {
        "unknown provider": ({"provider": "nobody"}, "provider"),
        "no secret": ({"provider": "openai"}, "api_key"),
        "wrong shape": ({"provider": "openai", "api_key": "pk-" + "a" * 30}, "api_key"),
        "masked": ({"provider": "openai", "api_key": "sk-proj...abcd"}, "api_key"),
        "a line break": ({"provider": "openai", "api_key": "sk-" + "a" * 20 + "\n"}, "api_key"),
        "no base URL": ({"provider": "openai_compatible", "api_key": "x" * 20}, "base_url"),
        "no URL": (
            {"provider": "openai", "api_key": "sk-" + "a" * 20, "base_url": "example.com"},
            "base_url",
        ),
        "a file": (
            {"provider": "openai", "api_key": "sk-" + "a" * 20, "base_url": "file:///etc/passwd"},
            "base_url",
        ),
        "a password in the URL": (
            {"provider": "openai", "api_key": "sk-" + "a" * 20, "base_url": "https://u:p@a/v1"},
            "base_url",
        ),
        "an empty alias": (
            {"provider": "demo", "aliases": {"": "demo-small"}},
            "aliases",
        ),
    }

    @pytest.mark.parametrize("case", CREDENTIALS.values(), ids=CREDENTIALS.keys())
    def test_a_credential_that_makes_no_sense_is_a_400(
        self, case: tuple[Json, str], admin: Admin, demo: Project, snapshot: Any
    ) -> None:
        fields, param = case
        before = snapshot()

        answer = admin.post(f"{demo.path}/credentials", {"name": "Wrong", **fields}).expect(400)

        assert (answer.json["error"]["param"] or "").startswith(param)
        assert snapshot() == before

    def test_a_masked_secret_sent_back_is_refused(
        self, admin: Admin, project: Project, provider: Provider
    ) -> None:
        key = project.create_key()
        shown = admin.get(f"{project.path}/credentials").json["data"][0]
        path = f"{project.path}/credentials/{shown['id']}"
        assert shown["redacted_value"] == f"{provider.secret[:7]}...{provider.secret[-4:]}"

        admin.post(path, {"api_key": shown["redacted_value"]}).expect(400)

        chat(key, admin.url).expect(200)
        assert provider.last.headers["authorization"] == f"Bearer {provider.secret}"

    def test_a_wrong_shape_is_named(self, admin: Admin, demo: Project) -> None:
        body = {"provider": "openai", "name": "Wrong", "api_key": "pk-" + "a" * 30}

        answer = admin.post(f"{demo.path}/credentials", body).expect(400)

        assert "Invalid API key format" in answer.json["error"]["message"]

    def test_a_project_cannot_be_deleted(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key()
        for path in (
            demo.path,
            f"{PROJECTS}/proj_00000000000000000000000000000000",
            f"{PROJECTS}/x",
        ):
            answer = admin.delete(path).expect(405, "project_deletion_not_allowed")
            assert answer.header("allow") == "GET, POST"
        chat(key, admin.url).expect(200)

    def test_ids_that_name_nothing_are_404s(self, admin: Admin, demo: Project) -> None:
        unknown = "00000000000000000000000000000000"
        for id in (f"key_{unknown}", "key_x", "x", "%00", "..%2f..", "key_" + "9" * 300):
            admin.get(f"{demo.path}/api_keys/{id}").expect(404)
            admin.post(f"{demo.path}/api_keys/{id}", {"name": "x"}).expect(404)
            admin.post(f"{demo.path}/api_keys/{id}/revoke").expect(404)
            admin.delete(f"{demo.path}/api_keys/{id}").expect(404)
        for id in (f"proj_{unknown}", "x", f"key_{unknown}"):
            admin.get(f"{PROJECTS}/{id}").expect(404)
            admin.get(f"{PROJECTS}/{id}/api_keys").expect(404)
            admin.post(f"{PROJECTS}/{id}/api_keys", {"name": "x"}).expect(404)
            admin.post(f"{PROJECTS}/{id}/archive").expect(404)

    QUERIES = [
        {"limit": 0},
        {"limit": 101},
        {"limit": "ten"},
        {"limit": [5, 6]},
        {"order": "sideways"},
        {"after": "x"},
        {"after": "key_00000000000000000000000000000000"},
        {"unknown": "x"},
        {"status": "sleeping"},
    ]

    @pytest.mark.parametrize("query", QUERIES, ids=json.dumps)
    def test_a_query_that_makes_no_sense_is_a_400(
        self, query: Json, admin: Admin, demo: Project
    ) -> None:
        for path in (PROJECTS, f"{demo.path}/api_keys"):
            answer = admin.get(path, **query).expect(400)
            expect_envelope(answer, path)
            assert answer.json["error"]["param"] in query

    def test_other_methods_tell_which_ones_there_are(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key()
        for method, path, allowed in [
            ("PUT", PROJECTS, {"GET", "POST"}),
            ("GET", f"{demo.path}/archive", {"POST"}),
            ("PUT", key.path, {"GET", "POST", "DELETE"}),
        ]:
            answer = send(admin.url, method, path, None, admin.headers())
            expect_envelope(answer.expect(405, "method_not_allowed"), path)
            told = {word.strip() for word in (answer.header("allow") or "").split(",")}
            assert told - {"HEAD"} == allowed

    def test_overlaps_are_bounded(self, admin: Admin, demo: Project) -> None:
        key = demo.create_key()
        for overlap in (-1, 31 * 86400, "10", 1.5, True):
            answer = admin.post(f"{key.path}/rotate", {"overlap_seconds": overlap}).expect(400)
            assert answer.json["error"]["param"] == "overlap_seconds"
        chat(key, admin.url).expect(200)

    def test_a_version_that_is_none_is_a_400(self, admin: Admin, demo: Project) -> None:
        for version in ("abc", '"', "1.5", "W/"):
            answer = admin.post(demo.path, {"description": "x"}, {"If-Match": version})
            answer.expect(400)
        assert demo.read()["description"] == ""
