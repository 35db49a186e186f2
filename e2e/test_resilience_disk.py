"""The disk is full: calls that couldn't be recorded don't go out, changes are refused,
and everything comes back with the room."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support import answers
from support.admin import PROJECTS, Admin
from support.databases import fresh_database
from support.disk import Disk, SmallFiles, small_disk
from support.keyward import installation
from support.traffic import STREAM, WHOLE, call
from support.provider import Exchange, scripted_provider
from support.waiting import eventually
from support.wire import send

DISKS = ["small files", *(["small disk"] if os.getuid() == 0 else [])]
"""Only root may mount a file system."""


@pytest.fixture(params=DISKS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param == "small disk":
        with small_disk(tmp_path / "disk") as made:
            yield made
        return
    yield SmallFiles(tmp_path / "files")


def test_a_full_disk_refuses_calls_and_changes_and_loses_nothing(
    disk: Disk, database_kind: str
) -> None:
    with (
        fresh_database(database_kind) as database,
        installation(disk.home, database) as installed,
    ):
        secret = installed.secrets.make("sk-provider-", "a provider's secret")
        filled = threading.Event()

        def slowly(exchange: Exchange) -> None:
            filled.wait(30)
            answers.behave(exchange)

        with scripted_provider(answers.behave, secret) as provider:
            organization = installed.init()
            server = installed.start("--log-level", "info", "--cores", "1")
            admin = Admin(server.url, organization, installed.secrets)
            project = admin.create_project()
            project.create_credential("openai", api_key=secret, base_url=provider.base_url)
            key, capped = project.create_key(), project.create_key(max_requests=4)
            for body in (STREAM, STREAM):
                call(key, server.url, body).expect(200)
                call(capped, server.url, body).expect(200)

            provider.script = slowly
            with ThreadPoolExecutor(3) as pool:
                # These are under way when the room ends.
                under_way = [pool.submit(call, key, server.url) for _ in range(3)]
                eventually("they are sent", lambda: len(provider.calls) == 7)
                disk.fill(server)
                filled.set()
                for answer in under_way:
                    answer.result(30).expect(200)

            # The last block of a file may still have room.
            eventually("the room is used up", lambda: call(key, server.url).status == 503)
            sent = len(provider.calls)
            for one in (key, capped):
                for body in (WHOLE, STREAM):
                    refused = call(one, server.url, body)
                    refused.expect(503, "usage_journal_unavailable")
                    assert int(refused.header("retry-after") or "0") > 0
            assert len(provider.calls) == sent
            if not database.is_shared:
                answer = admin.post(PROJECTS, {"name": "Not now"})
                answer.expect(503, "database_unavailable")
                assert "panic" not in server.log.read_text()
            assert send(server.url, "GET", "/healthz").status == 200
            # Reading needs no room.
            assert key.read()["status"] == "active"

            disk.empty(server)
            eventually("calls go on", lambda: call(key, server.url).status == 200)
            # All but the two of the key with a cap.
            answered = len(provider.calls) - 2
            for status in (200, 200, 429):
                call(capped, server.url).expect(status)
            admin.create_project("Not now")
            eventually("all is counted", lambda: key.read()["request_count"] == answered)
            assert key.read()["usage"]["total_tokens"] == 18 * answered
            assert capped.read()["request_count"] == 4
            assert server.terminate() == 0

            admin.url = installed.start().url
            assert key.read()["request_count"] == answered
            assert capped.read()["request_count"] == 4
