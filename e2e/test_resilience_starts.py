"""Starts that can't go well: each says what is wrong and what to do, and changes nothing."""

import hashlib
import socket
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from support.admin import Admin, Key
from support.calls import chat
from support.databases import files_below
from support.keyward import Installation, run


@dataclass
class House:
    """An installation that has served, and doesn't now."""

    installed: Installation
    key: Key

    @property
    def journal(self) -> Path:
        return self.installed.data / "journal"

    @property
    def segments(self) -> list[Path]:
        return sorted(self.journal.glob("usage-*.log"))

    def state(self) -> dict[str, object]:
        """Everything that a start might have changed."""
        files = {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files_below(self.installed.data)
            # An open database has an index and an empty log beside it.
            if not path.name.endswith("-shm") and path.stat().st_size > 0
        }
        return {**files, **dict(self.installed.database.dump())}

    def execute(self, text: str) -> None:
        """Changes the database behind Keyward's back."""
        url = self.installed.database.url
        if url is not None:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(text)  # type: ignore[arg-type]
            return
        with closing(sqlite3.connect(self.installed.data / "keyward.db")) as connection:
            connection.execute(text)
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def refused(
        self, *words: str, more: tuple[str, ...] = (), listen: str = "127.0.0.1:0"
    ) -> subprocess.CompletedProcess[str]:
        """Fails unless a start ends at once, with all these words, and changes nothing."""
        before = self.state()
        ended = self.installed.run("serve", "--listen", listen, *more)
        assert ended.returncode == 1, ended
        (message,) = [line for line in ended.stderr.splitlines() if line.startswith("keyward: ")]
        for word in words:
            assert word in message
        assert "panic" not in ended.stderr
        assert self.state() == before
        return ended

    def serves_again(self) -> None:
        server = self.installed.start()
        chat(self.key, server.url).expect(200)


@pytest.fixture
def house(fresh: Installation) -> House:
    organization = fresh.init()
    server = fresh.start()
    admin = Admin(server.url, organization, fresh.secrets)
    key = admin.create_project(credential={"provider": "demo"}).create_key()
    assert server.terminate() == 0
    return House(fresh, key)


class TestJournal:
    """The usage journal's files."""

    def test_an_identity_that_is_none_is_refused(self, house: House) -> None:
        file = house.journal / "journal-id"
        kept = file.read_text()
        file.write_text("hello\n")
        house.refused(str(file), "restore")
        file.write_text(kept)
        house.serves_again()

    def test_a_missing_identity_is_refused(self, house: House) -> None:
        file = house.journal / "journal-id"
        kept = file.read_text()
        file.unlink()
        house.refused(str(file), "restore")
        file.write_text(kept)
        house.serves_again()

    def test_a_segment_of_another_journal_is_refused(self, house: House) -> None:
        (segment,) = house.segments
        kept = segment.read_bytes()
        file = house.journal / "journal-id"
        identity = file.read_text()
        file.write_text("00000000-0000-4000-8000-000000000000\n")
        house.refused(str(segment), "belongs", "move it away")
        file.write_text(identity)
        assert segment.read_bytes() == kept
        house.serves_again()

    def test_damage_in_the_middle_is_said_and_costs_only_what_is_damaged(
        self, house: House
    ) -> None:
        server = house.installed.start()
        house.key.project.admin.url = server.url
        for _ in range(10):
            chat(house.key, server.url).expect(200)
        # As if it hadn't been counted yet.
        server.kill()
        house.execute("DELETE FROM journal_positions")
        house.execute("UPDATE api_key_usage SET request_count = 0")
        segment = max(house.segments, key=lambda path: path.stat().st_size)
        data = bytearray(segment.read_bytes())
        middle = len(data) // 2
        data[middle] ^= 0xFF
        segment.write_bytes(data)

        server = house.installed.start()

        house.key.project.admin.url = server.url
        assert house.key.read()["request_count"] == 9
        assert "part of the usage journal can't be read" in server.log.read_text()


class TestDatabase:
    """The database isn't what this program can use."""

    def test_that_of_a_newer_version_is_refused(self, house: House) -> None:
        house.execute("UPDATE _sqlx_migrations SET version = 9000 WHERE version = 1")
        house.refused("newer Keyward", "9000", "backup")
        house.execute("UPDATE _sqlx_migrations SET version = 1 WHERE version = 9000")
        house.serves_again()

    def test_a_file_that_is_no_database_is_refused(self, house: House) -> None:
        if house.installed.database.is_shared:
            pytest.skip("a file is the embedded database's")
        file = house.installed.data / "keyward.db"
        kept = file.read_bytes()
        file.write_bytes(b"This is a letter and no database. " * 500)
        house.refused(str(file))
        file.write_bytes(kept)
        house.serves_again()

    def test_one_that_cannot_be_reached_is_named_without_its_password(
        self, house: House
    ) -> None:
        password = house.installed.secrets.make("", "a password of PostgreSQL")
        # Nobody listens on the port for discarding.
        nowhere = f"postgres://keyward:{password}@127.0.0.1:9/keyward"
        before = house.state()

        ended = run(
            ["serve", "--listen", "127.0.0.1:0", "--database-url", nowhere]
            + ["--data-dir", str(house.installed.home / "elsewhere")]
        )

        assert ended.returncode == 1
        assert "PostgreSQL" in ended.stderr and password not in ended.stderr
        assert house.state() == before


class TestMasterKey:
    """The one secret that opens all others."""

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", ["base64 of 32 bytes"]),
            (b"\x00\xff\xfe" * 40, ["can't be read"]),
            (b"c2hvcnQ=\n", ["base64 of 32 bytes"]),
            (b"A" * 43 + b"=\n", ["another one", "first started with"]),
        ],
        ids=["empty", "binary", "short", "another"],
    )
    def test_a_file_that_holds_no_or_another_one_is_refused(
        self, content: bytes, words: list[str], house: House
    ) -> None:
        kept = house.installed.master_key.read_bytes()
        house.installed.master_key.write_bytes(content)
        house.refused("master key", str(house.installed.master_key), *words)
        house.installed.master_key.write_bytes(kept)
        house.serves_again()

    def test_a_variable_that_holds_none_is_refused_without_its_value(self, house: House) -> None:
        garbage = house.installed.secrets.make("", "what was meant as a master key")
        house.installed.environment["KEYWARD_MASTER_KEY"] = garbage
        ended = house.refused("KEYWARD_MASTER_KEY", "base64 of 32 bytes", "openssl rand")
        assert garbage not in ended.stderr
        house.installed.environment.clear()
        house.serves_again()


class TestAddress:
    """The address to listen on."""

    @pytest.mark.parametrize("cores", ["1", "2"])
    def test_one_that_is_in_use_is_refused(self, cores: str, house: House) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            house.refused(address, "in use", "--listen", more=("--cores", cores), listen=address)
        house.serves_again()
