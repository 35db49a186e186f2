"""One installation with a key for every reason to refuse a call, and all the addresses at
which it could be tried."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .admin import Admin, Key, Project
from .calls import CHAT
from .parity_forms import FORM_FORMS, JSON_FORMS, OTHER, Form, form
from .provider import Exchange, Provider, scripted_provider
from .waiting import eventually
from .wire import bearer, json_headers, send

FORBIDDEN = "forbidden-model"
NICK = "nick"
"""An alias of the forbidden model."""

ALLOWED_ORIGIN = "https://app.example.com"
FOREIGN_ORIGIN = "https://evil.example.com"


HOLDS = 3600.0
"""No table takes so many seconds: for so long the provider answers nothing to a call that is to
stay under way."""


@dataclass(frozen=True)
class Route:
    """An address at which a model is asked."""

    path: str
    takes_form: bool = False
    model_may_be_missing: bool = False
    provider: str = "openai"

    @property
    def forms(self) -> list[Form]:
        return FORM_FORMS if self.takes_form else JSON_FORMS

    @property
    def names(self) -> list[str]:
        """By which names the forbidden model can be asked for."""
        own = f"{self.provider}/"
        return [FORBIDDEN, FORBIDDEN.upper(), own + FORBIDDEN, NICK, own + NICK]


ROUTES = [
    Route(CHAT),
    Route("/v1/completions"),
    Route("/v1/responses"),
    Route("/v1/embeddings"),
    Route("/v1/messages", provider="anthropic"),
    Route("/v1/messages/count_tokens", provider="anthropic"),
    Route("/v1/moderations", model_may_be_missing=True),
    Route("/v1/images/generations", model_may_be_missing=True),
    Route("/v1/images/edits", takes_form=True, model_may_be_missing=True),
    Route("/v1/images/variations", takes_form=True, model_may_be_missing=True),
    Route("/v1/audio/transcriptions", takes_form=True),
    Route("/v1/audio/translations", takes_form=True),
    Route("/v1/audio/speech"),
    Route("/v1/rerank"),
]

Asked = tuple[str, str, list[tuple[str, str]], bytes]
"""Method, target, headers, body."""


@dataclass(frozen=True)
class Place:
    """A project with providers, and one resource of each kind that it made."""

    project: Project
    file: str
    batch: str
    response: str

    def batch_asked(self) -> Asked:
        body = json.dumps({"input_file_id": self.file, "endpoint": CHAT, "completion_window": "24h"})
        return "POST", "/v1/batches", [("Content-Type", "application/json")], body.encode()

    def kept(self) -> list[Asked]:
        """Everything that can be asked about what providers keep, new batches excepted."""
        headers, body = form([b'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch'])
        empty = [
            ("GET", "/v1/files"),
            ("GET", f"/v1/files/{self.file}"),
            ("GET", f"/v1/files/{self.file}/content"),
            ("DELETE", f"/v1/files/{self.file}"),
            ("GET", "/v1/batches"),
            ("GET", f"/v1/batches/{self.batch}"),
            ("POST", f"/v1/batches/{self.batch}/cancel"),
            ("GET", f"/v1/responses/{self.response}"),
            ("GET", f"/v1/responses/{self.response}?stream=true"),
            ("GET", f"/v1/responses/{self.response}/input_items"),
            ("POST", f"/v1/responses/{self.response}/cancel"),
            ("DELETE", f"/v1/responses/{self.response}"),
        ]
        return [("POST", "/v1/files", headers, body), *((*asked, [], b"") for asked in empty)]


def models_asked() -> list[Asked]:
    paths = ("/v1/models", f"/v1/models/{FORBIDDEN}", f"/v1/models/openai%2F{FORBIDDEN}")
    return [("GET", path, [], b"") for path in paths]


@dataclass(frozen=True)
class Policy:
    """A reason to refuse, and the headers of a caller that it refuses."""

    name: str
    headers: list[tuple[str, str]] = field(repr=False)
    code: str
    status: int
    place: Place
    is_gate: bool
    """It refuses whatever is asked; else what is asked must be readable first."""
    of_models: bool = False
    """It is about the forbidden model alone."""
    before_routes: bool = True
    """It is looked at before the address."""
    secret: str | None = field(default=None, repr=False)
    """The key itself."""


@dataclass
class World:
    """The table's rows, and what the provider saw."""

    url: str
    provider: Provider
    open: Policy
    policies: list[Policy]


