"""`kill -9` at random moments under load: nothing answered is lost, no cap exceeded."""

import json
import random
import time
from contextlib import ExitStack
from dataclasses import dataclass

from support import answers
from support.admin import Admin
from support.calls import project_at
from support.keyward import Installation
from support.traffic import Load, call, loaded
from support.provider import Exchange, Provider, scripted_provider
from support.wire import bearer, json_headers, send

ROUNDS = 5
CAP = 400


@dataclass
class Caller:
    """A key, what its callers saw, and the provider that only it calls."""

    load: Load
    provider: Provider

    def check(self) -> int:
        """Fails unless the counters hold all that was answered and no more than was
        sent. Answers how many calls they count."""
        read, seen = self.load.key.read(), len(self.provider.calls)
        tokens = read["usage"]["output_tokens"]
        assert self.load.completed <= read["request_count"]
        assert answers.OUTPUT_TOKENS * self.load.completed <= tokens
        assert tokens <= answers.OUTPUT_TOKENS * seen
        return read["request_count"]


def test_counters_are_right_after_every_kill(fresh: Installation) -> None:
    organization = fresh.init()
    server = fresh.start()
    admin = Admin(server.url, organization, fresh.secrets)
    with ExitStack() as providers:

        def caller(**fields: int) -> Caller:
            secret = fresh.secrets.make("sk-provider-", "a provider's secret")
            provider = providers.enter_context(scripted_provider(answers.behave, secret))
            project = admin.create_project()
            project.create_credential("openai", api_key=secret, base_url=provider.base_url)
            return Caller(Load(project.create_key(**fields)), provider)

        free, capped = caller(), caller(max_requests=CAP)
        for _ in range(ROUNDS):
            with loaded([server.url], free.load, capped.load, answered=10):
                # Any moment: the only pause that isn't a wait for something.
                time.sleep(random.uniform(0, 0.3))
                server.kill()
            server = fresh.start()
            admin.url = server.url
            assert free.check() <= len(free.provider.calls)
            # A call of a capped key is counted before it is sent: one that the kill
            # kept from being sent stays counted.
            assert len(capped.provider.calls) <= capped.check() <= CAP

        while call(capped.load.key, server.url).status == 200:
            pass
        call(capped.load.key, server.url).expect(429, "request_cap_reached")
        assert len(capped.provider.calls) <= CAP
        assert capped.check() == CAP
        assert set(capped.load.refused) <= {"request_cap_reached"}
        assert not free.load.refused


def test_what_a_response_used_is_counted_once_by_whatever_process_reads_it(
    fresh: Installation, upstream: Provider
) -> None:
    organization = fresh.init()
    server = fresh.start()
    admin = Admin(server.url, organization, fresh.secrets)
    key = project_at(admin, upstream).create_key()
    response = {"id": "resp_1", "object": "response", "background": True, "status": "queued"}

    def behave(exchange: Exchange) -> None:
        exchange.answer(json.dumps(response).encode())

    upstream.script = behave
    asked = {"model": "gpt-4o-mini", "input": "Hello", "background": True}
    body = json.dumps(asked).encode()
    send(server.url, "POST", "/v1/responses", body, json_headers(key.value)).expect(200)
    usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    response |= {"status": "completed", "usage": usage}
    for _ in range(ROUNDS):
        path = "/v1/responses/resp_1"
        send(server.url, "GET", path, headers=bearer(key.value)).expect(200)
        # Before the journal is drained, as a rule.
        server.kill()
        server = fresh.start()
        admin.url = server.url
        read = key.read()
        assert (read["usage"]["total_tokens"], read["usage"]["cost_nanos"]) == (1100, 210_000)
    assert key.read()["request_count"] == 1 + ROUNDS
