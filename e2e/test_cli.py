"""The command line: administration over HTTP, with tables for people and JSON for scripts."""

import json

import pytest

from support.admin import Admin, Project
from support.calls import chat
from support.commands import UNREACHABLE, USAGE, Commands
from support.keyward import Installation, run
from support.provider import Provider


@pytest.fixture
def commands(admin: Admin) -> Commands:
    return Commands(admin)


class TestProjects:
    def test_a_project_is_created_listed_changed_archived_and_activated(
        self, commands: Commands
    ) -> None:
        made = commands.json("projects", "create", "By command", "--description", "A try")
        assert (made["object"], made["status"]) == ("organization.project", "active")

        shown = commands.json("projects", "show", made["id"])
        assert shown == made
        listed = commands.json("projects", "list", "--search", "by comm")
        assert [project["id"] for project in listed["data"]] == [made["id"]]
        renamed = commands.json("projects", "update", made["id"], "--name", "Renamed by command")
        assert renamed["name"] == "Renamed by command"
        archived = commands.json("projects", "archive", made["id"], "--yes")
        assert archived["status"] == "archived"
        assert commands.json("projects", "activate", made["id"])["status"] == "active"

        table = commands.run("projects", "list").stdout
        assert "Renamed by command" in table and made["id"] in table

    def test_a_refusal_tells_its_code_and_request(self, commands: Commands) -> None:
        commands.json("projects", "create", "Taken by command")

        said = commands.refused("projects", "create", "Taken by command")

        assert "name_taken" in said and "req_" in said
        commands.refused("projects", "show", "proj_00000000000000000000000000000000")
        commands.refused("projects", "show", "../keys", code=USAGE)
        commands.refused("projects", "fly", code=USAGE)


class TestKeys:
    def test_a_keys_whole_life(self, commands: Commands, demo: Project, admin: Admin) -> None:
        made = commands.json(
            *("keys", "create", demo.id, "By command", "--expires-in", "30d"),
            *("--max-requests", "5", "--allow-models", "demo-*", "--metadata", "team=search"),
        )
        value = admin.secrets.add(made["value"], "a key made by command")
        assert (made["max_requests"], made["metadata"]) == (5, {"team": "search"})
        assert made["expires_at"] == made["created_at"] + 30 * 86400
        chat(value, admin.url).expect(200)

        place = (demo.id, made["id"])
        assert commands.json("keys", "disable", *place)["status"] == "disabled"
        chat(value, admin.url).expect(401, "api_key_disabled")
        assert commands.json("keys", "enable", *place)["status"] == "active"
        rotated = commands.json("keys", "rotate", *place, "--overlap", "1h")
        admin.secrets.add(rotated["value"], "a key rotated by command")
        for secret in (value, rotated["value"]):
            chat(secret, admin.url).expect(200)
        shown = commands.json("keys", "show", *place)
        assert (shown["request_count"], "value" in shown) == (3, False)
        assert commands.json("keys", "update", *place, "--no-cap")["max_requests"] is None
        assert commands.json("keys", "revoke", *place, "--yes")["status"] == "revoked"
        listed = commands.json("keys", "list", demo.id, "--status", "revoked")
        assert [key["id"] for key in listed["data"]] == [made["id"]]
        assert commands.json("keys", "delete", *place, "--yes")["deleted"] is True
        assert commands.json("keys", "revoke-all", demo.id, "--yes")["total"] == 0

    def test_what_cannot_be_undone_wants_a_yes(self, commands: Commands, demo: Project) -> None:
        key = demo.create_key()

        done = commands.run("keys", "revoke", demo.id, key.id)

        assert done.returncode != 0
        assert "--yes" in done.stderr
        assert key.read()["status"] == "active"

    def test_a_value_is_shown_to_people_once(
        self, commands: Commands, demo: Project, admin: Admin
    ) -> None:
        done = commands.run("keys", "create", demo.id, "For people")

        shown = [word for word in done.stdout.split() if word.startswith("sk-project-")]
        (value,) = [word for word in shown if "..." not in word]
        admin.secrets.add(value, "a key made by command")
        assert "once" in done.stderr
        chat(value, admin.url).expect(200)
        assert value not in commands.run("keys", "list", demo.id).stdout


