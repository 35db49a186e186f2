"""What an installation stands on: its master key, one process at a time, its backup."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.admin import PROJECTS, Admin
from support.calls import chat, project_at
from support.databases import files_below
from support.keyward import Installation
from support.load import under_load
from support.provider import Provider


def fingerprints(folder: Path) -> dict[str, str]:
    """A hash of every file."""
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files_below(folder)}


class TestMasterKey:
    """The one secret that opens all others."""

    def test_it_is_made_for_its_owner_only(self, fresh: Installation) -> None:
        fresh.init()

        assert fresh.master_key.stat().st_mode & 0o777 == 0o600
        assert fresh.data.stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("wrong", ["another", "missing", "garbage"])
    def test_a_wrong_one_is_refused_before_anything_is_written(
        self, wrong: str, fresh: Installation
    ) -> None:
        organization = fresh.init()
        server = fresh.start()
        key = Admin(server.url, organization, fresh.secrets).create_project().create_key()
        assert server.terminate() == 0
        right = fresh.master_key.read_text()
        match wrong:
            case "another":
                fresh.master_key.write_text("A" * 43 + "=\n")
            case "missing":
                fresh.master_key.unlink()
            case "garbage":
                fresh.master_key.write_text("hello\n")
        before = fingerprints(fresh.data)
        tables = dict(fresh.database.dump())

        refused = fresh.run("serve", "--listen", "127.0.0.1:0")

        assert refused.returncode == 1
        assert "master key" in refused.stderr
        assert fingerprints(fresh.data) == before
        assert dict(fresh.database.dump()) == tables
        fresh.master_key.write_text(right)
        url = fresh.start().url
        chat(key, url).expect(503, "provider_not_configured")

    def test_it_can_be_given_in_the_environment(self, fresh: Installation) -> None:
        # 32 bytes of 1.
        given = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
        fresh.environment["KEYWARD_MASTER_KEY"] = fresh.secrets.add(given, "the master key")

        organization = fresh.init()
        server = fresh.start()

        assert not fresh.master_key.exists()
        Admin(server.url, organization, fresh.secrets).create_project()


class TestTwoProcesses:
    """A second process on the same things."""

    def test_a_second_server_on_one_data_directory_is_refused(self, fresh: Installation) -> None:
        organization = fresh.init()
        server = fresh.start()

        refused = fresh.run("serve", "--listen", "127.0.0.1:0")

        assert refused.returncode == 1
        assert "journal" in refused.stderr and "use" in refused.stderr
        Admin(server.url, organization, fresh.secrets).create_project()

    def test_two_at_once_set_an_empty_installation_up_together(self, fresh: Installation) -> None:
        with ThreadPoolExecutor(4) as pool:
            made = list(
                pool.map(lambda n: fresh.init(f"Tenant {n}", f"o{n}@example.com"), range(4))
            )

        url = fresh.start().url
        for organization in made:
            Admin(url, organization, fresh.secrets).create_project()


class TestBackup:
    """`keyward backup` while the server works."""

    def test_a_copy_starts_with_the_same_master_key_and_has_everything(
        self, fresh: Installation, upstream: Provider, tmp_path: Path
    ) -> None:
        organization = fresh.init()
        server = fresh.start()
        admin = Admin(server.url, organization, fresh.secrets)
        project = project_at(admin, upstream)
        keys = [project.create_key() for _ in range(3)]
        copy = tmp_path / "copy" / "data"
        copy.mkdir(parents=True)

        with under_load(keys[0], server.url, calls=20):
            backed_up = fresh.run("backup", str(copy / "keyward.db"))

        if fresh.database.is_shared:
            assert backed_up.returncode == 1
            assert "pg_dump" in backed_up.stderr
            return
        assert backed_up.returncode == 0, backed_up.stderr
        assert (copy / "keyward.db").stat().st_mode & 0o777 == 0o600
        keys[1].revoke()
        assert server.terminate() == 0

        restored = Installation(copy.parent, fresh.database, fresh.secrets)
        restored.master_key.write_text(fresh.master_key.read_text())
        try:
            url = restored.start().url
            # The copy is of before the revocation.
            for key in keys:
                chat(key, url).expect(200)
            listed = Admin(url, organization, fresh.secrets).get(PROJECTS).expect(200).json
            assert [one["id"] for one in listed["data"]] == [project.id]
        finally:
            restored.stop()

    def test_a_copy_never_takes_the_place_of_a_file(
        self, fresh: Installation, tmp_path: Path
    ) -> None:
        fresh.init()
        taken = tmp_path / "taken.db"
        taken.write_text("mine")

        refused = fresh.run("backup", str(taken))

        assert refused.returncode == 1
        assert taken.read_text() == "mine"
