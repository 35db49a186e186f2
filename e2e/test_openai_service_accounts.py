"""Service accounts with the official `openai` SDK: `client.admin.organization.projects`."""

import openai
import pytest

from support.admin import Admin, Project
from support.clients import Clients


@pytest.fixture
def client(clients: Clients, admin: Admin) -> openai.OpenAI:
    return clients.openai_admin(admin.organization.admin_key)


def test_a_service_account_is_made_renamed_listed_and_deleted(
    client: openai.OpenAI, admin: Admin, demo: Project, clients: Clients
) -> None:
    accounts = client.admin.organization.projects.service_accounts

    made = accounts.create(demo.id, name="Nightly", expires_in_seconds=3600)
    assert (made.object, made.role) == ("organization.project.service_account", "member")
    assert made.api_key is not None
    first = admin.secrets.add(made.api_key.value, "the account's first key")
    assert made.api_key.object == "organization.project.service_account.api_key"

    renamed = accounts.update(made.id, project_id=demo.id, name="Nightly build", role="member")
    assert renamed.name == "Nightly build"
    assert accounts.retrieve(made.id, project_id=demo.id).name == "Nightly build"
    bare = accounts.create(demo.id, name="Bare", create_service_account_only=True)
    assert bare.api_key is None
    assert [listed.id for listed in accounts.list(demo.id, limit=1)] == [bare.id, made.id]

    second = accounts.api_keys.create(
        made.id, project_id=demo.id, name="Second", scopes=["llm:invoke"], expires_in_seconds=60
    )
    key = admin.secrets.add(second.value, "the account's second key")
    said = clients.openai(key).chat.completions.create(
        model="demo-small", messages=[{"role": "user", "content": "Hello!"}]
    )
    assert said.choices[0].message.content == "You said: Hello!"
    owned = client.admin.organization.projects.api_keys.retrieve(second.id, project_id=demo.id)
    assert owned.owner.type == "service_account"
    assert owned.owner.service_account is not None
    assert owned.owner.service_account.id == made.id

    gone = accounts.delete(made.id, project_id=demo.id)
    assert (gone.deleted, gone.object) == (True, "organization.project.service_account.deleted")
    for secret in (first, key):
        with pytest.raises(openai.AuthenticationError) as refused:
            clients.openai(secret).models.list()
        assert refused.value.code == "api_key_revoked"
    with pytest.raises(openai.NotFoundError):
        accounts.retrieve(made.id, project_id=demo.id)


def test_what_a_service_account_cannot_be_is_refused(client: openai.OpenAI, demo: Project) -> None:
    accounts = client.admin.organization.projects.service_accounts
    with pytest.raises(openai.BadRequestError) as blank:
        accounts.create(demo.id, name=" ")
    assert blank.value.param == "name"
    bare = accounts.create(demo.id, name="Bare", create_service_account_only=True)
    with pytest.raises(openai.BadRequestError) as owner:
        accounts.update(bare.id, project_id=demo.id, role="owner")
    assert owner.value.param == "role"
