"""Keyward's own database is locked or gone: known keys keep working, what needs the
database says so, and nothing is lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from support.admin import PROJECTS, Admin
from support.calls import chat, project_at
from support.databases import POSTGRES
from support.keyward import Installation
from support.provider import Provider
from support.waiting import eventually
from support.wire import send


@contextmanager
def in_trouble(fresh: Installation) -> Iterator[None]:
    """The file is locked by somebody else; the server is gone."""
    if fresh.database.url is None:
        other = sqlite3.connect(fresh.data / "keyward.db", isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            yield
        finally:
            other.close()
        return
    name = urlsplit(fresh.database.url).path.removeprefix("/")
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(POSTGRES, autocommit=True) as superuser:
        superuser.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        try:
            superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            yield
        finally:
            superuser.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


@pytest.fixture
def admin(fresh: Installation) -> Admin:
    organization = fresh.init()
    return Admin(fresh.start().url, organization, fresh.secrets)


def test_known_keys_work_changes_wait_and_counts_are_caught_up(
    fresh: Installation, admin: Admin, upstream: Provider
) -> None:
    project = project_at(admin, upstream)
    key, revoked = project.create_key(), project.create_key()
    revoked.revoke()
    chat(key, admin.url).expect(200)

    with in_trouble(fresh):
        for _ in range(5):
            chat(key, admin.url).expect(200)
        chat(revoked, admin.url).expect(401, "api_key_revoked")
        refused = admin.post(PROJECTS, {"name": "Not now"}).expect(503, "database_unavailable")
        assert refused.header("retry-after")
        send(admin.url, "GET", "/healthz").expect(200)
        chat(key, admin.url).expect(200)

    eventually(
        "the database is used again",
        lambda: admin.post(f"{project.path}/api_keys", {"name": "Now"}).status in (200, 409),
    )
    assert [one["name"] for one in admin.get(PROJECTS).json["data"]] == [project.name]
    # What counts calls pauses after a failure, so the counts come a little later.
    eventually("the counts are caught up", lambda: key.read()["request_count"] >= 7)
    assert (key.read()["request_count"], len(upstream.calls)) == (7, 7)


def test_it_is_not_ready_while_its_database_is_gone(fresh: Installation, admin: Admin) -> None:
    if not fresh.database.is_shared:
        # A file that others lock can still be read.
        assert send(admin.url, "GET", "/readyz").status == 200
        return

    with in_trouble(fresh):
        eventually("it isn't ready", lambda: send(admin.url, "GET", "/readyz").status == 503)

    eventually("it is ready again", lambda: send(admin.url, "GET", "/readyz").status == 200)


def test_a_shared_request_cap_that_cannot_be_counted_is_a_503(
    fresh: Installation, admin: Admin, upstream: Provider
) -> None:
    key = project_at(admin, upstream).create_key(max_requests=5)
    chat(key, admin.url).expect(200)

    with in_trouble(fresh):
        answer = chat(key, admin.url)

    if fresh.database.is_shared:
        answer.expect(503, "database_unavailable")
        assert len(upstream.calls) == 1
    else:
        # One process counts by itself.
        answer.expect(200)
