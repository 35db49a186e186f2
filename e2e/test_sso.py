"""Signing in by a certified identity provider, as a person's browser does it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.admin import Admin
from support.keyward import Server
from support.oidc import CLIENT_ID, Browser, IdentityProvider, Page, identity_provider

PROVIDERS = "/v1/organization/sso_providers"
VIEWER = "role_00000000000070008000000000000007"
"""The built-in role Project Viewer."""

ACCOUNTS: dict[str, dict[str, Any]] = {
    "ada": {
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "groups": ["research", "staff"],
    },
    "bob": {"email": "bob@example.com", "email_verified": False, "name": "Bob"},
}


@pytest.fixture
def client_secret(admin: Admin) -> str:
    return admin.secrets.make("", "a client secret")


@pytest.fixture
def idp(admin: Admin, client_secret: str) -> Iterator[IdentityProvider]:
    organization = admin.get("/v1/organization").expect(200).json
    with identity_provider(client_secret, organization["sso_redirect_uri"], ACCOUNTS) as running:
        yield running


@pytest.fixture
def connected(admin: Admin, idp: IdentityProvider, client_secret: str) -> Iterator[dict[str, Any]]:
    """The provider, connected; whoever is unknown becomes a member."""
    body = {
        "name": f"Provider at {idp.issuer}",
        "issuer": idp.issuer,
        "client_id": CLIENT_ID,
        "client_secret": client_secret,
        "scopes": ["openid", "email", "profile", "groups"],
        "creates_members": True,
    }
    made = admin.post(PROVIDERS, body).expect(200).json
    yield made
    admin.delete(f"{PROVIDERS}/{made['id']}").expect(200)


def sign_in(server: Server, provider: dict[str, Any], browser: Browser, name: str) -> Page:
    """Goes the whole way out and back; answers what Keyward says at its end."""
    started = browser.get(f"{server.url}/v1/auth/sso/{provider['id']}/start?return_to=/projects")
    assert started.status == 302, started
    arrived = browser.sign_in_at_provider(started, name, until=provider["redirect_uri"])
    # The server listens on a port that it chose itself, so its public address isn't known
    # beforehand: a browser would go there, this one goes to where it is.
    back = urlsplit(arrived)
    return browser.get(f"{server.url}{back.path}?{back.query}")


def test_the_provider_is_understood(admin: Admin, connected: dict[str, Any]) -> None:
    tested = admin.post(f"{PROVIDERS}/{connected['id']}/test", {}).expect(200).json

    assert tested["token_endpoint"] == f"{connected['issuer']}/token"
    assert "RS256" in tested["signing_algorithms"]


def test_somebody_signs_in_with_what_their_groups_give_them(
    admin: Admin, server: Server, connected: dict[str, Any]
) -> None:
    project = admin.create_project()
    mapping = {
        "claim": "groups",
        "value": "research",
        "role_id": VIEWER,
        "project_id": project.id,
    }
    path = f"{PROVIDERS}/{connected['id']}"
    admin.post(path, {"mappings": [mapping]}).expect(200)
    browser = Browser()

    done = sign_in(server, connected, browser, "ada")

    assert (done.status, done.location) == (303, f"{server.url}/projects")
    assert browser.get(f"{server.url}{project.path}").json["id"] == project.id
    assert browser.get(f"{server.url}{PROVIDERS}").status == 403
    logins = admin.audit(**{"event_types[]": "login.succeeded"})
    assert logins[0]["after"]["sso_provider_id"] == connected["id"]

    admin.post(path, {"mappings": []}).expect(200)
    assert browser.get(f"{server.url}{project.path}").status == 404

    again = sign_in(server, connected, browser, "ada")
    assert again.status == 303, again


def test_an_address_that_is_not_verified_opens_nothing(
    server: Server, connected: dict[str, Any]
) -> None:
    refused = sign_in(server, connected, Browser(), "bob")

    assert (refused.status, refused.json["error"]["code"]) == (403, "sso_email_not_verified")


def test_who_calls_it_off_at_the_provider_is_told_so(
    server: Server, connected: dict[str, Any]
) -> None:
    browser = Browser()
    started = browser.get(f"{server.url}/v1/auth/sso/{connected['id']}/start")
    assert started.location is not None
    page = browser.get(started.location)
    assert page.location is not None
    called_off = browser.get(f"{page.location}/abort")
    while called_off.location and not called_off.location.startswith(connected["redirect_uri"]):
        called_off = browser.get(called_off.location)
    assert called_off.location is not None
    back = urlsplit(called_off.location)

    refused = browser.get(f"{server.url}{back.path}?{back.query}")

    assert (refused.status, refused.json["error"]["code"]) == (403, "sso_denied")


def test_a_code_works_in_the_browser_that_asked_for_it_and_once(
    server: Server, connected: dict[str, Any]
) -> None:
    browser, other = Browser(), Browser()
    started = browser.get(f"{server.url}/v1/auth/sso/{connected['id']}/start")
    arrived = browser.sign_in_at_provider(started, "ada", until=connected["redirect_uri"])
    back = urlsplit(arrived)
    target = f"{server.url}{back.path}?{back.query}"
    kept = dict(browser.cookies[urlsplit(server.url).netloc])

    assert other.get(target).json["error"]["code"] == "sso_state_mismatch"
    assert browser.get(target).status == 303
    assert browser.get(target).json["error"]["code"] == "sso_state_mismatch"
    browser.cookies[urlsplit(server.url).netloc] = kept
    assert browser.get(target).json["error"]["code"] == "sso_failed"
