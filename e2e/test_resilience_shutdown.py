"""SIGTERM under load: what is in flight ends, nothing new begins, the process ends well."""

import http.client
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from support import answers
from support.admin import Admin, Key
from support.answers import DONE
from support.keyward import Installation, Server
from support.traffic import STREAM, WHOLE, Load, call, loaded
from support.provider import PATIENCE, Exchange, Provider, scripted_provider
from support.waiting import eventually
from support.wire import send

DRAIN = 2
"""Seconds for calls in flight, where they never end by themselves."""


@dataclass
class Slow:
    """A provider that begins every answer and ends it when it is told to."""

    goes_on: threading.Event = field(default_factory=threading.Event)

    def answer(self, exchange: Exchange) -> None:
        if not exchange.request.json.get("stream"):
            self.goes_on.wait(PATIENCE)
            answers.behave(exchange)
            return
        first, *rest = answers.chat_frames(include_usage=True)
        exchange.begin_stream()
        exchange.frame(first)
        self.goes_on.wait(PATIENCE)
        for frame in rest:
            exchange.frame(frame)
        exchange.end_stream()


@dataclass
class House:
    installed: Installation
    server: Server
    provider: Provider
    slow: Slow
    key: Key

    def restart(self) -> None:
        self.server = self.installed.start()
        self.key.project.admin.url = self.server.url

    def begun(self, calls: int) -> None:
        eventually("the calls are sent", lambda: len(self.provider.calls) == calls)


@pytest.fixture
def house(fresh: Installation) -> Iterator[House]:
    secret = fresh.secrets.make("sk-provider-", "a provider's secret")
    slow = Slow()
    with scripted_provider(slow.answer, secret) as provider:
        organization = fresh.init()
        server = fresh.start("--drain-timeout", str(DRAIN))
        admin = Admin(server.url, organization, fresh.secrets)
        project = admin.create_project()
        project.create_credential("openai", api_key=secret, base_url=provider.base_url)
        yield House(fresh, server, provider, slow, project.create_key())
        slow.goes_on.set()


def refuses_connections(server: Server) -> bool:
    try:
        send(server.url, "GET", "/healthz", timeout=2)
    except (OSError, http.client.HTTPException):
        return True
    return False


def test_streams_and_slow_calls_in_flight_end_as_they_should(house: House) -> None:
    # Those that are in flight take longer than usual, but not too long.
    assert house.server.terminate() == 0
    house.server = house.installed.start("--drain-timeout", "30")
    house.key.project.admin.url = house.server.url
    with ThreadPoolExecutor(13) as pool:
        url = house.server.url
        calls = [pool.submit(call, house.key, url, body) for body in (WHOLE, STREAM) * 6]
        house.begun(12)
        ended = pool.submit(house.server.terminate)
        eventually("no new connection is taken", lambda: refuses_connections(house.server))
        assert not ended.done() and not any(one.done() for one in calls)

        house.slow.goes_on.set()

        for number, one in enumerate(calls):
            answer = one.result(30).expect(200)
            assert answer.body.endswith(DONE) if number % 2 else answer.body == answers.CHAT
        assert ended.result(30) == 0
    house.restart()
    assert house.key.read()["request_count"] == 12
    assert house.key.read()["usage"]["total_tokens"] == 12 * 18


def test_calls_without_pause_are_each_answered_or_refused_a_connection(house: House) -> None:
    house.slow.goes_on.set()
    load = Load(house.key)

    with loaded([house.server.url], load, answered=50):
        assert house.server.terminate() == 0

    assert not load.refused
    house.restart()
    # What a caller didn't get was never sent either.
    assert house.key.read()["request_count"] == load.completed == len(house.provider.calls)


@pytest.mark.parametrize("signals", [1, 2])
def test_what_never_ends_is_cut_after_the_drain_time(signals: int, house: House) -> None:
    with ThreadPoolExecutor(3) as pool:
        url = house.server.url
        stream = pool.submit(call, house.key, url, STREAM)
        whole = pool.submit(call, house.key, url, WHOLE)
        house.begun(2)
        for _ in range(signals):
            house.server.process.send_signal(signal.SIGTERM)
        assert house.server.process.wait(30) == 0

        # Cut, and never as if it had ended well.
        with pytest.raises((OSError, http.client.HTTPException)):
            stream.result(30)
        with pytest.raises((OSError, http.client.HTTPException)):
            whole.result(30)
    assert "cut" in house.server.log.read_text()
    house.slow.goes_on.set()
    house.restart()
    # They were sent, so they count.
    assert house.key.read()["request_count"] == 2


def test_an_idle_connection_keeps_nobody_waiting(house: House) -> None:
    place = house.server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(place, timeout=30)
    connection.request("GET", "/healthz")
    connection.getresponse().read()

    assert house.server.terminate() == 0

    with pytest.raises((OSError, http.client.HTTPException)):
        connection.request("GET", "/healthz")
        connection.getresponse()
    connection.close()
    assert "cut" not in house.server.log.read_text()
