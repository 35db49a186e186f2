"""Why a call was refused: what an application sees in the official SDK's exception is enough to find
out."""

from typing import Any

import anthropic
import openai
import pytest

from support.admin import Admin, Project
from support.clients import Clients

HELLO: Any = [{"role": "user", "content": "Hello there!"}]


def test_a_refused_calls_request_id_tells_why(admin: Admin, demo: Project, clients: Clients) -> None:
    key = demo.create_key("Worker", limits={"requests_per_minute": 1})
    application = clients.openai(key.value)
    let_through = application.chat.completions.with_raw_response.create(model="demo-small", messages=HELLO)
    with pytest.raises(openai.RateLimitError) as refused:
        application.chat.completions.create(model="demo-small", messages=HELLO)
    assert refused.value.request_id is not None

    administration = clients.openai(admin.organization.admin_key)

    def decision(request_id: str | None) -> Any:
        return administration.get(f"/organization/decisions/{request_id}", cast_to=object)

    found = decision(refused.value.request_id)
    assert (found["outcome"], found["status"], found["api_key_id"]) == ("refused", 429, key.id)
    assert found["decided_by"]["name"] == "rate_limit"
    assert found["decided_by"]["message"] in refused.value.message
    [limit] = found["limits"]
    assert (limit["id"], limit["of"], limit["limit"], limit["remaining"]) == (key.id, "key", 1, 0)
    found = decision(let_through.request_id)
    assert (found["outcome"], found["decided_by"], found["model"]) == ("let_through", None, "demo-small")

    for unknown in ("req_" + "0" * 32, "nonsense"):
        with pytest.raises(openai.NotFoundError):
            decision(unknown)


def test_anthropics_sdk_tells_the_same_request_id(admin: Admin, demo: Project, clients: Clients) -> None:
    key = demo.create_key("Worker", allowed_models=["nothing"])
    with pytest.raises(anthropic.PermissionDeniedError) as refused:
        clients.anthropic(key.value).messages.create(model="demo-small", max_tokens=9, messages=HELLO)
    body: Any = refused.value.body
    assert refused.value.request_id == body["request_id"]
    found = admin.get(f"/v1/organization/decisions/{refused.value.request_id}").expect(200).json
    assert (found["decided_by"]["check"], found["decided_by"]["code"]) == (7, "model_not_allowed")
    assert (found["path"], found["decided_by"]["param"]) == ("/v1/messages", "model")

    key = demo.create_key("Writer")
    message = clients.anthropic(key.value).messages.create(model="demo-small", max_tokens=9, messages=HELLO)
    found = admin.get(f"/v1/organization/decisions/{message._request_id}").expect(200).json
    assert (found["outcome"], found["api_key_id"]) == ("let_through", key.id)
