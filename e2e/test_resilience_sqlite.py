"""The embedded database is locked, moved away or can't be written while Keyward serves."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import answers
from support.admin import PROJECTS, Admin, Key
from support.databases import Database
from support.keyward import Installation, Server, installation
from support.traffic import STREAM, Load, call, loaded
from support.provider import Provider, scripted_provider
from support.waiting import eventually
from support.wire import send


@dataclass
class House:
    """One process on its embedded database."""

    installed: Installation
    server: Server
    admin: Admin
    provider: Provider
    key: Key

    @property
    def database(self) -> Path:
        return self.installed.data / "keyward.db"

    def counted(self) -> int:
        return self.key.read()["request_count"]

    def log(self) -> str:
        return self.server.log.read_text()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with installation(tmp_path, Database(url=None)) as installed:
        secret = installed.secrets.make("sk-provider-", "a provider's secret")
        with scripted_provider(answers.behave, secret) as provider:
            organization = installed.init()
            server = installed.start()
            admin = Admin(server.url, organization, installed.secrets)
            project = admin.create_project()
            project.create_credential("openai", api_key=secret, base_url=provider.base_url)
            yield House(installed, server, admin, provider, project.create_key())


class TestLocked:
    """Another process holds the database's lock."""

    @contextmanager
    def locked(self, house: House) -> Iterator[None]:
        with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 10000")
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")

    def test_calls_go_on_changes_are_refused_and_all_is_well_afterwards(
        self, house: House
    ) -> None:
        load = Load(house.key)
        capped = house.key.project.create_key(max_requests=3)
        with loaded([house.server.url], load, answered=10):
            with self.locked(house):
                before = load.completed
                refused = house.admin.post(PROJECTS, {"name": "Not now"})
                refused.expect(503, "database_unavailable")
                assert int(refused.header("retry-after") or "0") > 0
                revoked = house.admin.post(f"{house.key.path}/revoke")
                revoked.expect(503, "database_unavailable")
                # What was written before can be read.
                assert house.key.read()["status"] == "active"
                # One process counts by itself, so a cap needs no database.
                assert [call(capped, house.server.url).status for _ in range(4)] == [
                    *(200, 200, 200),
                    429,
                ]
                eventually("calls go on", lambda: load.completed > before + 20)
            house.admin.create_project("Not now")

        assert not load.refused and not load.broken
        eventually("all is counted", lambda: house.counted() == load.completed)
        assert house.key.read()["usage"]["output_tokens"] == answers.OUTPUT_TOKENS * load.completed
        eventually("the cap's too", lambda: capped.read()["request_count"] == 3)


class TestGone:
    """The database's file, or the whole folder, is moved away."""

    @pytest.mark.parametrize("what", ["the file", "the folder"])
    def test_nothing_is_written_where_nobody_will_find_it(self, what: str, house: House) -> None:
        moved = house.database if what == "the file" else house.installed.data
        away = house.installed.home / "away"
        project = house.admin.create_project()
        moved.rename(away)

        refused = house.admin.post(PROJECTS, {"name": "Lost"}).expect(503, "database_unavailable")
        assert int(refused.header("retry-after") or "0") > 0
        house.admin.post(f"{house.key.path}/revoke").expect(503, "database_unavailable")
        for body in (STREAM, STREAM):
            call(house.key, house.server.url, body).expect(200)
        assert send(house.server.url, "GET", "/readyz").status == 503
        assert send(house.server.url, "GET", "/healthz").status == 200
        eventually("the log names the file", lambda: "keyward.db was moved" in house.log())

        away.rename(moved)
        eventually("it is ready", lambda: send(house.server.url, "GET", "/readyz").status == 200)
        house.admin.create_project("Lost")
        eventually("all is counted", lambda: house.counted() == 2)
        assert house.admin.get(project.path).expect(200).json["name"] == project.name

    def test_a_deleted_file_is_said_to_be_gone_and_the_usage_is_kept(self, house: House) -> None:
        saved = house.installed.home / "saved.db"
        copied = house.installed.run("backup", str(saved))
        assert copied.returncode == 0, copied.stderr
        house.database.unlink()

        house.admin.post(PROJECTS, {"name": "Lost"}).expect(503, "database_unavailable")
        call(house.key, house.server.url).expect(200)
        assert house.server.terminate() == 0
        assert "panic" not in house.log()

        for companion in house.installed.data.glob("keyward.db-*"):
            companion.unlink()
        saved.rename(house.database)
        house.admin.url = house.installed.start().url
        assert house.counted() == 1


class TestReadOnly:
    """The data folder can't be written."""

    def test_a_start_is_refused_with_the_folder_s_name(self, house: House) -> None:
        assert house.server.terminate() == 0
        with read_only(house.installed.data):
            refused = house.installed.run("serve", "--listen", "127.0.0.1:0")

        assert refused.returncode == 1
        assert str(house.installed.data) in refused.stderr
        assert "ead-only" in refused.stderr or "denied" in refused.stderr
        house.admin.url = house.installed.start().url
        house.admin.create_project()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Takes the right to write in a folder away, also from root."""
    if os.getuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    for options in (["--bind", str(folder)], ["-o", "remount,bind,ro"]):
        subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
