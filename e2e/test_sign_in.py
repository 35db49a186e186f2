"""A person who signs in with address and password, on the program itself."""

import json
from typing import Any

from support.admin import PROJECTS
from support.keyward import Installation
from support.wire import Answer, send

SIGN_IN = "/v1/auth/sign_in"
EMAIL = "owner@example.com"


def password_of(installed: Installation) -> str:
    """What the owner was given by `init`."""
    return next(s for s, what in installed.secrets.known.items() if what == "the owner's password")


class Browser:
    """Keeps the session's cookie and says which site the page is of."""

    def __init__(self, url: str, installed: Installation) -> None:
        self.url, self.installed = url, installed
        self.cookie: str | None = None

    def ask(self, method: str, path: str, body: Any = None, site: str = "same-origin") -> Answer:
        headers = {"Sec-Fetch-Site": site, "Content-Type": "application/json"}
        if self.cookie:
            headers["Cookie"] = f"__Host-keyward={self.cookie}"
        content = None if body is None else json.dumps(body).encode()
        answer = send(self.url, method, path, content, headers)
        for header in answer.headers.get_all("Set-Cookie") or []:
            self.cookie = header.split(";")[0].removeprefix("__Host-keyward=") or None
            if self.cookie:
                self.installed.secrets.add(self.cookie, "a session's cookie")
        return answer

    def sign_in(self, password: str) -> Answer:
        return self.ask("POST", SIGN_IN, {"email": EMAIL, "password": password})


def test_a_person_signs_in_works_and_signs_out(fresh: Installation) -> None:
    fresh.init()
    person = Browser(fresh.start().url, fresh)

    session = person.sign_in(password_of(fresh)).expect(200).json

    account = person.ask("GET", "/v1/account").expect(200).json
    assert account["user"]["email"] == EMAIL
    assert account["session"]["id"] == session["id"]
    person.ask("POST", PROJECTS, {"name": "Theirs"}).expect(200)
    forced = person.ask("POST", PROJECTS, {"name": "Forced"}, site="cross-site")
    forced.expect(403, "cross_site_request")
    stolen = person.cookie
    person.ask("POST", "/v1/auth/sign_out", {}).expect(200)
    person.cookie = stolen
    person.ask("GET", PROJECTS).expect(401, "signed_out")


def test_a_session_outlives_a_restart_and_failures_are_in_the_log(fresh: Installation) -> None:
    organization = fresh.init()
    server = fresh.start()
    person = Browser(server.url, fresh)
    person.sign_in(password_of(fresh)).expect(200)
    for _ in range(3):
        Browser(server.url, fresh).sign_in("not the password").expect(401, "invalid_credentials")

    assert server.terminate() == 0
    person.url = fresh.start().url

    person.ask("GET", "/v1/account").expect(200)
    log = send(
        person.url,
        "GET",
        "/v1/organization/audit_logs?event_types[]=login.failed",
        headers={"Authorization": f"Bearer {organization.admin_key}"},
    )
    counts = [event["after"].get("count", 1) for event in log.expect(200).json["data"]]
    assert sum(counts) == 3


def test_who_guesses_must_wait(fresh: Installation) -> None:
    fresh.init()
    url = fresh.start().url
    for _ in range(5):
        Browser(url, fresh).sign_in("not the password").expect(401, "invalid_credentials")

    refused = Browser(url, fresh).sign_in(password_of(fresh)).expect(429, "too_many_attempts")

    assert 0 < int(refused.header("retry-after") or 0) <= 30
