"""Two processes on one PostgreSQL: each change is in force on both."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import monotonic, sleep

import pytest

from support.admin import Admin, Key
from support.calls import chat, project_at
from support.databases import KINDS
from support.keyward import Installation, Server
from support.provider import Exchange, Provider
from support.waiting import eventually
from support.wire import json_headers, send

PROMISED = 1.0
"""A change is in force on every process within this time, in seconds."""


@pytest.fixture(scope="module", params=[kind for kind in KINDS if kind != "sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """An embedded database has one process."""
    return request.param


class TestTwoNodes:
    """Two processes on one PostgreSQL: each change is in force on both."""

    @pytest.fixture
    def nodes(self, fresh: Installation) -> tuple[Admin, Server]:
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


    def test_a_cache_emptied_on_one_is_empty_on_the_other_within_a_second(
        self, nodes: tuple[Admin, Server]
    ) -> None:
        admin, second = nodes
        project = admin.create_project(credential={"provider": "demo"})
        admin.post(f"{project.path}/cache", {"enabled": True}).expect(200)
        key = project.create_key()

        def is_hit() -> bool:
            return "; hit" in (chat(key, second.url).header("cache-status") or "")

        eventually("the other node answers from its cache", is_hit, within=2 * PROMISED)
        admin.post(f"{project.path}/cache/purge").expect(200)
        eventually("the other node's cache is empty", lambda: not is_hit(), within=PROMISED)
        assert is_hit()

    def test_rate_limits_hold_across_both(
        self, nodes: tuple[Admin, Server], upstream: Provider
    ) -> None:
        admin, second = nodes
        project = project_at(admin, upstream)
        key = project.create_key(limits={"requests_per_minute": 30})
        eventually("the other node knows the key", lambda: answers_models(key, second))
        urls = [admin.url, second.url] * 50
        began = monotonic()

        with ThreadPoolExecutor(20) as pool:
            statuses = [a.status for a in pool.map(lambda url: chat(key, url), urls)]

        # A bucket of thirty, into which one more came every two seconds.
        most = 30 + (monotonic() - began) / 2 + 1
        assert 30 <= statuses.count(200) <= most
        assert set(statuses) == {200, 429}
        assert len(upstream.calls) == statuses.count(200)

    def test_calls_at_one_time_are_bounded_on_both_together(
        self, nodes: tuple[Admin, Server], upstream: Provider
    ) -> None:
        admin, second = nodes
        project = project_at(admin, upstream)
        key = project.create_key(limits={"parallel_requests": 5})
        eventually("the other node knows the key", lambda: answers_models(key, second))
        answer, lock, running, most = upstream.script, Lock(), 0, 0

        def counted(exchange: Exchange) -> None:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            sleep(0.02)
            with lock:
                running -= 1
            answer(exchange)

        upstream.script = counted
        urls = [admin.url, second.url] * 40
        with ThreadPoolExecutor(20) as pool:
            statuses = [a.status for a in pool.map(lambda url: chat(key, url), urls)]

        assert statuses.count(200) >= 5 and set(statuses) == {200, 429}
        assert most <= 5
        eventually("every place is free again", lambda: five_at_once(key, admin.url, second.url))


def five_at_once(key: Key, *urls: str) -> bool:
    with ThreadPoolExecutor(5) as pool:
        answers = pool.map(lambda number: chat(key, urls[number % len(urls)]).status, range(5))
    return list(answers) == [200] * 5


def answers_models(key: Key, server: Server) -> bool:
    return send(server.url, "GET", "/v1/models", None, json_headers(key.value)).status == 200