class Scripted:
    """What the provider says: enough for every route, tokens without end for a caller
    that asks for them, and nothing for a while for one that wants to wait."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.numbers = iter(range(1, 1 << 30))
        self.lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        body = exchange.request.body
        if b"please-wait" in body:
            self.released.wait(HOLDS)
        used = 1_000_000 if b"please-spend" in body else 1
        with self.lock:
            number = next(self.numbers)
        usage = {"prompt_tokens": used, "input_tokens": used, "completion_tokens": 0, "output_tokens": 0, "total_tokens": used}
        kind = exchange.request.path.split("?")[0].split("/")[2]
        exchange.answer(json.dumps({"id": f"{kind}-{number}", "object": kind, "usage": usage}).encode())


def ask(url: str, key: Key, model: str, word: str = "hello") -> None:
    """A good call, let through."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": word}]}).encode()
    send(url, "POST", CHAT, body, json_headers(key.value), timeout=HOLDS).expect(200)


def make_place(admin: Admin, provider: Provider) -> Place:
    """A project with a provider of each dialect."""
    project = admin.create_project()
    aliases = {NICK: FORBIDDEN}
    secret = provider.secret
    project.create_credential("openai", api_key=secret, base_url=provider.base_url, aliases=aliases)
    project.create_credential("anthropic", api_key=secret, base_url=provider.url, aliases=aliases)
    key = project.create_key("Maker").value

    def made(asked: Asked) -> str:
        method, path, headers, body = asked
        answer = send(admin.url, method, path, body, bearer(key) | dict(headers)).expect(200)
        return answer.json["id"]

    headers, body = form([b'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch'])
    file = made(("POST", "/v1/files", headers, body))
    batch = made(Place(project, file, "", "").batch_asked())
    json_type = [("Content-Type", "application/json")]
    response = made(("POST", "/v1/responses", json_type, b'{"model":"%b"}' % OTHER.encode()))
    return Place(project, file, batch, response)


DOORS: dict[str, Callable[[str], list[tuple[str, str]]]] = {
    "Bearer": lambda key: [("Authorization", f"Bearer {key}")],
    "bearer": lambda key: [("authorization", f"bearer   {key}")],
    "Basic": lambda key: [("Authorization", "Basic " + base64.b64encode(f"api-key:{key}".encode()).decode())],
    "x-api-key": lambda key: [("x-api-key", key)],
    "api-key": lambda key: [("Api-Key", f" {key} ")],
    "all at once": lambda key: [("x-api-key", key), ("api-key", key), ("Authorization", f"Bearer {key}")],
}


@contextmanager
def make_world(admin: Admin) -> Iterator[World]:
    """A key for every row."""
    secret = admin.secrets.make("sk-ant-", "a provider's secret")
    script = Scripted()
    with scripted_provider(script, secret) as provider:
        provider.models = (OTHER, FORBIDDEN)
        waiting: list[threading.Thread] = []
        try:
            main = make_place(admin, provider)
            open_key = main.project.create_key("Open")
            policies = [
                *gates(admin, provider, main),
                *lists(admin, provider, main),
                *counts(admin, provider, main, waiting),
            ]
            free = Policy("open", DOORS["Bearer"](open_key.value), "", 200, main, False, secret=open_key.value)
            yield World(admin.url, provider, free, policies)
        finally:
            script.released.set()
            for thread in waiting:
                thread.join()


