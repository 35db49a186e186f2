"""Invitations with the official `openai` SDK: `client.admin.organization.invites`."""

import json

import openai
import pytest

from support.admin import Admin
from support.clients import Clients
from support.keyward import Installation
from support.waiting import eventually
from support.wire import Answer, bearer, send

WEEK = 7 * 24 * 3600
ACCEPT = "/v1/auth/invitations/accept"


@pytest.fixture
def client(clients: Clients, admin: Admin) -> openai.OpenAI:
    return clients.openai_admin(admin.organization.admin_key)


def public(url: str, path: str, body: object) -> Answer:
    return send(
        url, "POST", path, json.dumps(body).encode(), {"content-type": "application/json"}
    )


def token_of(admin: Admin, link: str, page: str) -> str:
    """The token of a link, which is a secret from here on."""
    front, token = link.rsplit("/", 1)
    assert front.startswith("http://") and front.endswith(f"/{page}")
    return admin.secrets.add(token, f"the token of a link to {page}")


class TestInvites:
    def test_an_invitation_is_sent_read_listed_and_withdrawn(
        self, client: openai.OpenAI, admin: Admin
    ) -> None:
        invites = client.admin.organization.invites
        project = admin.create_project()

        made = invites.create(
            email="ada@example.com", role="reader", projects=[{"id": project.id, "role": "member"}]
        )
        assert (made.object, made.status, made.role) == ("organization.invite", "pending", "reader")
        assert made.id.startswith("invite_")
        assert made.expires_at is not None and made.expires_at - made.created_at == WEEK
        assert made.accepted_at is None
        assert [(given.id, given.role) for given in made.projects] == [(project.id, "member")]
        assert made.model_extra is not None
        token_of(admin, made.model_extra["url"], "invitation")

        read = invites.retrieve(made.id)
        assert read.email == "ada@example.com"
        assert "url" not in (read.model_extra or {})
        assert made.id in [invite.id for invite in invites.list(limit=1)]

        deleted = invites.delete(made.id)
        assert (deleted.deleted, deleted.id) == (True, made.id)
        assert deleted.object == "organization.invite.deleted"
        assert invites.retrieve(made.id).status == "expired"

    def test_who_accepts_is_a_member(
        self, client: openai.OpenAI, admin: Admin, installed: Installation
    ) -> None:
        invites = client.admin.organization.invites
        made = invites.create(email="bob@example.com", role="owner")
        assert made.model_extra is not None
        token = token_of(admin, made.model_extra["url"], "invitation")
        password = admin.secrets.make("", "a member's password")

        described = public(admin.url, "/v1/auth/invitations/describe", {"token": token})
        assert described.expect(200).json["organization_name"] == "Acme"
        body = {"token": token, "name": "Bob", "password": password}
        accepted = public(admin.url, ACCEPT, body).expect(200)
        cookie = (accepted.header("set-cookie") or "").split(";")[0]
        admin.secrets.add(cookie.split("=")[1], "a session's secret")
        answer = send(admin.url, "GET", "/v1/organization/projects", None, {"cookie": cookie})
        answer.expect(200)

        again = invites.retrieve(made.id)
        assert again.status == "accepted"
        assert again.accepted_at is not None
        assert public(admin.url, ACCEPT, body).expect(404).json["error"]["code"] == "invalid_link"
        with pytest.raises(openai.ConflictError) as member:
            invites.create(email="bob@example.com", role="reader")
        assert (member.value.code, member.value.param) == ("already_member", "email")
        with pytest.raises(openai.ConflictError) as accepted_already:
            invites.delete(made.id)
        assert accepted_already.value.code == "invitation_accepted"

    def test_errors_are_the_sdks_exceptions(self, client: openai.OpenAI, admin: Admin) -> None:
        invites = client.admin.organization.invites
        made = invites.create(email="eve@example.com", role="reader", projects=[])
        assert made.model_extra is not None
        token_of(admin, made.model_extra["url"], "invitation")

        with pytest.raises(openai.ConflictError) as pending:
            invites.create(email="eve@example.com", role="reader")
        assert pending.value.code == "invitation_pending"
        with pytest.raises(openai.BadRequestError) as nobody:
            invites.create(email="nobody", role="reader")
        assert nobody.value.param == "email"
        with pytest.raises(openai.NotFoundError):
            invites.retrieve("invite_00000000000000000000000000000000")


class TestSetup:
    def test_the_printed_link_sets_a_fresh_installation_up(self, fresh: Installation) -> None:
        first = fresh.start()
        old = self.link(fresh, 0)
        assert first.terminate() == 0
        server = fresh.start()
        token = self.link(fresh, 1)
        password = fresh.secrets.make("", "the owner's password")
        body = {
            "token": token,
            "organization": "Acme",
            "email": "ada@example.com",
            "password": password,
            "create_admin_key": True,
        }

        refused = public(server.url, "/v1/auth/setup", body | {"token": old})
        done = public(server.url, "/v1/auth/setup", body)
        again = public(server.url, "/v1/auth/setup", body)

        assert refused.expect(404).json["error"]["code"] == "invalid_link"
        assert again.expect(404).json["error"]["code"] == "invalid_link"
        key = fresh.secrets.add(done.expect(200).json["admin_key"], "the admin key")
        send(server.url, "GET", "/v1/organization/projects", None, bearer(key)).expect(200)
        assert server.terminate() == 0
        fresh.start()
        assert "/setup/" not in fresh.servers[-1].output.read_text()

    @staticmethod
    def link(fresh: Installation, number: int) -> str:
        """The token that the server printed, to its terminal only."""
        output = fresh.servers[number].output

        def printed() -> list[str]:
            return [word for word in output.read_text().split() if "/setup/" in word]

        words = eventually("the setup link is printed", printed)
        assert len(words) == 1, output.read_text()
        return fresh.secrets.add(words[0].rsplit("/", 1)[1], "the token of a setup link")
