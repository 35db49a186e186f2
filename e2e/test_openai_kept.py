"""What providers keep, with the official `openai` SDK: files, batches and stored responses
belong to the project that made them, also where projects share a credential."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from support.admin import Admin, Project
from support.clients import Clients
from support.provider import Exchange, Provider

DAY = 24 * 3600
SHARED = "/v1/organization/credentials"
MADE = re.compile(rb'name="purpose"\r\n\r\n(\w+)')


class Shelf:
    """A provider that keeps what it is given, for anybody who has its secret."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[dict[str, object], bytes]] = {}
        self.batches: dict[str, dict[str, object]] = {}
        self.responses: dict[str, dict[str, object]] = {}

    def __call__(self, exchange: Exchange) -> None:
        request = exchange.request
        path = request.path.split("?")[0].removeprefix("/v1/")
        kind, _, rest = path.partition("/")
        name, _, part = rest.partition("/")
        deed: Callable[[Exchange, str, str], object] = getattr(self, f"on_{kind}")
        answer = deed(exchange, name, part)
        if isinstance(answer, bytes):
            exchange.answer(answer, content_type="application/octet-stream")
        elif answer is None:
            exchange.answer(b'{"error":{"message":"gone"}}', status=404)
        else:
            exchange.answer(json.dumps(answer).encode())

    def on_files(self, exchange: Exchange, name: str, part: str) -> object:
        if exchange.request.method == "POST":
            name = f"file-{len(self.files) + 1}"
            purpose = MADE.search(exchange.request.body)
            assert purpose is not None
            file = {"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "a"}
            self.files[name] = (file | {"purpose": purpose[1].decode()}, exchange.request.body)
        if name not in self.files:
            return None
        if exchange.request.method == "DELETE":
            del self.files[name]
            return {"id": name, "object": "file", "deleted": True}
        return b"the content" if part == "content" else self.files[name][0]

    def on_batches(self, exchange: Exchange, name: str, part: str) -> object:
        if exchange.request.method == "POST" and not part:
            name = f"batch_{len(self.batches) + 1}"
            self.batches[name] = {"id": name, "object": "batch", "status": "validating"}
        batch = self.batches.get(name)
        if batch and part == "cancel":
            batch["status"] = "cancelling"
        return batch

    def on_responses(self, exchange: Exchange, name: str, part: str) -> object:
        if exchange.request.method == "POST" and not name:
            name = f"resp_{len(self.responses) + 1}"
            usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
            made = {"id": name, "object": "response", "status": "completed", "output": []}
            self.responses[name] = made | {"usage": usage}
            if json.loads(exchange.request.body).get("background"):
                self.responses[name] |= {"status": "queued", "background": True, "usage": None}
        if exchange.request.method == "DELETE":
            self.responses.pop(name, None)
            return {}
        if part == "input_items":
            return {"object": "list", "data": [], "has_more": False}
        return self.responses.get(name)


@pytest.fixture
def shelf(provider: Provider) -> Shelf:
    shelf = Shelf()
    provider.script = shelf
    return shelf


@pytest.fixture
def two(
    admin: Admin, provider: Provider, clients: Clients, shelf: Shelf
) -> Iterator[list[OpenAI]]:
    """Applications of two projects that share the organization's credential."""
    body = {"provider": "openai", "name": "shared", "api_key": provider.secret}
    shared = admin.post(SHARED, body | {"base_url": provider.base_url}).expect(200).json
    projects: list[Project] = [admin.create_project(), admin.create_project()]
    yield [clients.openai(project.create_key().value) for project in projects]
    admin.delete(f"{SHARED}/{shared['id']}").expect(200)


def used(clients: Clients, admin: Admin, project: Project, **wish: Any) -> list[dict[str, Any]]:
    """The results of the usage of completions of a project, by the official SDK."""
    client = clients.openai_admin(admin.organization.admin_key)
    page = client.admin.organization.usage.completions(
        start_time=int(time.time()) - DAY, project_ids=[project.id], **wish
    )
    return [result.to_dict() for bucket in page.data for result in bucket.results]


def test_files_are_the_projects_own(two: list[OpenAI], provider: Provider) -> None:
    mine, theirs = two

    made = [mine.files.create(file=("a", b"{}"), purpose="batch") for _ in range(3)]
    other = theirs.files.create(file=("b", b"{}"), purpose="user_data")

    assert [file.id for file in mine.files.list(limit=2)] == [file.id for file in reversed(made)]
    assert [file.id for file in mine.files.list(order="asc", limit=1)] == [f.id for f in made]
    assert [file.id for file in theirs.files.list()] == [other.id]
    assert [file.id for file in theirs.files.list(purpose="batch")] == []
    assert mine.files.retrieve(made[0].id).purpose == "batch"
    assert mine.files.content(made[0].id).content == b"the content"
    asked = len(provider.calls)
    for deed in (theirs.files.retrieve, theirs.files.content, theirs.files.delete):
        with pytest.raises(openai.NotFoundError) as refused:
            deed(made[0].id)
        assert refused.value.code == "not_found"
    assert len(provider.calls) == asked
    assert mine.files.delete(made[0].id).deleted
    with pytest.raises(openai.NotFoundError):
        mine.files.retrieve(made[0].id)


def test_batches_are_the_projects_own_and_so_are_their_results(
    two: list[OpenAI], shelf: Shelf
) -> None:
    mine, theirs = two
    file = mine.files.create(file=("a", b"{}"), purpose="batch")

    with pytest.raises(openai.NotFoundError) as refused:
        theirs.batches.create(
            input_file_id=file.id, endpoint="/v1/responses", completion_window="24h"
        )
    batch = mine.batches.create(
        input_file_id=file.id, endpoint="/v1/responses", completion_window="24h"
    )

    assert refused.value.param == "input_file_id"
    shelf.files["file-out"] = ({"id": "file-out", "object": "file", "purpose": "batch_output"}, b"")
    with pytest.raises(openai.NotFoundError):
        mine.files.content("file-out")
    shelf.batches[batch.id] |= {"status": "completed", "output_file_id": "file-out"}
    assert mine.batches.retrieve(batch.id).output_file_id == "file-out"
    assert mine.files.content("file-out").content == b"the content"
    with pytest.raises(openai.NotFoundError):
        theirs.files.content("file-out")
    assert [listed.id for listed in mine.batches.list()] == [batch.id]
    assert [listed.id for listed in theirs.batches.list()] == []
    with pytest.raises(openai.NotFoundError):
        theirs.batches.cancel(batch.id)
    assert mine.batches.cancel(batch.id).status == "cancelling"


def test_responses_are_the_projects_own(two: list[OpenAI]) -> None:
    mine, theirs = two

    made = mine.responses.create(model="gpt-test", input="Hello")

    assert mine.responses.retrieve(made.id).id == made.id
    assert list(mine.responses.input_items.list(made.id)) == []
    on = mine.responses.create(model="gpt-test", input="More", previous_response_id=made.id)
    for deed in (theirs.responses.retrieve, theirs.responses.delete, theirs.responses.cancel):
        with pytest.raises(openai.NotFoundError):
            deed(made.id)
    with pytest.raises(openai.NotFoundError) as refused:
        theirs.responses.create(model="gpt-test", input="x", previous_response_id=made.id)
    assert refused.value.param == "previous_response_id"
    mine.responses.delete(on.id)
    with pytest.raises(openai.NotFoundError):
        mine.responses.retrieve(on.id)


def test_retrieving_counts_as_a_call_and_uses_nothing(
    project: Project, clients: Clients, shelf: Shelf
) -> None:
    key = project.create_key()
    client = clients.openai(key.value)
    made = client.responses.create(model="gpt-test", input="Hello")

    client.responses.retrieve(made.id)

    read = key.read()
    assert (read["request_count"], read["usage"]["total_tokens"]) == (2, 7)


def test_a_batch_is_no_way_round_what_a_key_may_do(
    project: Project, clients: Clients, shelf: Shelf
) -> None:
    file = clients.openai(project.create_key().value).files.create(file=b"{}", purpose="batch")
    for restriction, code in [
        ({"allowed_models": ["gpt-*"]}, "model_not_allowed"),
        ({"max_requests": 5}, "batch_not_allowed"),
    ]:
        client = clients.openai(project.create_key(**restriction).value)
        with pytest.raises(openai.PermissionDeniedError) as refused:
            client.batches.create(
                input_file_id=file.id, endpoint="/v1/responses", completion_window="24h"
            )
        assert refused.value.code == code


def test_a_batch_is_in_usage_once_to_the_key_that_began_it(
    project: Project, clients: Clients, admin: Admin, shelf: Shelf
) -> None:
    key = project.create_key()
    client = clients.openai(key.value)
    file = client.files.create(file=("a", b"{}"), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/responses", completion_window="24h"
    )
    shelf.batches[batch.id] |= {
        "status": "completed",
        "endpoint": "/v1/responses",
        "model": "gpt-4o-mini",
        "request_counts": {"total": 5, "completed": 4, "failed": 1},
        "usage": {
            "input_tokens": 1000,
            "input_tokens_details": {"cached_tokens": 200},
            "output_tokens": 100,
            "output_tokens_details": {"reasoning_tokens": 40},
            "total_tokens": 1100,
        },
    }

    reader = clients.openai(project.create_key().value)
    read = reader.batches.retrieve(batch.id)
    assert read.usage is not None and read.usage.total_tokens == 1100
    assert [listed.id for listed in reader.batches.list()] == [batch.id]
    client.batches.retrieve(batch.id)

    [result] = used(clients, admin, project, group_by=["batch", "api_key_id", "model"])
    assert (result["batch"], result["api_key_id"]) == (True, key.id)
    assert (result["model"], result["num_model_requests"]) == ("gpt-4o-mini", 4)
    assert (result["input_tokens"], result["input_cached_tokens"]) == (1000, 200)
    assert result["output_tokens"] == 100
    assert used(clients, admin, project, batch=False) == []


def test_a_response_in_the_background_is_in_usage_once_it_is_read(
    project: Project, clients: Clients, admin: Admin, shelf: Shelf
) -> None:
    key = project.create_key()
    client = clients.openai(key.value)
    made = client.responses.create(model="gpt-test", input="Hello", background=True)
    assert made.status == "queued"
    assert client.responses.retrieve(made.id).status == "queued"
    [began] = used(clients, admin, project)
    assert (began["num_model_requests"], began["input_tokens"]) == (1, 0)
    assert began["num_estimated_requests"] == 0

    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    shelf.responses[made.id] |= {"status": "completed", "usage": usage}
    for _ in range(3):
        assert client.responses.retrieve(made.id).status == "completed"
    client.responses.delete(made.id)

    [result] = used(clients, admin, project, group_by=["api_key_id", "model"])
    assert (result["api_key_id"], result["model"]) == (key.id, "gpt-test")
    assert (result["input_tokens"], result["output_tokens"]) == (3, 4)
    assert result["num_model_requests"] == 1
    assert key.read()["usage"]["total_tokens"] == 7
