"""One table of policies, routes, dialects, whole and streamed calls, content types and
charsets, plain and compressed bodies, HTTP/1.1 and HTTP/2: no cell is a way around a check.

A cell is refused by its policy, with that policy's code, or earlier, with the code that
its form earns whatever the key is; and the provider never sees it. The same table is gone
through with a key that nothing forbids: what isn't refused for its form goes through, so
each cell would be seen if its check were missing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.admin import Admin
from support.databases import KINDS, fresh_database
from support.envelopes import expect_envelope
from support.keyward import installation
from support.lines import Http1, Http2, Line, Lines, Told
from support.parity_forms import GOES, STATUS, Form
from support.parity_world import (
    DOORS,
    FORBIDDEN,
    FOREIGN_ORIGIN,
    HOLDS,
    NICK,
    ROUTES,
    Asked,
    Policy,
    Route,
    World,
    make_world,
    models_asked,
)
from support.wire import send

GATES = [
    *("no key", "malformed key", "unknown key", "admin key", "two keys", "deleted key", "old secret"),
    *("revoked key", "disabled key", "expired key", "inactive project"),
    *("address", "origin", "no origin", "scope"),
]
LISTS = ["key's models", "project's allow_list", "project's deny_list"]
COUNTS = ["request cap", "tokens of a key", "tokens of a project", "tokens of a model", "calls at one time"]

PLAIN = '{"model":"%s","messages":[],"input":"x"}' % FORBIDDEN
JSON = ("Content-Type", "application/json")


Worlds = Callable[[str], World]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """The same on each database, made when it is asked for."""
    made: dict[str, World] = {}
    with ExitStack() as stack:

        def make(kind: str) -> World:
            database = stack.enter_context(fresh_database(kind))
            fresh = stack.enter_context(installation(tmp_path_factory.mktemp("keyward"), database))
            fresh.environment["KEYWARD_RESPONSE_TIMEOUT"] = str(int(HOLDS))
            organization = fresh.init()
            admin = Admin(fresh.start().url, organization, fresh.secrets)
            world = stack.enter_context(make_world(admin))
            assert [policy.name for policy in world.policies] == [*GATES, *LISTS, *COUNTS]
            return world

        def of(kind: str) -> World:
            if kind not in made:
                made[kind] = make(kind)
            made[kind].provider.calls.clear()
            return made[kind]

        yield of


@pytest.fixture
def world(worlds: Worlds) -> World:
    """Where the database plays no part: it is asked nothing for these checks."""
    return worlds("sqlite")


HTTP = pytest.mark.parametrize("http", [Http1, Http2], ids=["http1", "http2"])


@pytest.fixture
def line(http: Callable[[str], Line], world: World) -> Iterator[Line]:
    made = http(world.url)
    yield made
    made.close()


def ask(line: Line, policy: Policy, asked: Asked, chunked: bool = False) -> Told:
    method, target, headers, body = asked
    return line.ask(method, target, [*policy.headers, *headers], body, chunked)


def put(route: Route, form: Form, model: str) -> Asked:
    """The request of a cell."""
    headers, body = form.write(model)
    host = "http://keyward" if form.absolute else ""
    return "POST", f"{host}{route.path}{form.query}", headers, body


def forms(route: Route, line: Line) -> Iterator[Form]:
    return (form for form in route.forms if isinstance(line, Http1) or not form.only_http1)


def expect(world: World, told: Told, status: int, code: str, cell: object) -> None:
    """Fails unless it is refused like that, and nobody else heard of it."""
    assert (told.status, told.code) == (status, code), (cell, told)
    assert world.provider.calls == [], (cell, world.provider.calls)


@HTTP
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_what_nothing_forbids_goes_through(world: World, line: Line, route: Route) -> None:
    seen = world.provider.calls
    for form in forms(route, line):
        for model in route.names if form.name in ("plain", "a form") else route.names[:1]:
            told = ask(line, world.open, put(route, form, model), form.chunked)
            outcome = form.outcome(route.model_may_be_missing)
            if outcome is GOES:
                assert (told.status, len(seen)) == (200, 1), (form.name, model, told)
                if form.name in ("plain", "a form"):
                    # Under the provider's own name.
                    own = model if model.isupper() else FORBIDDEN
                    assert own.encode() in seen[0].body and b"/forb" not in seen[0].body, model
            else:
                assert (told.status, told.code) == (STATUS[outcome], outcome), (form.name, told)
                assert seen == [], form.name
            seen.clear()


@HTTP
@pytest.mark.parametrize("name", GATES)
def test_who_may_not_call_does_not_call_in_any_form(name: str, world: World, line: Line) -> None:
    policy = next(policy for policy in world.policies if policy.name == name)
    for route in ROUTES:
        for form in forms(route, line):
            told = ask(line, policy, put(route, form, FORBIDDEN), form.chunked)
            refused = (STATUS[form.refused], form.refused) if form.first and form.refused else (policy.status, policy.code)
            expect(world, told, *refused, (name, route.path, form.name))
    for asked in [*policy.place.kept(), policy.place.batch_asked(), *models_asked()]:
        expect(world, ask(line, policy, asked), policy.status, policy.code, (name, asked[:2]))
    for asked in ("POST", "/v1/nothing", [JSON], b"{}"), ("PUT", ROUTES[0].path, [JSON], b"{}"):
        told = ask(line, policy, asked)
        if policy.before_routes:
            expect(world, told, policy.status, policy.code, (name, asked[:2]))
        else:
            assert told.status in (404, 405), told


@HTTP
@pytest.mark.parametrize("name", LISTS)
def test_no_form_gets_a_model_past_a_list(name: str, world: World, line: Line) -> None:
    policy = next(policy for policy in world.policies if policy.name == name)
    refuse_models(world, line, policy)
    expect(world, ask(line, policy, policy.place.batch_asked()), 403, "model_not_allowed", "a batch")
    for model in (FORBIDDEN, f"openai%2f{FORBIDDEN}", NICK):
        told = line.ask("GET", f"/v1/models/{model}", policy.headers)
        expect(world, told, 404, "model_not_found", model)
    told = line.ask("GET", "/v1/models", policy.headers)
    assert told.status == 200 and FORBIDDEN.encode() not in told.body and NICK.encode() not in told.body


@HTTP
@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("database", KINDS)
def test_no_form_gets_past_a_count(
    database: str, name: str, worlds: Worlds, http: Callable[[str], Line]
) -> None:
    world = worlds(database)
    line = http(world.url)
    policy = next(policy for policy in world.policies if policy.name == name)
    refuse_models(world, line, policy)
    expect(world, ask(line, policy, policy.place.batch_asked()), 403, "batch_not_allowed", "a batch")
    if not policy.of_models:
        for asked in policy.place.kept():
            expect(world, ask(line, policy, asked), policy.status, policy.code, (name, asked[:2]))
    line.close()


def refuse_models(world: World, line: Line, policy: Policy) -> None:
    """The forbidden model, by all of its names, in all forms."""
    for route in ROUTES:
        for form in forms(route, line):
            for model in route.names if form.name in ("plain", "a form") else route.names[:1]:
                told = ask(line, policy, put(route, form, model), form.chunked)
                earlier = form.outcome(route.model_may_be_missing)
                refused = (STATUS[earlier], earlier) if earlier else (policy.status, policy.code)
                expect(world, told, *refused, (policy.name, route.path, form.name, model))


@HTTP
def test_what_the_cache_keeps_is_nobodys_who_may_not_ask(world: World, line: Line) -> None:
    place, calls = world.open.place, world.provider.calls
    barred = [policy for policy in world.policies if policy.place is place and policy.name in (*GATES, LISTS[0])]
    assert len(barred) > 12
    place.project.admin.post(f"{place.project.path}/cache", {"enabled": True}).expect(200)
    hits = []
    try:
        for route in ROUTES:
            asked = put(route, route.forms[0], FORBIDDEN)
            told = [ask(line, world.open, asked) for _ in range(2)]
            assert told[0] == told[1] or len(calls) == 2, (route.path, told)
            hits += [route.path] if len(calls) == 1 else []
            calls.clear()
            for policy in barred:
                expect(world, ask(line, policy, asked), policy.status, policy.code, ("kept", policy.name, route.path))
    finally:
        place.project.admin.post(f"{place.project.path}/cache", {"enabled": False}).expect(200)
    assert {"/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/embeddings"} & set(hits), hits


@HTTP
def test_a_key_is_the_same_key_wherever_it_stands(world: World, line: Line) -> None:
    for policy in [world.open, *world.policies]:
        for name, door in DOORS.items():
            if policy.secret is None:
                continue
            told = line.ask("POST", ROUTES[0].path, [*door(policy.secret), JSON], PLAIN.encode())
            if policy is world.open:
                assert told.status == 200, (name, told)
                world.provider.calls.clear()
            else:
                expect(world, told, policy.status, policy.code, (policy.name, name))


SPELLINGS = {
    "a slash behind": lambda path: path + "/",
    "two slashes behind": lambda path: path + "//",
    "two slashes": lambda path: path.replace("/v1/", "/v1//"),
    "two slashes before": lambda path: "/" + path,
    "a dot": lambda path: path.replace("/v1/", "/v1/./"),
    "there and back": lambda path: path.replace("/v1/", "/v1/x/../"),
    "encoded there and back": lambda path: path.replace("/v1/", "/v1/x/%2e%2e/"),
    "out and in": lambda path: "/healthz/.." + path,
    "an encoded slash": lambda path: "/v1/" + path.removeprefix("/v1/").replace("/", "%2f") + "%2f",
    "an encoded letter": lambda path: path[:-1] + f"%{ord(path[-1]):02x}",
    "an encoded root": lambda path: path.replace("/v1", "/%761"),
    "encoded twice": lambda path: path[:-1] + f"%25{ord(path[-1]):02x}",
    "other letters": str.upper,
    "a parameter": lambda path: path + ";x=y",
    "a NUL behind": lambda path: path + "%00",
    "a blank behind": lambda path: path + "%20",
    "a suffix": lambda path: path + ".json",
    "a backslash": lambda path: path.replace("/v1/", "/v1%5c"),
    "no version": lambda path: path.removeprefix("/v1"),
    "another version": lambda path: path.replace("/v1/", "/v2/"),
    "the version twice": lambda path: "/v1" + path,
    "under administration": lambda path: "/v1/organization" + path.removeprefix("/v1"),
}


@HTTP
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_only_the_address_itself_leads_anywhere(spelling: str, world: World, line: Line) -> None:
    for route in ROUTES:
        told = line.ask("POST", SPELLINGS[spelling](route.path), [*world.open.headers, JSON], PLAIN.encode())
        assert told.status in (400, 401, 403, 404, 405), (route.path, told)
        assert told.code is not None, (route.path, told)
        assert world.provider.calls == [], (route.path, world.provider.calls)


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "Post", "SEARCH"]


@HTTP
def test_only_its_methods_do_anything(world: World, line: Line) -> None:
    places = [("POST", route.path) for route in ROUTES]
    places += [(method, target) for method, target, _, _ in [*world.open.place.kept(), *models_asked()]]
    known = {target.split("?")[0]: {m for m, t in places if t == target} for _, target in places}
    known["/v1/batches"].add("POST")
    for target, taken in known.items():
        for method in METHODS:
            if method not in taken:
                headers: Lines = [*world.open.headers, JSON, ("X-HTTP-Method-Override", "POST")]
                told = line.ask(method, target, headers, PLAIN.encode())
                assert told.status == 405, (method, target, told)
                assert world.provider.calls == [], (method, target)


@HTTP
def test_a_browser_that_asks_first_gets_nothing_done(world: World, line: Line) -> None:
    for route in ROUTES:
        asking = [*world.open.headers, JSON, ("Origin", FOREIGN_ORIGIN), ("Access-Control-Request-Method", "POST")]
        told = line.ask("OPTIONS", route.path, asking, PLAIN.encode())
        assert (told.status, told.body) == (204, b"")
        assert world.provider.calls == []


def test_each_dialect_is_refused_in_its_words(world: World) -> None:
    for policy in world.policies:
        for route in ROUTES:
            headers, body = route.forms[0].write(FORBIDDEN)
            answer = send(world.url, "POST", route.path, body, dict([*policy.headers, *headers]))
            expect_envelope(answer.expect(policy.status, policy.code), route.path)
