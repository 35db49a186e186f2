"""Processes that end, in order or not, and what is there when they start again."""

import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from support import answers
from support.admin import PROJECTS, Admin, Key, Project
from support.calls import CHAT, ask_for, chat
from support.databases import files_below
from support.keyward import Installation, Server
from support.provider import Exchange, Provider, scripted_provider
from support.waiting import eventually
from support.wire import json_headers, send

PROMISED = 1.0
"""A change is in force on every process within this time, in seconds."""
CALLERS = 16


@pytest.fixture
def upstream(fresh: Installation) -> Iterator[Provider]:
    secret = fresh.secrets.make("sk-", "a provider's secret")
    with scripted_provider(answers.behave, secret) as provider:
        yield provider


def project_at(admin: Admin, upstream: Provider) -> Project:
    made = admin.create_project()
    made.create_credential("openai", api_key=upstream.secret, base_url=upstream.base_url)
    return made


@dataclass
class Load:
    """Calls without pause, and what became of each."""

    statuses: list[int] = field(default_factory=list)
    broken: int = 0
    """Calls whose connection broke or was refused."""
    stop: threading.Event = field(default_factory=threading.Event)

    def call_on(self, key: Key, url: str) -> None:
        while not self.stop.is_set():
            try:
                self.statuses.append(chat(key, url, ask_for("gpt-test")).status)
            except (OSError, HTTPException):
                self.broken += 1
                return

    @property
    def completed(self) -> int:
        return self.statuses.count(200)


@contextmanager
def under_load(key: Key, url: str, calls: int) -> Iterator[Load]:
    """Runs its block once so many calls were answered."""
    load = Load()
    with ThreadPoolExecutor(CALLERS) as pool:
        callers: list[Future[None]] = [pool.submit(load.call_on, key, url) for _ in range(CALLERS)]
        try:
            eventually(f"{calls} calls are answered", lambda: len(load.statuses) >= calls)
            yield load
        finally:
            load.stop.set()
    for caller in callers:
        caller.result()


class TestKilled:
    """`kill -9` at any moment."""

    def test_keys_work_and_every_completed_call_is_counted_once(
        self, fresh: Installation, upstream: Provider
    ) -> None:
        organization = fresh.init()
        server = fresh.start()
        admin = Admin(server.url, organization, fresh.secrets)
        key = project_at(admin, upstream).create_key()
        revoked = project_at(admin, upstream).create_key()

        revoked.revoke()
        answered = 0

        for _ in range(3):
            with under_load(key, server.url, calls=100) as load:
                server.kill()
            answered += load.completed
            sent = len(upstream.calls)
            server = fresh.start()
            admin.url = server.url

            # What was answered is counted once; what was sent and not answered may be.
            read = key.read()
            assert answered <= read["request_count"] <= sent
            tokens = answers.INPUT_TOKENS
            assert tokens * answered <= read["usage"]["input_tokens"] <= tokens * sent
            chat(revoked, server.url).expect(401, "api_key_revoked")

    def test_a_request_cap_is_not_exceeded_by_it(
        self, fresh: Installation, upstream: Provider
    ) -> None:
        organization = fresh.init()
        server = fresh.start()
        admin = Admin(server.url, organization, fresh.secrets)
        key = project_at(admin, upstream).create_key(max_requests=300)

        for _ in range(2):
            with under_load(key, server.url, calls=60):
                server.kill()
            server = fresh.start()
            admin.url = server.url
        with under_load(key, server.url, calls=400) as load:
            eventually("the cap is reached", lambda: 429 in load.statuses)

        assert len(upstream.calls) <= 300
        assert key.read()["request_count"] == 300
        chat(key, server.url).expect(429, "request_cap_reached")


