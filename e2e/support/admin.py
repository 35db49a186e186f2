"""The admin API as an operator's script uses it, and the things that it makes."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from .keyward import Organization
from .secrets import Secrets
from .wire import Answer, bearer, json_headers, send

Json = dict[str, Any]

PROJECTS = "/v1/organization/projects"

numbers = itertools.count(1)


@dataclass
class Admin:
    """An organization's admin key in use."""

    url: str
    organization: Organization
    secrets: Secrets

    def get(self, path: str, **query: Any) -> Answer:
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return self.noted(send(self.url, "GET", target, None, self.headers()))

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        sent = json_headers(self.organization.admin_key) | dict(headers or {})
        return self.noted(send(self.url, "POST", path, data, sent))

    def delete(self, path: str) -> Answer:
        return self.noted(send(self.url, "DELETE", path, None, self.headers()))

    def headers(self) -> dict[str, str]:
        return bearer(self.organization.admin_key)

    def noted(self, answer: Answer) -> Answer:
        """An answer shows no secret but a new one, which is a secret from here on."""
        self.secrets.refuse_in(answer.body, "an answer of the admin API")
        assert (answer.header("x-request-id") or "").startswith("req_")
        if answer.status == 200 and answer.header("content-type") == "application/json":
            value = answer.json.get("value")
            if value is not None:
                assert answer.header("cache-control") == "no-store"
                self.secrets.add(value, f"the secret of {answer.json['id']}")
        return answer

    def create_project(self, name: str | None = None, **fields: Any) -> "Project":
        body = {"name": name or f"Project {next(numbers)}", **fields}
        made = self.post(PROJECTS, body).expect(200).json
        return Project(self, made["id"], made["name"])

    def audit(self, **filters: Any) -> list[Json]:
        """The newest hundred events."""
        query = {"limit": 100, **filters}
        return self.get("/v1/organization/audit_logs", **query).expect(200).json["data"]


@dataclass(frozen=True)
class Key:
    """An API key whose secret is known."""

    project: "Project"
    id: str
    value: str = field(repr=False)

    @property
    def path(self) -> str:
        return f"{self.project.path}/api_keys/{self.id}"

    def read(self) -> Json:
        return self.project.admin.get(self.path).expect(200).json

    def edit(self, **fields: Any) -> Json:
        return self.project.admin.post(self.path, fields).expect(200).json

    def disable(self) -> Json:
        return self.edit(status="disabled")

    def enable(self) -> Json:
        return self.edit(status="active")

    def revoke(self) -> Json:
        return self.project.admin.post(f"{self.path}/revoke").expect(200).json

    def delete(self) -> Json:
        return self.project.admin.delete(self.path).expect(200).json

    def rotate(self, **fields: Any) -> "Key":
        """The same key with its new secret."""
        answer = self.project.admin.post(f"{self.path}/rotate", fields or None).expect(200).json
        assert answer["id"] == self.id
        return Key(self.project, self.id, answer["value"])


@dataclass(frozen=True)
class Project:
    """A project of an organization."""

    admin: Admin
    id: str
    name: str

    @property
    def path(self) -> str:
        return f"{PROJECTS}/{self.id}"

    def read(self) -> Json:
        return self.admin.get(self.path).expect(200).json

    def create_key(self, name: str | None = None, **fields: Any) -> Key:
        body = {"name": name or f"Key {next(numbers)}", **fields}
        made = self.admin.post(f"{self.path}/api_keys", body).expect(200).json
        return Key(self, made["id"], made["value"])

    def create_credential(self, provider: str, **fields: Any) -> Json:
        body = {"provider": provider, "name": f"Credential {next(numbers)}", **fields}
        return self.admin.post(f"{self.path}/credentials", body).expect(200).json

    def archive(self, **fields: Any) -> Json:
        return self.admin.post(f"{self.path}/archive", fields or None).expect(200).json

    def activate(self) -> Json:
        return self.admin.post(f"{self.path}/activate").expect(200).json