class TestCredentials:
    def test_a_secret_comes_by_standard_input_and_is_never_shown(
        self, commands: Commands, admin: Admin, provider: Provider
    ) -> None:
        project = admin.create_project()

        made = commands.json(
            *("credentials", "create", "--project", project.id, "--provider", "openai"),
            *("--base-url", provider.base_url, "--alias", "house=gpt-test", "--api-key-stdin"),
            given=provider.secret + "\n",
        )

        assert made["redacted_value"].endswith(provider.secret[-4:])
        place = (made["id"], "--project", project.id)
        assert commands.json("credentials", "show", *place) == made
        assert commands.run("credentials", "test", *place).returncode == 0
        chat(project.create_key(), admin.url).expect(200)
        assert provider.last.headers["authorization"] == f"Bearer {provider.secret}"
        renamed = commands.json("credentials", "update", *place, "--name", "Another")
        assert renamed["name"] == "Another"
        listed = commands.json("credentials", "list", "--project", project.id)
        assert [one["id"] for one in listed["data"]] == [made["id"]]
        assert commands.json("credentials", "delete", *place, "--yes")["deleted"] is True


class TestAdminKeys:
    def test_an_admin_key_is_made_used_and_deleted(self, commands: Commands, admin: Admin) -> None:
        made = commands.json("admin-keys", "create", "Deployment", "--expires-in", "1h")
        value = admin.secrets.add(made["value"], "an admin key")
        settings = {"KEYWARD_URL": admin.url, "KEYWARD_ADMIN_KEY": value}

        assert run(["projects", "list"], environment=settings).returncode == 0
        listed = commands.json("admin-keys", "list", "--all")
        assert made["id"] in [key["id"] for key in listed["data"]]
        commands.json("admin-keys", "delete", made["id"], "--yes")
        refused = run(["projects", "list"], environment=settings)
        assert refused.returncode == 1 and "invalid_api_key" in refused.stderr


class TestAudit:
    def test_events_are_filtered_and_exported(self, commands: Commands, demo: Project) -> None:
        key = demo.create_key()
        key.revoke()

        listed = commands.json("audit", "list", "--target", key.id)
        exported = commands.run("audit", "export", "--target", key.id)
        table = commands.run("audit", "list", "--project", demo.id, "--type", "api_key.*")

        types = [event["type"] for event in listed["data"]]
        assert types == ["api_key.revoked", "api_key.created"]
        # The last line is the chain's signed end.
        *lines, _ = [json.loads(line) for line in exported.stdout.splitlines()]
        assert [line["event"]["type"] for line in lines] == types[::-1]
        assert "api_key.revoked" in table.stdout and "owner@example.com" in table.stdout


class TestReachingTheServer:
    def test_a_server_that_is_not_there_has_its_own_exit_code(self, admin: Admin) -> None:
        nowhere = {
            "KEYWARD_URL": "http://127.0.0.1:1",
            "KEYWARD_ADMIN_KEY": admin.organization.admin_key,
        }

        refused = run(["projects", "list"], environment=nowhere)

        assert (refused.returncode, refused.stdout) == (UNREACHABLE, "")

    def test_a_missing_admin_key_is_named(self, admin: Admin) -> None:
        refused = run(["projects", "list"], environment={"KEYWARD_URL": admin.url})

        assert refused.returncode in (1, USAGE)
        assert "KEYWARD_ADMIN_KEY" in refused.stderr


class TestInit:
    """`keyward init`, again and again on one installation."""

    def test_it_prints_one_object_for_scripts_and_words_for_people(
        self, fresh: Installation
    ) -> None:
        made = fresh.init("First")
        assert made.id.startswith("org_") and made.user_id.startswith("user")
        assert made.admin_key.startswith("sk-admin-")

        password = fresh.secrets.make("", "a password")
        told = fresh.run(
            *("init", "--organization", "Second", "--email", "b@example.com", "--password-stdin"),
            given=password,
        )

        assert told.returncode == 0
        (key,) = [word for word in told.stdout.split() if word.startswith("sk-admin-")]
        fresh.secrets.add(key, "an admin key")

    @pytest.mark.parametrize(
        ("arguments", "password", "named"),
        [
            (
                ["--organization", "", "--email", "a@example.com"],
                "long enough 1234",
                "organization",
            ),
            (["--organization", "A", "--email", "nobody"], "long enough 1234", "email"),
            (["--organization", "A", "--email", "a@example.com"], "short", "password"),
            (["--organization", "Taken", "--email", "a@example.com"], "long enough 1234", "Taken"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, arguments: list[str], password: str, named: str, fresh: Installation
    ) -> None:
        fresh.init("Taken")

        refused = fresh.run("init", *arguments, "--password-stdin", "--json", given=password)

        assert (refused.returncode, refused.stdout) == (1, "")
        assert named in refused.stderr
        assert password not in refused.stderr
