"""A certified identity provider, and a person's browser in front of it."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

HOME = os.environ.get("KEYWARD_NODE", "")
"""Where `cargo xtask test` has installed the provider."""
CLIENT_ID = "keyward-e2e"


@dataclass(frozen=True)
class Page:
    """What a browser was answered."""

    url: str
    status: int
    location: str | None
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Browser:
    """Keeps cookies by host and port, and follows redirects one by one.

    It has no TLS, so it sends cookies that are meant for TLS only, as a browser does
    to the machine itself.
    """

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def ask(self, method: str, url: str, form: dict[str, str] | None = None) -> Page:
        parts = urlsplit(url)
        jar = self.cookies.setdefault(parts.netloc, {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection(parts.netloc, timeout=30)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            if value and "max-age=0" not in cookie.lower() and "expires=thu, 01 jan 1970" not in cookie.lower():
                jar[name] = value
            else:
                jar.pop(name, None)
        location = answer.headers.get("Location")
        return Page(url, answer.status, location and urljoin(url, location), text)

    def get(self, url: str) -> Page:
        return self.ask("GET", url)

    def sign_in_at_provider(self, page: Page, name: str, until: str) -> str:
        """Fills in the provider's pages; answers the address that starts with `until`."""
        for _ in range(12):
            if page.location is not None and page.location.startswith(until):
                return page.location
            if page.location is not None:
                page = self.get(page.location)
                continue
            form = {"prompt": "consent"}
            if 'name="login"' in page.text:
                form = {"prompt": "login", "login": name, "password": "of no importance"}
            action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
            assert action, f"{page.status} {page.url}: {page.text}"
            page = self.ask("POST", urljoin(page.url, action[1]), form)
        raise AssertionError(f"the provider leads in circles: {page}")


@dataclass(frozen=True)
class IdentityProvider:
    """The provider that runs."""

    issuer: str


@contextmanager
def identity_provider(
    client_secret: str, redirect_uri: str, accounts: dict[str, dict[str, Any]]
) -> Iterator[IdentityProvider]:
    """Runs the provider. `accounts`: what it says of whom."""
    assert HOME, "KEYWARD_NODE must hold the folder of the installed packages"
    environment = os.environ | {
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": client_secret,
        "OIDC_REDIRECT_URI": redirect_uri,
        "OIDC_ACCOUNTS": json.dumps(accounts),
    }
    process = subprocess.Popen(
        ["node", "server.mjs"],
        cwd=HOME,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        issuer = next((line.strip() for line in lines if line.startswith("http://")), None)
        assert issuer, "the identity provider ended"
        yield IdentityProvider(issuer)
    finally:
        process.terminate()
        process.communicate()
