"""Every page of the console, as an owner and as a viewer see it: accessible in both themes and
on a telephone, within its frame, and without a link that would be refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.admin import Admin, Project
from support.browser import Chromium, Tab, accessibility_faults, chromium
from support.databases import fresh_database
from support.keyward import Installation, installation
from support.waiting import eventually
from support.wire import json_headers, send

OWNER, VIEWER = "owner@example.com", "viewer@example.com"
LONG = "A very long name of a project that nobody would have called so if they had thought of tables"
RIGHT_TO_LEFT = "مشروع الإنتاج"
PAGES = (
    "/projects",
    "/projects?search=nothing-like-it",
    "/projects/new",
    "{project}",
    "{project}/edit",
    "{project}/deactivate",
    "{project}/revoke-all",
    "{project}/api-keys",
    "{project}/api-keys/new",
    "{project}/api-keys/{key}",
    "{project}/api-keys/{key}/rotate",
    "{project}/api-keys/{key}/delete",
    "{project}/credentials",
    "{project}/credentials/new",
    "{project}/usage",
    "{project}/usage/decisions?request_id=req_nothing",
    "{project}/manage/users",
    "{project}/manage/users/{viewer}",
    "{project}/manage/users/{viewer}/remove",
    "{project}/manage/users/invitations",
    "{project}/manage/groups/{group}",
    "{project}/manage/service-accounts",
    "{project}/manage/service-accounts/new",
    "{project}/manage/service-accounts/{account}",
    "{project}/manage/service-accounts/{account}/api-keys",
    "{project}/manage/service-accounts/{account}/delete",
    "{project}/manage/cache",
    "{project}/manage/cache/purge",
    "{project}/manage/model-aliases",
    "{project}/manage/model-aliases/new",
    "{project}/manage/model-aliases/{alias}",
    "{project}/manage/model-aliases/{alias}/delete",
    "{project}/manage/limits",
    "{project}/manage/limits/new",
    "{project}/manage/limits/{limit}",
    "{project}/manage/limits/{limit}/delete",
    "{project}/manage/budgets",
    "{project}/manage/budgets/new",
    "{project}/manage/budgets/{budget}",
    "{project}/manage/budgets/{budget}/delete",
    "{project}/manage/spend-alerts",
    "{project}/manage/spend-alerts/new",
    "{project}/manage/spend-alerts/{alert}",
    "{project}/manage/spend-alerts/{alert}/delete",
    "{project}/manage/roles",
    "{project}/manage/roles/permissions",
    "{project}/manage/audit",
    "{project}/manage/retention",
    "{project}/manage/api-keys",
    "/organization/users",
    "/organization/groups",
    "/organization/roles",
    "/organization/roles/permissions",
    "/organization/roles/new",
    "/organization/credentials",
    "/organization/credentials/new",
    "/organization/admin-keys",
    "/organization/sso",
    "/organization/retention",
    "/organization/usage",
    "/organization/usage/decisions",
    "/organization/usage/decisions?request_id={request}",
    "/organization/budgets",
    "/organization/budgets/new",
    "/organization/spend-alerts",
    "/organization/spend-alerts/new",
    "/organization/prices",
    "/organization/prices/new",
    "/organization/audit",
    "/organization/audit/verify",
    "/organization/settings",
    "/account",
    "/account/password",
    "/account/second-factor",
    "/styleguide",
    "/guide/projects",
    "/guide/api-keys",
    "/nothing/here",
)


class House:
    """An installation with something of everything in it."""

    def __init__(self, installed: Installation, admin: Admin, browser: Chromium) -> None:
        self.installed, self.admin, self.browser = installed, admin, browser
        self.password = next(
            secret for secret, what in installed.secrets.known.items() if what == "the owner's password"
        )
        self.project = admin.create_project(LONG)
        admin.create_project(RIGHT_TO_LEFT)
        self.project.create_credential("demo")
        self.key = self.project.create_key("Worker", environment="production")
        for number in range(30):
            self.project.create_key(f"Key {number}")
        self.viewer_password = self.add_viewer(self.project)
        self.account = self.made(f"{self.project.path}/service_accounts", {"name": LONG})
        self.group = self.made("/v1/organization/groups", {"name": RIGHT_TO_LEFT})
        self.made("/v1/organization/groups", {"name": "Not in the project"})
        limit = {"model": "gpt-4o*", "requests_per_minute": 60, "tokens_per_minute": 100_000}
        self.limit = self.made(f"{self.project.path}/limits", limit)
        self.budget = self.made(f"{self.project.path}/budgets", {"amount": "25.00", "time_zone": "Europe/Berlin"})
        self.request = self.called(server_url=admin.url)
        channel = {"type": "email", "recipients": ["ada@example.com", f"{'long' * 15}@example.com"], "subject_prefix": LONG[:100]}
        alert = {"threshold_amount": 2500, "currency": "USD", "interval": "month", "notification_channel": channel}
        self.alert = self.made(f"{self.project.path}/spend_alerts", alert)
        targets = [{"model": "openai/gpt-4o", "weight": 3}, {"model": LONG, "priority": 1}]
        self.alias = self.made(f"{self.project.path}/model_aliases", {"name": "smart", "targets": targets})
        admin.post(f"{self.project.path}/groups", {"group_id": self.group, "role": "viewer"}).expect(200)
        grant = {"id": self.project.id, "role": "member"}
        invited = {"email": "invited@example.com", "role": "reader", "projects": [grant]}
        url = admin.post("/v1/organization/invites", invited).expect(200).json["url"]
        installed.secrets.add(url.rsplit("/", 1)[1], "an invitation")

    def made(self, path: str, body: dict[str, Any]) -> str:
        """The id of something new."""
        answer = self.admin.post(path, body).expect(200).json
        if key := answer.get("api_key"):
            self.installed.secrets.add(key["value"], "an API key")
        return answer["id"]

    def called(self, server_url: str) -> str:
        """The id of a call that a budget was asked for."""
        body = {"model": "demo-small", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello!"}]}
        sent = json.dumps(body).encode()
        answer = send(server_url, "POST", "/v1/chat/completions", sent, json_headers(self.key.value))
        return answer.header("x-request-id") or "none"

    def add_viewer(self, project: Project) -> str:
        made = self.admin.post("/v1/organization/invites", {"email": VIEWER, "role": "reader"}).expect(200).json
        token = self.installed.secrets.add(made["url"].rsplit("/", 1)[1], "an invitation")
        password = self.installed.secrets.make("", "the viewer's password")
        body = {"token": token, "name": "Vera", "password": password}
        self.admin.post("/v1/auth/invitations/accept", body)
        users: list[Any] = self.admin.get("/v1/organization/users", limit=100).expect(200).json["data"]
        user = next(user["id"] for user in users if user["email"] == VIEWER)
        self.admin.post(f"{project.path}/users", {"user_id": user, "role": "viewer"}).expect(200)
        self.viewer = user
        return password

    def path(self, page: str) -> str:
        return page.format(
            project=f"/projects/{self.project.id}",
            key=self.key.id,
            viewer=self.viewer,
            group=self.group,
            account=self.account,
            limit=self.limit,
            budget=self.budget,
            alert=self.alert,
            alias=self.alias,
            request=self.request,
        )

    def owner(self, **options: Any) -> Tab:
        tab = self.browser.person(**options)
        tab.sign_in(OWNER, self.password)
        return tab


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with fresh_database("sqlite") as database:
        with installation(tmp_path_factory.mktemp("pages"), database) as made:
            organization = made.init()
            server = made.start()
            with chromium(server.url) as browser:
                yield House(made, Admin(server.url, organization, made.secrets), browser)


PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.mark.parametrize(
    "look",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"color_scheme": "light"} | PHONE],
    ids=["light", "dark", "phone"],
)
def test_every_page_is_accessible_and_stays_within_its_frame(house: House, look: dict[str, Any]) -> None:
    tab = house.owner(**look)
    tab.expects(404)
    faults = []
    for page in PAGES:
        path = house.path(page)
        tab.go(path)
        faults += accessibility_faults(tab.page)
        overflow = tab.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if overflow > 0:
            faults.append(f"{path} is {overflow} pixels wider than its window")
    assert faults == [], "\n".join(faults)


def test_pages_of_strangers_are_accessible(house: House) -> None:
    for scheme in ("light", "dark"):
        tab = house.browser.person(color_scheme=scheme)
        tab.expects(404)
        faults = []
        for path in ("/login", "/forgot", "/setup", "/invitation/unknown", "/password-reset/unknown"):
            tab.go(path)
            faults += accessibility_faults(tab.page)
        assert faults == [], scheme


def links(tab: Tab) -> set[str]:
    """Where the links of a page lead, as far as they stay here."""
    hrefs: list[str] = tab.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    here = {urlsplit(href) for href in hrefs if href.startswith(tab.url)}
    return {part.path + (f"?{part.query}" if part.query else "") for part in here}


def test_a_viewer_sees_no_link_that_would_be_refused(house: House) -> None:
    tab = house.browser.person()
    tab.sign_in(VIEWER, house.viewer_password)
    seen: set[str] = set()
    waiting = {"/projects"}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = tab.page.request.get(tab.url + path)
        assert answer.status == 200, f"{path}: {answer.status} {answer.text()[:300]}"
        if "text/html" not in answer.headers["content-type"]:
            continue
        tab.go(path)
        # One page of each kind: lists lead on to themselves with other filters.
        waiting |= {link for link in links(tab) if "?" not in link} - seen
        for form in tab.page.locator("main form[method=post]").all():
            action = form.get_attribute("action") or ""
            assert action.startswith(("/account", "/logout")) or action.endswith(("/bulk", "/columns")), f"{path} offers {action}"
    assert f"/projects/{house.project.id}/api-keys" in seen
    assert not any(path.startswith("/organization/") and path != "/organization/settings" for path in seen), seen


@pytest.mark.parametrize("script", [True, False])
def test_the_audit_log_is_proven_on_a_page(house: House, script: bool) -> None:
    tab = house.owner(java_script_enabled=script)
    tab.go("/organization/audit")
    tab.press("Verify")
    tab.at("/organization/audit/verify")
    tab.press("Verify now")
    tab.page.get_by_text("Nobody touched this log.").wait_for()
    assert "Public key" in tab.text()
    if script:
        assert accessibility_faults(tab.page) == []


def test_what_a_viewer_is_denied_is_in_the_audit_log(house: House) -> None:
    tab = house.browser.person()
    tab.sign_in(VIEWER, house.viewer_password)
    path = house.path("{project}/deactivate")
    answer = tab.page.request.post(tab.url + path, form={}, headers={"Origin": tab.url})
    assert answer.status == 403, answer.text()[:300]
    told = "POST /projects/{project_id}/deactivate"
    eventually(
        "the denial is in the audit log",
        lambda: any(told in json.dumps(event) for event in house.admin.audit(**{"event_types[]": "access.denied"})),
    )


def test_pages_are_light(house: House) -> None:
    tab = house.owner()
    page = tab.page

    def loaded(path: str) -> int:
        """Bytes on the wire for a page and what it loads."""
        answers.clear()
        tab.go(path)
        page.wait_for_load_state("networkidle")
        return weight(answers)

    def weight(answers: list[Any]) -> int:
        return sum(int(answer.request.sizes()["responseBodySize"]) for answer in answers)

    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))
    fresh = house.browser.person()
    first: list[Any] = []
    fresh.page.on("response", lambda answer: first.append(answer))
    fresh.sign_in(OWNER, house.password)
    fresh.page.wait_for_load_state("networkidle")
    assert weight(first) <= 150_000
    for path in PAGES[:-1]:
        assert loaded(house.path(path)) <= 20_000, path


SHIFTS = """() => new Promise((done) => {
    const moved = [];
    new PerformanceObserver((list) => moved.push(...list.getEntries().map((shift) => shift.value)))
        .observe({type: "layout-shift", buffered: true});
    requestAnimationFrame(() => requestAnimationFrame(() => done(moved)));
})"""
"""How far things moved since the page was first drawn."""


def test_nothing_moves_while_a_page_is_built(house: House) -> None:
    tab = house.owner()
    tab.expects(404)
    moved = {}
    for page in PAGES:
        tab.go(house.path(page))
        tab.page.wait_for_load_state("networkidle")
        if shifts := tab.page.evaluate(SHIFTS):
            moved[page] = shifts
    assert moved == {}


SNAPSHOTS = Path(__file__).parent / "aria"


def test_pages_say_to_a_reader_what_they_show(house: House) -> None:
    """The names, roles and states that assistive technology is told, page by page."""
    tab = house.owner()
    for name, path in (("login", "/login"), ("projects-new", "/projects/new"), ("key-new", "{project}/api-keys/new")):
        page = tab.page
        if name == "login":
            page = house.browser.person().page
        page.goto(tab.url + house.path(path))
        shown = page.locator("main").aria_snapshot().replace(LONG, "PROJECT")
        shown = shown.replace(house.project.id, "PROJECT_ID")
        expected = (SNAPSHOTS / f"{name}.yml").read_text()
        assert shown.strip() == expected.strip(), json.dumps(shown)
