"""Somebody in front of a browser: signed in by a cookie, asking from Keyward's own pages."""

import json
from dataclasses import dataclass, field
from typing import Any

from .secrets import Secrets
from .wire import Answer, send

COOKIE = "__Host-keyward"


@dataclass
class Person:
    """A browser with its cookie."""

    url: str
    secrets: Secrets
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.ask("POST", path, {} if body is None else body)

    def delete(self, path: str) -> Answer:
        return self.ask("DELETE", path)

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"sec-fetch-site": "same-origin"}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["content-type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        answer = send(self.url, method, path, data, headers)
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            if value:
                self.cookies[name] = self.secrets.add(value, f"the cookie {name}")
            else:
                self.cookies.pop(name, None)
        return answer

    def sign_in(self, email: str, password: str) -> Answer:
        return self.post("/v1/auth/sign_in", {"email": email, "password": password})
