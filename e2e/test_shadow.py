"""A limit in shadow mode: an application in the official SDK notices nothing of it, and its operators
learn what it would refuse before they enforce it."""

from typing import Any

import openai
import pytest

from support.admin import Admin, Project
from support.clients import Clients

HELLO: Any = [{"role": "user", "content": "Hello there!"}]


def test_what_a_limit_would_refuse_is_known_before_it_does(admin: Admin, demo: Project, clients: Clients) -> None:
    limit = admin.post(f"{demo.path}/limits", {"requests_per_minute": 2, "shadow": True}).expect(200).json
    application = clients.openai(demo.create_key("Worker").value)
    administration = clients.openai(admin.organization.admin_key)

    def decision(request_id: str | None) -> Any:
        return administration.get(f"/organization/decisions/{request_id}", cast_to=object)

    for would_refuse in (False, False, True, True):
        answer = application.chat.completions.with_raw_response.create(model="demo-small", messages=HELLO)
        assert "x-ratelimit-limit-requests" not in answer.headers
        found = decision(answer.request_id)
        assert (found["outcome"], found["status"], found["decided_by"]) == ("let_through", 200, None)
        [met] = found["limits"]
        assert (met["id"], met["shadow"], met["would_refuse"]) == (limit["id"], True, would_refuse)

    admin.post(f"{demo.path}/limits/{limit['id']}", {"shadow": False}).expect(200)
    with pytest.raises(openai.RateLimitError) as refused:
        application.chat.completions.create(model="demo-small", messages=HELLO)
    found = decision(refused.value.request_id)
    assert (found["decided_by"]["name"], found["limits"][0]["shadow"]) == ("rate_limit", False)
