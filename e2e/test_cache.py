"""The response cache, as applications with the official SDKs meet it."""

from typing import Any

from openai import APIStatusError, OpenAI
import pytest

from support.admin import Admin, Project
from support.clients import Clients
from support.provider import Provider

HELLO: Any = [{"role": "user", "content": "Hello there!"}]
ECHO = "You said: Hello there!"


@pytest.fixture
def caching(admin: Admin) -> Project:
    """A project of the built-in provider that keeps answers."""
    made = admin.create_project(credential={"provider": "demo"})
    admin.post(f"{made.path}/cache", {"enabled": True, "ttl_seconds": 600}).expect(200)
    return made


def asked(client: OpenAI, **more: Any) -> tuple[str, Any]:
    """What the cache says of a chat, and the chat."""
    raw = client.chat.completions.with_raw_response.create(
        model="demo-small", messages=HELLO, **more
    )
    return raw.headers.get("cache-status", ""), raw.parse()


def test_a_chat_is_answered_again_and_counted_apart(caching: Project, clients: Clients) -> None:
    key = caching.create_key(max_requests=1)
    client = clients.openai(key.value)

    status, first = asked(client)
    again, second = asked(client)

    assert (status, again.split(";")[:2]) == ("Keyward; fwd=miss; stored", ["Keyward", " hit"])
    assert second == first and second.choices[0].message.content == ECHO
    read = key.read()
    assert (read["request_count"], read["cached_count"]) == (1, 1)
    assert read["usage"]["total_tokens"] == 9


def test_a_stream_is_answered_again_chunk_for_chunk(caching: Project, clients: Clients) -> None:
    client = clients.openai(caching.create_key().value)

    def streamed(**more: Any) -> list[Any]:
        return list(
            client.chat.completions.create(
                model="demo-small", messages=HELLO, stream=True, **more
            )
        )

    first = streamed()
    assert streamed() == first
    assert "".join(chunk.choices[0].delta.content or "" for chunk in first) == ECHO
    told = streamed(stream_options={"include_usage": True})
    assert told[-1].usage is not None and told[-1].usage.total_tokens == 9
    assert streamed(stream_options={"include_usage": True}) == told
    with client.responses.stream(model="demo-small", input="Hi", store=False) as stream:
        response = stream.get_final_response()
    with client.responses.stream(model="demo-small", input="Hi", store=False) as stream:
        assert stream.get_final_response().id == response.id
    for _ in range(2):
        stored = client.responses.with_raw_response.create(model="demo-small", input="Hi")
        bypassed = "Keyward; fwd=bypass; detail=stored-at-provider"
        assert stored.headers["cache-status"] == bypassed


def test_messages_are_answered_again(caching: Project, clients: Clients) -> None:
    client = clients.anthropic(caching.create_key().value)

    def asked_for() -> Any:
        return client.messages.create(model="demo-small", max_tokens=50, messages=HELLO)

    def streamed() -> Any:
        with client.messages.stream(
            model="demo-small", max_tokens=50, messages=HELLO
        ) as stream:
            return stream.get_final_message()

    first, first_streamed = asked_for(), streamed()
    assert asked_for() == first and streamed() == first_streamed
    assert first.id != first_streamed.id


def test_callers_rule_it_out(caching: Project, clients: Clients) -> None:
    client = clients.openai(caching.create_key().value)
    only = {"cache-control": "only-if-cached"}

    with pytest.raises(APIStatusError) as refused:
        asked(client, extra_headers=only)
    assert (refused.value.status_code, refused.value.code) == (504, "not_cached")
    unkept = asked(client, extra_headers={"cache-control": "no-store"})[0]
    assert unkept == "Keyward; fwd=bypass; detail=no-store"
    asked(client)
    assert "; hit" in asked(client, extra_headers=only)[0]
    assert "fwd=request" in asked(client, extra_headers={"cache-control": "no-cache"})[0]


def test_an_emptied_cache_and_another_project_know_nothing(
    admin: Admin, caching: Project, clients: Clients
) -> None:
    client = clients.openai(caching.create_key().value)
    other = admin.create_project(credential={"provider": "demo"})
    admin.post(f"{other.path}/cache", {"enabled": True}).expect(200)
    asked(client)

    assert "fwd=miss" in asked(clients.openai(other.create_key().value))[0]
    assert "; hit" in asked(client)[0]
    admin.post(f"{caching.path}/cache/purge").expect(200)
    assert "fwd=miss" in asked(client)[0]
    admin.post(f"{caching.path}/cache", {"enabled": False}).expect(200)
    assert asked(client)[0] == ""


def test_a_replaced_secret_asks_the_provider_again(
    admin: Admin, project: Project, provider: Provider, clients: Clients
) -> None:
    admin.post(f"{project.path}/cache", {"enabled": True}).expect(200)
    client = clients.openai(project.create_key().value)
    for _ in range(2):
        asked(client)
    assert len(provider.calls) == 1
    credential = admin.get(f"{project.path}/credentials").expect(200).json["data"][0]
    secret = provider.secret
    admin.post(f"{project.path}/credentials/{credential['id']}", {"api_key": secret}).expect(200)
    asked(client)
    assert len(provider.calls) == 2