class TestTerminated:
    """SIGTERM drains, then the process ends well."""

    def test_under_load_no_accepted_call_is_lost(
        self, fresh: Installation, upstream: Provider
    ) -> None:
        organization = fresh.init()
        server = fresh.start()
        admin = Admin(server.url, organization, fresh.secrets)
        key = project_at(admin, upstream).create_key()

        with under_load(key, server.url, calls=200) as load:
            assert server.terminate() == 0

        assert set(load.statuses) == {200}
        admin.url = fresh.start().url
        assert key.read()["request_count"] == load.completed == len(upstream.calls)

    def test_a_stream_in_flight_is_finished_first(
        self, fresh: Installation, upstream: Provider
    ) -> None:
        organization = fresh.init()
        server = fresh.start()
        admin = Admin(server.url, organization, fresh.secrets)
        key = project_at(admin, upstream).create_key()
        goes_on = threading.Event()

        def pause(exchange: Exchange) -> None:
            frames = answers.chat_frames(include_usage=True)
            exchange.begin_stream()
            exchange.frame(frames[0])
            goes_on.wait(30)
            for frame in frames[1:]:
                exchange.frame(frame)
            exchange.end_stream()

        upstream.script = pause
        body = b'{"model":"gpt-test","stream":true}'
        with ThreadPoolExecutor(2) as pool:
            headers = json_headers(key.value)
            call = pool.submit(send, server.url, "POST", CHAT, body, headers)
            eventually("the stream begins", lambda: upstream.calls)
            ended = pool.submit(server.terminate)
            eventually("no new connection is taken", lambda: refuses_connections(server))
            assert not call.done() and not ended.done()
            goes_on.set()

            assert call.result(30).expect(200).body.endswith(answers.DONE)
            assert ended.result(30) == 0

        admin.url = fresh.start().url
        assert key.read()["usage"]["total_tokens"] == 18


def refuses_connections(server: Server) -> bool:
    try:
        send(server.url, "GET", "/healthz", timeout=2)
    except (OSError, HTTPException):
        return True
    return False


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


class TestTwoNodes:
    """Two processes on one PostgreSQL: each change is in force on both."""

    @pytest.fixture
    def nodes(self, fresh: Installation) -> tuple[Admin, Server]:
        if not fresh.database.is_shared:
            pytest.skip("an embedded database has one process")
        organization = fresh.init()
        first = fresh.start()
        other = Installation(
            fresh.home / "other", fresh.database, fresh.secrets, dict(fresh.environment)
        )
        other.data.mkdir(parents=True)
        other.master_key.write_text(fresh.master_key.read_text())
        os.chmod(other.master_key, 0o600)
        second = other.start()
        fresh.servers.append(second)
        return Admin(first.url, organization, fresh.secrets), second

    def test_a_key_revoked_on_one_is_refused_on_the_other_within_a_second(
        self, nodes: tuple[Admin, Server]
    ) -> None:
        admin, second = nodes
        project = admin.create_project(credential={"provider": "demo"})
        key = project.create_key()
        eventually(
            "the other node knows the key",
            lambda: chat(key, second.url).status == 200,
            within=PROMISED,
        )

        key.revoke()

        chat(key, admin.url).expect(401, "api_key_revoked")
        eventually(
            "the other node refuses the key",
            lambda: chat(key, second.url).status == 401,
            within=PROMISED,
        )

    def test_every_change_travels(self, nodes: tuple[Admin, Server]) -> None:
        admin, second = nodes
        project = admin.create_project(credential={"provider": "demo"})
        key = project.create_key()

        def expect(status: int, what: str, secret: Key = key) -> None:
            eventually(what, lambda: chat(secret, second.url).status == status, within=PROMISED)

        expect(200, "a new key works")
        key.disable()
        expect(401, "a disabled key is refused")
        key.enable()
        expect(200, "an enabled key works")
        project.archive()
        expect(403, "an inactive project refuses")
        project.activate()
        expect(200, "an active project lets through")
        rotated = key.rotate()
        expect(200, "a new secret works", rotated)
        expect(401, "an old secret is refused")
        rotated.edit(allowed_ips=["192.0.2.1"])
        expect(403, "a new restriction holds", rotated)
        rotated.delete()
        expect(401, "a deleted key is refused", rotated)

    def test_a_request_cap_holds_across_both(
        self, nodes: tuple[Admin, Server], upstream: Provider
    ) -> None:
        admin, second = nodes
        key = project_at(admin, upstream).create_key(max_requests=50)
        eventually("the other node knows the key", lambda: answers_models(key, second))
        urls = [admin.url, second.url] * 60

        with ThreadPoolExecutor(40) as pool:
            statuses = [a.status for a in pool.map(lambda url: chat(key, url), urls)]

        assert (statuses.count(200), statuses.count(429)) == (50, 70)
        assert len(upstream.calls) == 50
        assert key.read()["request_count"] == 50


def answers_models(key: Key, server: Server) -> bool:
    return send(server.url, "GET", "/v1/models", None, json_headers(key.value)).status == 200


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
