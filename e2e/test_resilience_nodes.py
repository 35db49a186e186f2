"""Two processes on one PostgreSQL: they begin together, agree, and count together."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import answers
from support.admin import PROJECTS, Admin, Key
from support.databases import KINDS, fresh_database
from support.keyward import Installation, Server, installation
from support.traffic import STREAM, WHOLE, call
from support.nodes import beside
from support.provider import Provider, scripted_provider
from support.waiting import eventually

PROMISED = 1.0
"""A change is in force on every node within this time, in seconds."""

pytestmark = pytest.mark.skipif(
    "postgres" not in KINDS, reason="an embedded database has one process"
)


@pytest.fixture
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A node whose database is still empty."""
    home = tmp_path_factory.mktemp("nodes")
    with fresh_database("postgres") as database, installation(home, database) as made:
        yield made


def side_by_side(first: Installation, names: list[str]) -> list[Server]:
    """Starts further nodes, all at once."""
    nodes = [beside(first, name) for name in names]
    servers = [node.spawn() for node in nodes]
    first.servers.extend(servers)
    return servers


def share_a_master_key(*nodes: Installation) -> None:
    for node in nodes:
        # 32 bytes of 1.
        given = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
        node.environment["KEYWARD_MASTER_KEY"] = node.secrets.add(given, "the master key")


class TestBeginning:
    """Starts on an empty database."""

    def test_four_at_the_same_moment_make_the_tables_once(self, first: Installation) -> None:
        share_a_master_key(first)

        servers = side_by_side(first, ["one", "two", "three", "four"])

        for server in servers:
            eventually("each is ready", server.is_ready, within=60)
        organization = first.init()
        made = Admin(servers[0].url, organization, first.secrets)
        eventually(
            "the admin key is known",
            lambda: made.get(PROJECTS).status == 200,
            within=PROMISED,
        )
        project = made.create_project()
        for server in servers[1:]:
            there = Admin(server.url, organization, first.secrets)
            eventually(
                "the project is there",
                lambda: there.get(project.path).status == 200,
                within=PROMISED,
            )

    def test_with_master_keys_of_their_own_exactly_one_of_two_begins(
        self, first: Installation
    ) -> None:
        servers = side_by_side(first, ["one", "two"])

        ended = eventually(
            "one gives up", lambda: [s for s in servers if s.process.poll() is not None], within=60
        )
        (refused,) = ended
        (serving,) = (server for server in servers if server is not refused)

        assert refused.process.returncode == 1
        message = refused.log.read_text()
        assert "master key" in message and "another one" in message
        eventually("the other serves", serving.is_ready, within=60)

    def test_another_master_key_is_refused_and_changes_nothing(self, first: Installation) -> None:
        organization = first.init()
        server = first.start()
        other = beside(first, "other")
        other.master_key.write_text("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n")
        before = dict(first.database.dump())

        refused = other.run("serve", "--listen", "127.0.0.1:0")

        assert refused.returncode == 1
        assert "master key" in refused.stderr and str(other.master_key) in refused.stderr
        assert dict(first.database.dump()) == before
        Admin(server.url, organization, first.secrets).create_project()


class TestTogether:
    """Two nodes that serve."""

    @pytest.fixture
    def provider(self, first: Installation) -> Iterator[Provider]:
        secret = first.secrets.make("sk-provider-", "a provider's secret")
        with scripted_provider(answers.behave, secret) as made:
            yield made

    @pytest.fixture
    def nodes(self, first: Installation) -> list[Admin]:
        organization = first.init()
        servers = [first.start(), *side_by_side(first, ["other"])]
        eventually("the other serves", servers[1].is_ready, within=30)
        return [Admin(server.url, organization, first.secrets) for server in servers]

    def make_key(self, admin: Admin, provider: Provider, **fields: int) -> Key:
        project = admin.create_project()
        project.create_credential("openai", api_key=provider.secret, base_url=provider.base_url)
        return project.create_key(**fields)

    def test_a_cap_of_37_lets_exactly_37_of_100_parallel_calls_out(
        self, nodes: list[Admin], provider: Provider
    ) -> None:
        key = self.make_key(nodes[0], provider, max_requests=37)
        read = nodes[1].get
        eventually("the other node knows the key", lambda: read(key.path).status == 200)
        unknown = "invalid_api_key"
        eventually(
            "and its secret",
            lambda: call(key, nodes[1].url, b"{}").code != unknown,
            within=PROMISED,
        )
        calls = [(node.url, body) for node in nodes for body in (WHOLE, STREAM)] * 25

        with ThreadPoolExecutor(len(calls)) as pool:
            statuses = [a.status for a in pool.map(lambda one: call(key, *one), calls)]

        assert (statuses.count(200), statuses.count(429)) == (37, 63)
        assert len(provider.calls) == 37
        eventually("both counted", lambda: key.read()["usage"]["total_tokens"] == 37 * 18)
        assert key.read()["request_count"] == 37

    def test_changes_on_both_at_once_reach_both(
        self, nodes: list[Admin], provider: Provider
    ) -> None:
        with ThreadPoolExecutor(16) as pool:
            made = list(pool.map(lambda n: nodes[n % 2].create_project(), range(24)))
        keys = [project.create_key() for project in made]

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda n: keys[n].revoke() if n % 2 else keys[n].disable(), range(24)))

        for node in nodes:
            for number, key in enumerate(keys):
                code = "api_key_revoked" if number % 2 else "api_key_disabled"
                eventually(
                    "the change is in force",
                    lambda: call(key, node.url).code == code,
                    within=PROMISED,
                )
