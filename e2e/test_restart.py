"""Processes that end, in order or not, and what is there when they start again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from support import answers
from support.admin import Admin
from support.calls import CHAT, chat, project_at
from support.keyward import Installation, Server
from support.load import under_load
from support.provider import Exchange, Provider
from support.waiting import eventually
from support.wire import json_headers, send


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
