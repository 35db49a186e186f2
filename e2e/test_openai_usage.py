"""Usage and costs with the official `openai` SDK: `client.admin.organization`."""

import time
from datetime import UTC, datetime, timedelta

import openai
import pytest

from support.admin import Admin, Project
from support.clients import Clients


@pytest.fixture
def client(clients: Clients, admin: Admin) -> openai.OpenAI:
    return clients.openai_admin(admin.organization.admin_key)


def test_what_was_called_is_in_usage_and_costs(
    client: openai.OpenAI, admin: Admin, demo: Project, clients: Clients
) -> None:
    price = admin.post(
        "/v1/organization/prices",
        {"model": "demo-*", "provider": "demo", "input_per_million": "1.00", "output_per_million": "2.50"},
    ).expect(200)
    key = demo.create_key("Worker")
    application = clients.openai(key.value)
    used = [
        application.chat.completions.create(model="demo-small", messages=[{"role": "user", "content": "Hello!"}]).usage
        for _ in range(3)
    ]
    asked = sum(usage.prompt_tokens for usage in used if usage)
    said = sum(usage.completion_tokens for usage in used if usage)
    nanos = asked * 1_000 + said * 2_500

    start = int((datetime.now(UTC) - timedelta(days=2)).timestamp())
    usage = client.admin.organization.usage.completions(
        start_time=start, bucket_width="1h", group_by=["project_id", "api_key_id", "model"], project_ids=[demo.id], limit=100
    )
    assert (usage.object, usage.has_more) == ("page", False)
    assert len(usage.data) >= 48, "every hour is there"
    [result] = [result for bucket in usage.data for result in bucket.results]
    assert result.object == "organization.usage.completions.result"
    assert (result.input_tokens, result.output_tokens, result.num_model_requests) == (asked, said, 3)
    assert (result.project_id, result.api_key_id, result.model) == (demo.id, key.id, "demo-small")

    costs = client.admin.organization.usage.costs(start_time=start, group_by=["line_item"], project_ids=[demo.id])
    assert len(costs.data) == 3
    [cost] = [result for bucket in costs.data for result in bucket.results]
    assert cost.object == "organization.costs.result"
    assert cost.amount is not None
    assert (cost.amount.currency, cost.line_item) == ("usd", "demo/demo-small")
    assert cost.amount.value == pytest.approx(nanos / 1e9)
    shown = admin.get(f"{demo.path}/api_keys/{key.id}").expect(200).json
    assert shown["usage"]["cost_nanos"] == nanos

    # What was called stays as it was priced.
    admin.delete(f"/v1/organization/prices/{price.json['id']}").expect(200)
    again = client.admin.organization.usage.costs(start_time=start, project_ids=[demo.id])
    assert again.data[-1].results[0].amount is not None
    assert again.data[-1].results[0].amount.value == pytest.approx(nanos / 1e9)


def test_pages_of_usage_follow_each_other(client: openai.OpenAI, demo: Project) -> None:
    start = int(time.time()) - 5 * 3600
    page = client.admin.organization.usage.embeddings(start_time=start, bucket_width="1h", limit=4)
    assert (len(page.data), page.has_more) == (4, True)
    assert page.next_page is not None
    last = client.admin.organization.usage.embeddings(start_time=start, bucket_width="1h", limit=4, page=page.next_page)
    assert last.data[0].start_time == page.data[-1].end_time
    assert not last.has_more


def test_a_stream_that_is_left_is_counted_by_its_text(
    client: openai.OpenAI, admin: Admin, demo: Project, clients: Clients
) -> None:
    application = clients.openai(demo.create_key("Impatient").value)
    said = ""
    with application.chat.completions.create(
        model="demo-small", messages=[{"role": "user", "content": "Count to a hundred, please, and slowly. " * 40}], stream=True
    ) as stream:
        for event in stream:
            said += event.choices[0].delta.content or ""
            if len(said) > 20:
                break

    start = int(time.time()) - 24 * 3600
    while True:
        usage = client.admin.organization.usage.completions(start_time=start, project_ids=[demo.id])
        [result, *_] = [result for bucket in usage.data for result in bucket.results] or [None]
        if result is not None:
            break
    assert result.object == "organization.usage.completions.result"
    assert (result.num_model_requests, result.to_dict()["num_estimated_requests"]) == (1, 1)
    # Ten tokens a sentence, three around the message; what had come when it was left.
    assert 350 < result.input_tokens < 450
    assert 4 <= result.output_tokens < 200
