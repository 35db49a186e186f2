"""What an operator runs beside the server: settings, doctor, migrate, proofs."""

import json
import sqlite3
import tomllib
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest

from support.admin import Admin
from support.commands import USAGE, Commands
from support.keyward import Installation, run

SOMEBODY_ELSES = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
"""A public key: the first of RFC 8032, 7.1."""


class TestSettings:
    def test_the_template_names_every_setting_and_changes_none(self) -> None:
        template = run(["config"]).stdout

        assert tomllib.loads(template) == {}
        said = "\n".join(line.removeprefix("# ") for line in template.splitlines() if " = " in line)
        settings = tomllib.loads(said)
        assert {"listen", "data_dir", "database_url", "allow_private_upstreams"} <= settings.keys()

    @pytest.mark.parametrize(
        ("file", "variables", "named"),
        [
            ("lissten = '127.0.0.1:1'", {}, "lissten"),
            ("listen = 'somewhere'", {}, "listen"),
            ("listen = 5", {}, "listen"),
            ("", {"KEYWARD_LISSTEN": "127.0.0.1:1"}, "KEYWARD_LISSTEN"),
            ("", {"KEYWARD_CORES": "many"}, "cores"),
            ("", {"KEYWARD_MASTER_KEY": "short"}, "KEYWARD_MASTER_KEY"),
            ("", {"KEYWARD_LOG_LEVEL": "loud=loud=loud"}, "log_level"),
        ],
    )
    def test_an_unknown_or_wrong_one_stops_the_start_and_is_named(
        self, file: str, variables: dict[str, str], named: str, tmp_path: Path
    ) -> None:
        (tmp_path / "keyward.toml").write_text(file)

        refused = run(["serve"], environment=variables, directory=tmp_path)

        assert refused.returncode in (1, USAGE)
        assert named in refused.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["keyward.toml"]

    def test_a_flag_stands_above_a_variable_and_that_above_the_file(
        self, fresh: Installation
    ) -> None:
        (fresh.home / "keyward.toml").write_text("listen = '127.0.0.1:1'\ndrain_timeout = 1\n")
        fresh.environment["KEYWARD_LISTEN"] = "127.0.0.1:2"

        # Started with --listen 127.0.0.1:0.
        url = fresh.start().url

        assert not url.endswith((":1", ":2"))


class TestDoctor:
    def test_a_sound_installation_is_found_sound(self, fresh: Installation) -> None:
        organization = fresh.init()
        Admin(fresh.start().url, organization, fresh.secrets).create_project()

        looked = fresh.run("doctor", "--json", "--listen", "127.0.0.1:0")

        findings = json.loads(looked.stdout)
        assert looked.returncode == 0, looked.stdout
        assert "wrong" not in [finding["state"] for finding in findings]
        checks = {finding["check"] for finding in findings}
        assert {"data folder", "master key", "database", "audit log"} <= checks

    def test_what_is_wrong_is_named_and_left_alone(self, fresh: Installation) -> None:
        fresh.init()
        fresh.data.chmod(0o755)
        fresh.master_key.chmod(0o644)

        looked = fresh.run("doctor", "--listen", "127.0.0.1:0")

        assert looked.returncode == 1
        assert "chmod 700" in looked.stdout and "chmod 600" in looked.stdout
        assert fresh.data.stat().st_mode & 0o777 == 0o755

    def test_nothing_there_is_found_and_nothing_is_made(self, fresh: Installation) -> None:
        looked = fresh.run("doctor")

        assert looked.returncode == 1
        assert not fresh.data.exists()


class TestMigrate:
    def test_a_new_database_is_brought_up_to_date(self, fresh: Installation) -> None:
        assert fresh.run("migrate", "--check").returncode == 1

        assert fresh.run("migrate").returncode == 0

        assert fresh.run("migrate", "--check").returncode == 0
        assert fresh.run("migrate").returncode == 0


class TestAuditVerify:
    """`keyward audit verify`: a proof that doesn't ask the server."""

    @pytest.fixture
    def history(self, fresh: Installation) -> Admin:
        organization = fresh.init()
        admin = Admin(fresh.start().url, organization, fresh.secrets)
        project = admin.create_project("History")
        for number in range(5):
            project.create_key(f"Key {number}").disable()
        return admin

    def export(self, history: Admin, file: Path) -> list[str]:
        done = Commands(history).run("audit", "export", "--output", str(file))
        assert done.returncode == 0, done.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        return file.read_text().splitlines()

    def verify(self, fresh: Installation) -> CompletedProcess[str]:
        """Proves the database."""
        return run(
            ["audit", "verify", *(fresh.database.flags() or ["--data-dir", str(fresh.data)])]
        )

    def tamper(self, fresh: Installation, statement: str) -> None:
        """Changes one event or more behind Keyward's back."""
        assert fresh.servers[0].terminate() == 0
        if fresh.database.url is None:
            with sqlite3.connect(fresh.data / "keyward.db") as database:
                changed = database.execute(statement).rowcount
            database.close()
        else:
            with psycopg.connect(fresh.database.url) as connection:
                changed = connection.execute(statement).rowcount
        assert changed > 0

    def test_an_export_is_proven_and_any_touch_of_it_found(
        self, history: Admin, fresh: Installation
    ) -> None:
        file = fresh.home / "export.jsonl"
        lines = self.export(history, file)
        proven = run(["audit", "verify", str(file)])
        assert proven.returncode == 0, proven.stderr
        at = next(number for number, line in enumerate(lines) if "Key 2" in line)

        for what, tampered in {
            "changed": [*lines[:at], lines[at].replace("Key 2", "Bee 2"), *lines[at + 1 :]],
            "missing": [*lines[:at], *lines[at + 1 :]],
            "swapped": [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
            "twice": [*lines[: at + 1], lines[at], *lines[at + 1 :]],
            "garbage": [*lines[:at], "{}", *lines[at + 1 :]],
            "cut off": lines[:at],
        }.items():
            file.write_text("\n".join(tampered) + "\n")
            found = run(["audit", "verify", str(file)])
            assert found.returncode == 1, what

    def test_an_export_is_proven_by_the_key_that_was_noted(
        self, history: Admin, fresh: Installation
    ) -> None:
        file = fresh.home / "export.jsonl"
        self.export(history, file)
        (chain,) = json.loads(run(["audit", "verify", str(file), "--json"]).stdout)
        noted = chain["head"]["public_key"]

        right = run(["audit", "verify", str(file), "--public-key", noted])
        wrong = run(["audit", "verify", str(file), "--public-key", SOMEBODY_ELSES])

        assert (right.returncode, wrong.returncode) == (0, 1)

    def test_a_database_is_proven_and_a_tampered_event_named(
        self, history: Admin, fresh: Installation
    ) -> None:
        proven = self.verify(fresh)
        assert proven.returncode == 0, proven.stderr
        event = next(event for event in history.audit() if "Key 2" in str(event))

        self.tamper(
            fresh,
            "UPDATE audit_events SET event = replace(event, 'Key 2', 'Bee 2')"
            " WHERE event_type = 'api_key.created' AND event LIKE '%Key 2%'",
        )

        found = self.verify(fresh)
        assert found.returncode == 1
        assert event["id"] in found.stdout + found.stderr

    def test_events_cut_off_at_the_end_are_missed(
        self, history: Admin, fresh: Installation
    ) -> None:
        assert len(history.audit()) > 8

        self.tamper(fresh, "DELETE FROM audit_events WHERE sequence > 8")

        assert self.verify(fresh).returncode == 1
