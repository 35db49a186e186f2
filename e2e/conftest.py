"""Fixtures of the end-to-end tests. Everything that has a database exists twice: on
SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.admin import Admin, Project
from support.answers import behave
from support.clients import Clients
from support.databases import KINDS, Database, fresh_database
from support.keyward import Installation, Server, installation
from support.provider import Provider, scripted_provider


@pytest.fixture(scope="module", params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def database(database_kind: str) -> Iterator[Database]:
    with fresh_database(database_kind) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def installed(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation that the tests of a module share."""
    with installation(tmp_path_factory.mktemp("keyward"), database) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def admin_of_module(installed: Installation) -> Admin:
    organization = installed.init()
    server = installed.start()
    return Admin(server.url, organization, installed.secrets)


@pytest.fixture
def admin(admin_of_module: Admin, installed: Installation) -> Iterator[Admin]:
    """The organization's owner; no secret may be left behind by a test that has them."""
    yield admin_of_module
    installed.refuse_secrets(only_new=True)
    installed.secrets.rest()


@pytest.fixture
def server(admin: Admin, installed: Installation) -> Server:
    """The server that the tests of a module share."""
    return installed.servers[0]


@pytest.fixture
def provider(admin: Admin) -> Iterator[Provider]:
    """A provider in good health; the test may give it another script."""
    secret = admin.secrets.make("sk-ant-", "a provider's secret")
    with scripted_provider(behave, secret) as fresh:
        yield fresh


@pytest.fixture
def project(admin: Admin, provider: Provider) -> Project:
    """A project whose calls go to the scripted provider, in OpenAI's dialect."""
    made = admin.create_project()
    made.create_credential("openai_compatible", api_key=provider.secret, base_url=provider.base_url)
    return made


@pytest.fixture
def demo(admin: Admin) -> Project:
    """A project whose calls go to the built-in provider."""
    made = admin.create_project()
    made.create_credential("demo")
    return made


@pytest.fixture
def clients(admin: Admin) -> Iterator[Clients]:
    """Makes the official SDKs' clients and closes them."""
    with Clients(admin.url) as made:
        yield made


@pytest.fixture
def fresh(database_kind: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation for one test alone."""
    with fresh_database(database_kind) as database, installation(tmp_path, database) as made:
        yield made


@pytest.fixture
def upstream(fresh: Installation) -> Iterator[Provider]:
    """A provider in good health, for an installation of one test alone."""
    secret = fresh.secrets.make("sk-", "a provider's secret")
    with scripted_provider(behave, secret) as provider:
        yield provider