def gates(admin: Admin, provider: Provider, main: Place) -> Iterator[Policy]:
    """Checks 1 to 6, but for the address."""

    def gate(name: str, key: str, status: int, code: str, *more: tuple[str, str], place: Place = main, before_routes: bool = True) -> Policy:
        headers = [*DOORS["Bearer"](key), *more]
        return Policy(name, headers, code, status, place, True, before_routes=before_routes, secret=None if more else key)

    project = main.project
    yield Policy("no key", [], "invalid_api_key", 401, main, True)
    yield gate("malformed key", "sk-project-short", 401, "invalid_api_key")
    known = project.create_key().value
    last = "a" if known[-1] != "a" else "b"
    yield gate("unknown key", admin.secrets.add(known[:-1] + last, "a wrong key"), 401, "invalid_api_key")
    yield gate("admin key", admin.organization.admin_key, 403, "project_key_required")
    other = project.create_key().value
    yield Policy("two keys", [*DOORS["Bearer"](known), *DOORS["x-api-key"](other)], "conflicting_credentials", 400, main, True)
    deleted, rotated, revoked, disabled = (project.create_key() for _ in range(4))
    deleted.delete()
    yield gate("deleted key", deleted.value, 401, "invalid_api_key")
    rotated.rotate(overlap_seconds=0)
    yield gate("old secret", rotated.value, 401, "invalid_api_key")
    revoked.revoke()
    yield gate("revoked key", revoked.value, 401, "api_key_revoked")
    disabled.disable()
    yield gate("disabled key", disabled.value, 401, "api_key_disabled")
    expired = project.create_key(expires_in_seconds=1).value
    eventually("a key expires", lambda: send(admin.url, "GET", "/v1/models", None, bearer(expired)).status == 401)
    yield gate("expired key", expired, 401, "api_key_expired")
    inactive = make_place(admin, provider)
    key = inactive.project.create_key().value
    inactive.project.archive()
    yield gate("inactive project", key, 403, "project_inactive", place=inactive)
    key = project.create_key(allowed_ips=["192.0.2.0/24"]).value
    yield gate("address", key, 403, "ip_not_allowed")
    key = project.create_key(allowed_origins=[ALLOWED_ORIGIN], require_origin=True).value
    yield gate("origin", key, 403, "origin_not_allowed", ("Origin", FOREIGN_ORIGIN))
    yield gate("no origin", key, 403, "origin_not_allowed")
    key = project.create_key(scopes=["traces:read"]).value
    yield gate("scope", key, 403, "insufficient_permissions", before_routes=False)


def lists(admin: Admin, provider: Provider, main: Place) -> Iterator[Policy]:
    """Check 7: lists of models."""

    def listed(name: str, place: Place, **fields: list[str]) -> Policy:
        key = place.project.create_key(**fields).value
        return Policy(name, DOORS["Bearer"](key), "model_not_allowed", 403, place, False, True, secret=key)

    yield listed("key's models", main, allowed_models=[OTHER])
    for mode, models in (("allow_list", [OTHER]), ("deny_list", [FORBIDDEN])):
        place = make_place(admin, provider)
        permissions = {"mode": mode, "model_ids": models}
        admin.post(place.project.path, {"model_permissions": permissions}).expect(200)
        yield listed(f"project's {mode}", place)


def counts(admin: Admin, provider: Provider, main: Place, waiting: list[threading.Thread]) -> Iterator[Policy]:
    """Checks 8 and 9: what was used up stays used up while the table is gone through."""

    def counted(name: str, key: Key, code: str, place: Place = main, of_models: bool = False) -> Policy:
        return Policy(name, DOORS["Bearer"](key.value), code, 429, place, False, of_models, secret=key.value)

    capped = main.project.create_key(max_requests=1)
    ask(admin.url, capped, OTHER)
    yield counted("request cap", capped, "request_cap_reached")
    limited = main.project.create_key(limits={"tokens_per_minute": 10})
    ask(admin.url, limited, OTHER, "please-spend")
    yield counted("tokens of a key", limited, "rate_limit_exceeded")
    for name, model in (("tokens of a project", None), ("tokens of a model", "Forbidden-*")):
        place = make_place(admin, provider)
        limit = {"model": model, "tokens_per_minute": 10}
        admin.post(f"{place.project.path}/limits", limit).expect(200)
        key = place.project.create_key()
        ask(admin.url, key, FORBIDDEN, "please-spend")
        yield counted(name, key, "rate_limit_exceeded", place, model is not None)
    busy = main.project.create_key(limits={"parallel_requests": 1})
    before = len(provider.calls)
    thread = threading.Thread(target=ask, args=(admin.url, busy, OTHER, "please-wait"))
    thread.start()
    waiting.append(thread)
    eventually("a call is under way", lambda: len(provider.calls) > before)
    yield counted("calls at one time", busy, "rate_limit_exceeded")
