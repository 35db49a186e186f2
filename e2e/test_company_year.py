"""A company's year: it sets Keyward up, invites people, connects its identity provider, gives
a role of its own, loses somebody, and reads in the audit log what happened."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from support.admin import Admin
from support.clients import Clients
from support.databases import Database
from support.keyward import Installation, Organization, Server, installation
from support.oidc import CLIENT_ID, Browser, IdentityProvider, identity_provider
from support.person import Person
from support.waiting import eventually

LINK = re.compile(r"https?://\S+/setup/(\w+)\s")
ORGANIZATION = "/v1/organization"
PROJECTS = f"{ORGANIZATION}/projects"

ACCOUNTS: dict[str, dict[str, Any]] = {
    "grace": {
        "email": "grace@acme.example",
        "email_verified": True,
        "name": "Grace Hopper",
        "groups": ["platform"],
    },
}


@dataclass
class Company:
    """What the chapters of the story share."""

    installed: Installation
    server: Server
    founder: Person
    admin: Admin
    client: openai.OpenAI


@pytest.fixture
def company(database: Database, tmp_path: Path) -> Iterator[Company]:
    """January: somebody starts the program and opens the link that it prints."""
    with installation(tmp_path / "keyward", database) as installed:
        server = installed.start()
        link = eventually("the setup link is printed", lambda: LINK.search(server.output.read_text()))
        founder = Person(server.url, installed.secrets)
        password = installed.secrets.make("", "the founder's password")
        body = {
            "token": installed.secrets.add(link[1], "the token of the setup link"),
            "organization": "Acme",
            "email": "ada@acme.example",
            "name": "Ada Lovelace",
            "password": password,
            "create_admin_key": True,
        }
        made = founder.post("/v1/auth/setup", body).expect(200).json
        key = installed.secrets.add(made["admin_key"], "the first admin key")
        founder.post("/v1/auth/setup", body).expect(404, "invalid_link")
        organization = Organization(made["organization_id"], made["session"]["user"]["id"], key)
        admin = Admin(server.url, organization, installed.secrets)
        with Clients(server.url) as clients:
            yield Company(installed, server, founder, admin, clients.openai_admin(key))


@pytest.fixture
def idp(company: Company) -> Iterator[IdentityProvider]:
    secret = company.installed.secrets.make("", "the client secret")
    settings = company.admin.get(ORGANIZATION).expect(200).json
    with identity_provider(secret, settings["sso_redirect_uri"], ACCOUNTS) as running:
        connect = {
            "name": "Acme's identity provider",
            "issuer": running.issuer,
            "client_id": CLIENT_ID,
            "client_secret": secret,
            "scopes": ["openid", "email", "profile", "groups"],
            "creates_members": True,
        }
        company.founder.post(f"{ORGANIZATION}/sso_providers", connect).expect(200)
        yield running


def join(company: Company, invite: Any, name: str) -> Person:
    """An invited person opens their link."""
    token = company.installed.secrets.add(invite["url"].rsplit("/", 1)[1], f"{name}'s link")
    person = Person(company.server.url, company.installed.secrets)
    shown = person.post("/v1/auth/invitations/describe", {"token": token}).expect(200).json
    assert shown["email"] == invite["email"]
    password = company.installed.secrets.make("", f"{name}'s password")
    body = {"token": token, "name": name, "password": password}
    person.post("/v1/auth/invitations/accept", body).expect(200)
    person.post("/v1/auth/invitations/accept", body).expect(404, "invalid_link")
    return person


def test_a_companys_year(company: Company, idp: IdentityProvider) -> None:
    founder, admin = company.founder, company.admin
    organization = company.client.admin.organization
    search = organization.projects.create(name="Search")
    project = f"{PROJECTS}/{search.id}"
    admin.post(f"{project}/credentials", {"provider": "demo"}).expect(200)

    # February: Bob is invited to run the project; Eve's invitation is withdrawn.
    invite = founder.post(
        f"{ORGANIZATION}/invites",
        {
            "email": "bob@acme.example",
            "role": "reader",
            "projects": [{"id": search.id, "role": "owner"}],
        },
    ).expect(200)
    again = {"email": "bob@acme.example", "role": "reader"}
    founder.post(f"{ORGANIZATION}/invites", again).expect(409, "invitation_pending")
    bob = join(company, invite.json, "Bob")
    withdrawn = founder.post(
        f"{ORGANIZATION}/invites", {"email": "eve@acme.example", "role": "owner"}
    ).expect(200)
    company.installed.secrets.add(withdrawn.json["url"].rsplit("/", 1)[1], "Eve's link")
    organization.invites.delete(withdrawn.json["id"])
    assert [listed["id"] for listed in bob.get(PROJECTS).json["data"]] == [search.id]
    bob.get(f"{ORGANIZATION}/sso_providers").expect(403, "insufficient_permissions")

    # March: a role of their own, for a group that the identity provider fills.
    operator = organization.roles.create(
        role_name="Key operator",
        permissions=[
            "project:read",
            "api_keys:read",
            "api_keys:create",
            "api_keys:update",
            "api_keys:rotate",
            "llm:invoke",
        ],
        description="Creates and rotates keys, deletes none",
    )
    group = organization.groups.create(name="Platform")
    organization.groups.roles.create(group.id, role_id=operator.id)
    connected = founder.get(f"{ORGANIZATION}/sso_providers").json["data"][0]
    mapping = {"claim": "groups", "value": "platform", "group_id": group.id}
    founder.post(
        f"{ORGANIZATION}/sso_providers/{connected['id']}", {"mappings": [mapping]}
    ).expect(200)

    # April: Grace comes by single sign-on, and is in the group at once.
    grace = come_by_sso(company, connected, "grace")
    made = grace.post(f"{project}/api_keys", {"name": "Web", "scopes": ["llm:invoke"]}).expect(200)
    key = company.installed.secrets.add(made.json["value"], "Grace's key")
    with Clients(company.server.url) as clients:
        said = clients.openai(key).chat.completions.create(
            model="demo-small", messages=[{"role": "user", "content": "Hello!"}]
        )
        assert said.choices[0].message.content == "You said: Hello!"
    path = f"{project}/api_keys/{made.json['id']}"
    rotated = grace.post(f"{path}/rotate", {"overlap_seconds": 3600}).expect(200)
    company.installed.secrets.add(rotated.json["value"], "Grace's rotated key")
    grace.delete(path).expect(403, "insufficient_permissions")

    # June: what would raise her is refused, however she tries.
    full = {"name": "Everything"}
    grace.post(f"{project}/api_keys", full).expect(403, "escalation_not_allowed")
    grace.post(f"{ORGANIZATION}/admin_api_keys", {"name": "Mine"}).expect(403)
    me = grace.get("/v1/account").expect(200).json["user"]["id"]
    grace.post(
        f"{ORGANIZATION}/users/{me}/roles", {"role_id": "role_00000000000070008000000000000001"}
    ).expect(403, "insufficient_permissions")
    bobs_role = {"role_name": "More", "permissions": ["api_keys:read", "admin_keys:manage"]}
    bob.post(f"/v1/projects/{search.id}/roles", bobs_role).expect(400)
    with pytest.raises(openai.ConflictError) as refused:
        organization.roles.delete(operator.id)
    assert refused.value.code == "role_in_use"

    # September: Bob leaves. What he made goes on working, and is named.
    bobs = bob.post(f"{project}/api_keys", {"name": "Nightly"}).expect(200).json
    company.installed.secrets.add(bobs["value"], "Bob's key")
    who = next(user for user in organization.users.list() if user.email == "bob@acme.example")
    gone = admin.delete(f"{ORGANIZATION}/users/{who.id}").expect(200).json
    assert [kept["id"] for kept in gone["created_api_keys"]] == [bobs["id"]]
    bob.get(PROJECTS).expect(401)
    with Clients(company.server.url) as clients:
        clients.openai(bobs["value"]).models.list()

    # October: a bot takes his place.
    accounts = organization.projects.service_accounts
    bot = accounts.create(search.id, name="Nightly bot")
    assert bot.api_key is not None
    company.installed.secrets.add(bot.api_key.value, "the bot's key")
    assert accounts.delete(bot.id, project_id=search.id).deleted

    # November: everybody comes by single sign-on; the founder keeps her password.
    version = founder.get(ORGANIZATION).json["version"]
    founder.post(ORGANIZATION, {"sso_required": True}).expect(200)
    assert founder.get(ORGANIZATION).json["version"] == version + 1
    founder.post("/v1/auth/sign_out").expect(200)
    founder.get(ORGANIZATION).expect(401)

    # December: the audit log tells it in order, and is proven.
    check_story(company, me)


def come_by_sso(company: Company, provider: dict[str, Any], name: str) -> Person:
    """Goes the whole way out and back."""
    url, browser = company.server.url, Browser()
    started = browser.get(f"{url}/v1/auth/sso/{provider['id']}/start?return_to=/")
    arrived = urlsplit(browser.sign_in_at_provider(started, name, until=provider["redirect_uri"]))
    done = browser.get(f"{url}{arrived.path}?{arrived.query}")
    assert done.status == 303, done
    cookies = dict(browser.cookies[urlsplit(url).netloc])
    for cookie, value in cookies.items():
        company.installed.secrets.add(value, f"the cookie {cookie}")
    return Person(url, company.installed.secrets, cookies)


STORY = [
    "organization.created",
    "project.created",
    "invite.sent",
    "invite.accepted",
    "invite.deleted",
    "role.created",
    "group.created",
    "role.assignment.created",
    "login.succeeded",
    "api_key.created",
    "api_key.rotated",
    "access.denied",
    "user.deleted",
    "service_account.created",
    "service_account.deleted",
    "organization.updated",
    "logout.succeeded",
]


def check_story(company: Company, grace: str) -> None:
    events = list(company.client.admin.organization.audit_logs.list(limit=100))[::-1]
    types = [str(event.type) for event in events]
    at = 0
    for chapter in STORY:
        assert chapter in types[at:], f"{chapter} isn't told behind {types[:at]}"
        at = types.index(chapter, at)
    denied = company.admin.audit(**{"outcome": "denied", "actor_ids[]": grace})
    assert {event["type"] for event in denied} == {"access.denied"}
    assert any(event["after"]["reason"] == "api_keys:delete" for event in denied)
    assert all(event["ip_address"] == "127.0.0.1" for event in denied)
    proven = company.admin.get(f"{ORGANIZATION}/audit_logs/verify").expect(200).json
    assert proven["valid"], proven
