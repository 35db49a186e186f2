"""PostgreSQL goes away while Keyward serves: calls go on, changes wait, nothing is lost."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from support import answers
from support.admin import PROJECTS, Admin, Key, Project
from support.keyward import Installation, Server, installation
from support.traffic import STREAM, Load, call, loaded
from support.nodes import beside
from support.postgres import Cluster, private_cluster
from support.provider import Provider, scripted_provider
from support.waiting import eventually
from support.wire import Answer, send

BOUND = 20.0
"""What a refusal may take at the very most, in seconds: far from the minutes after which
a silent connection is given up, and far from what a slow machine needs."""

SOON = 10.0
"""Within this time after PostgreSQL's return everything goes on."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with private_cluster() as running:
        yield running


@dataclass
class House:
    """Two nodes on one PostgreSQL, and keys whose calls a provider answers."""

    installed: Installation
    admin: Admin
    nodes: list[Server]
    provider: Provider
    project: Project
    key: Key
    capped: Key

    def on(self, node: Server) -> Admin:
        return Admin(node.url, self.admin.organization, self.admin.secrets)

    @property
    def urls(self) -> list[str]:
        return [node.url for node in self.nodes]


@pytest.fixture
def house(cluster: Cluster, tmp_path: Path) -> Iterator[House]:
    with installation(tmp_path, cluster.fresh_database()) as installed:
        secret = installed.secrets.make("sk-provider-", "a provider's secret")
        with scripted_provider(answers.behave, secret) as provider:
            organization = installed.init()
            first = installed.start()
            other = beside(installed, "other")
            second = other.start()
            installed.servers.append(second)
            admin = Admin(first.url, organization, installed.secrets)
            project = admin.create_project()
            project.create_credential("openai", api_key=secret, base_url=provider.base_url)
            key, capped = project.create_key(), project.create_key(max_requests=50)
            made = House(installed, admin, [first, second], provider, project, key, capped)
            for node in made.nodes:
                for one in (key, capped):
                    eventually("a node knows the key", lambda: call(one, node.url).status == 200)
            yield made


@contextmanager
def answered_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def ready(node: Server) -> int:
    return send(node.url, "GET", "/readyz").status


def refused_for_now(answer: Answer) -> None:
    answer.expect(503, "database_unavailable")
    assert int(answer.header("retry-after") or "0") > 0
    assert answer.header("x-should-retry") != "false"


def goes_on(house: House, completed: int) -> None:
    """Everything works by itself again, and each call is counted exactly once."""
    for node in house.nodes:
        eventually("the node is ready", lambda: ready(node) == 200, within=SOON)
        call(house.capped, node.url).expect(200)
    project = house.admin.create_project()
    node = house.on(house.nodes[1])
    path = f"{PROJECTS}/{project.id}"
    eventually("a change arrives", lambda: node.get(path).status == 200, within=SOON)

    def counted() -> int:
        return house.key.read()["request_count"]

    eventually("every call is counted", lambda: counted() == completed, within=SOON)
    assert house.key.read()["usage"]["input_tokens"] == answers.INPUT_TOKENS * completed
    assert house.capped.read()["request_count"] == 4


class TestStopped:
    """PostgreSQL is stopped, connections are refused."""

    def test_calls_go_on_changes_are_refused_and_all_is_well_afterwards(
        self, cluster: Cluster, house: House
    ) -> None:
        load = Load(house.key)
        with loaded(house.urls, load, answered=20), cluster.down():
            before = load.completed
            eventually("calls go on", lambda: load.completed > before + 50)
            with answered_within(BOUND):
                self.refuse_what_needs_the_database(house)
            for node in house.nodes:
                assert send(node.url, "GET", "/healthz").status == 200
                # Who a caller is needs no database.
                call("sk-project-" + "A" * 49, node.url).expect(401, "invalid_api_key")

        assert not load.refused and not load.broken
        # Two calls told each node's key apart from an unknown one.
        goes_on(house, load.completed + 2)

    def refuse_what_needs_the_database(self, house: House) -> None:
        with ThreadPoolExecutor(16) as pool:
            asked, probes = [], []
            for node in house.nodes:
                admin = house.on(node)
                asked += [
                    pool.submit(admin.post, PROJECTS, {"name": "Not now"}),
                    pool.submit(admin.get, house.key.path),
                    pool.submit(admin.post, f"{house.key.path}/revoke"),
                    pool.submit(call, house.capped, node.url),
                    pool.submit(call, house.capped, node.url, STREAM),
                ]
                probes.append(pool.submit(ready, node))
            for answer in asked:
                refused_for_now(answer.result())
            assert [probe.result() for probe in probes] == [503, 503]

    def test_many_who_ask_at_once_are_not_refused_one_after_the_other(
        self, cluster: Cluster, house: House
    ) -> None:
        admin = house.on(house.nodes[0])
        call(house.key, house.nodes[0].url).expect(200)
        with cluster.down(), ThreadPoolExecutor(24) as pool:
            with answered_within(BOUND):
                refusals = list(pool.map(lambda _: admin.get(house.key.path), range(24)))
            for refusal in refusals:
                refused_for_now(refusal)
        for node in house.nodes:
            eventually("the node is ready", lambda: ready(node) == 200, within=SOON)

    def test_a_server_that_stops_meanwhile_ends_well_and_keeps_what_it_counted(
        self, cluster: Cluster, house: House
    ) -> None:
        first = house.nodes[0]
        with cluster.down():
            for _ in range(5):
                call(house.key, first.url).expect(200)
            assert first.terminate() == 0
            refused = house.installed.run("serve", "--listen", "127.0.0.1:0")
            assert refused.returncode == 1
            assert "PostgreSQL" in refused.stderr

        house.nodes[0] = house.installed.start()
        house.admin.url = house.nodes[0].url
        counted = house.key.read
        eventually("all is counted", lambda: counted()["request_count"] == 7, within=SOON)


class TestSilent:
    """PostgreSQL is there and says nothing: a machine that hangs, a network that loses."""

    def test_calls_go_on_changes_are_refused_and_all_is_well_afterwards(
        self, cluster: Cluster, house: House
    ) -> None:
        node = house.nodes[0]
        admin = house.on(node)
        with cluster.frozen(), ThreadPoolExecutor(8) as pool:
            asked = [
                pool.submit(admin.get, house.key.path),
                pool.submit(admin.post, PROJECTS, {"name": "Not now"}),
                pool.submit(call, house.capped, node.url),
            ]
            for _ in range(20):
                call(house.key, node.url).expect(200)
                call(house.key, node.url, STREAM).expect(200)
            for answer in asked:
                refused_for_now(answer.result(BOUND))
            eventually("the node isn't ready", lambda: ready(node) == 503)
            assert send(node.url, "GET", "/healthz").status == 200

        eventually("the node is ready", lambda: ready(node) == 200, within=SOON)
        house.admin.create_project()
        eventually("all is counted", lambda: house.key.read()["request_count"] == 42, within=SOON)

    def test_a_change_that_another_holds_up_is_refused_in_time(
        self, cluster: Cluster, house: House
    ) -> None:
        assert house.installed.database.url is not None
        with psycopg.connect(house.installed.database.url) as other:
            other.execute("SELECT * FROM change_sequence FOR UPDATE")
            with answered_within(BOUND):
                refused_for_now(house.admin.post(PROJECTS, {"name": "Not now"}))
            call(house.key, house.nodes[0].url).expect(200)
            call(house.capped, house.nodes[0].url).expect(200)

        house.admin.create_project("Not now")


