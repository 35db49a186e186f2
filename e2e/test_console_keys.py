"""API keys and projects in the console, as somebody uses them in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.admin import Admin
from support.browser import Chromium, Tab, chromium
from support.databases import fresh_database
from support.keyward import Installation, installation
from support.wire import send

EMAIL = "owner@example.com"
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Admin]]:
    with fresh_database("sqlite") as database:
        with installation(tmp_path_factory.mktemp("console"), database) as made:
            organization = made.init()
            server = made.start()
            yield made, Admin(server.url, organization, made.secrets)


@pytest.fixture(scope="module")
def password(house: tuple[Installation, Admin]) -> str:
    return next(s for s, what in house[0].secrets.known.items() if what == "the owner's password")


@pytest.fixture
def browser(house: tuple[Installation, Admin]) -> Iterator[Chromium]:
    with chromium(house[1].url) as made:
        yield made


@pytest.fixture
def tab(browser: Chromium, password: str) -> Tab:
    made = browser.person()
    made.sign_in(EMAIL, password)
    return made


def test_a_project_and_a_key_are_made_and_the_snippet_works(
    tab: Tab, house: tuple[Installation, Admin]
) -> None:
    page = tab.page
    tab.press("New Project")
    tab.at("/projects/new")
    tab.fill(name="Production API", description="Answers customers")
    page.select_option("#provider", "demo")
    tab.press("Create Project")
    assert "The project Production API has been created." in tab.told()
    tab.press("Create an API key")
    tab.fill(name="CI pipeline", max_requests="2")
    tab.press("Create API Key")
    page.locator("#secret").wait_for()
    assert "Important: copy this key now, it will not be shown again." in tab.text()
    key = house[0].secrets.add(page.locator("#secret").inner_text(), "an API key")
    for snippet in page.locator(".snippet pre").all():
        assert key in snippet.inner_text()
    with page.expect_download() as downloaded:
        tab.press("Download .env")
    path = downloaded.value.path()
    assert f"OPENAI_API_KEY={key}\n" in Path(path).read_text()
    tab.press("Done")
    assert tab.asked == [], "the key was saved: nothing is asked"
    body = b'{"model": "demo-small", "messages": [{"role": "user", "content": "Hello!"}]}'
    call = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    send(tab.url, "POST", "/v1/chat/completions", body, call).expect(200)
    page.reload()
    row = page.locator("tbody tr")
    assert "CI pipeline" in row.inner_text() and "1 / 2" in row.inner_text()
    assert key not in page.content()


def test_leaving_an_unsaved_key_asks(tab: Tab, house: tuple[Installation, Admin]) -> None:
    project = house[1].create_project()
    tab.go(f"/projects/{project.id}/api-keys/new")
    tab.fill(name="Unsaved")
    tab.press("Create API Key")
    tab.page.locator("#secret").wait_for()
    house[0].secrets.add(tab.page.locator("#secret").inner_text(), "an API key")
    tab.press("Done")
    tab.at(f"/projects/{project.id}/api-keys")
    assert tab.asked == ["This will not be shown again, and you haven't copied it. Leave anyway?"]


def test_each_state_of_a_key_is_asked_for_and_in_force(
    tab: Tab, house: tuple[Installation, Admin]
) -> None:
    project = house[1].create_project()
    project.create_credential("demo")
    key = project.create_key("Worker")
    page = tab.page

    def status() -> str:
        return key.read()["status"]

    def choose(action: str) -> None:
        tab.go(f"/projects/{project.id}/api-keys")
        page.locator("tbody details.menu summary").click()
        page.locator(".menu-items").get_by_text(action, exact=True).click()
        page.locator("dialog[open]").wait_for()

    choose("Disable")
    assert "Disabling a key immediately blocks every call that uses it." in page.locator("dialog[open]").inner_text()
    page.keyboard.press("Escape")
    assert status() == "active", "dismissed"
    choose("Disable")
    page.locator("dialog[open]").get_by_text("Cancel").click()
    assert status() == "active"
    choose("Disable")
    tab.confirm()
    assert "is disabled" in tab.told()
    assert status() == "disabled"
    choose("Enable")
    tab.confirm()
    assert "is active" in tab.told()
    tab.expects(400)
    choose("Revoke")
    tab.confirm("Not its name")
    page.locator("dialog[open] .error").wait_for()
    assert status() == "active"
    tab.confirm("Worker")
    assert "is revoked" in tab.told()
    assert status() == "revoked"
    choose("Delete")
    tab.confirm("Worker")
    assert "has been deleted" in tab.told()
    assert "No API key has been created on this project." in tab.text()


def test_a_key_is_regenerated_with_an_overlap(tab: Tab, house: tuple[Installation, Admin]) -> None:
    project = house[1].create_project()
    key = project.create_key("Rotated")
    tab.go(f"/projects/{project.id}/api-keys/{key.id}")
    tab.press("Regenerate")
    tab.page.select_option("#overlap", "3600")
    tab.press("Regenerate")
    tab.page.locator("#secret").wait_for()
    house[0].secrets.add(tab.page.locator("#secret").inner_text(), "an API key")
    assert "The key before works in 1 hour for the last time." in tab.text()
    tab.press("Done")
    tab.go(f"/projects/{project.id}/api-keys/{key.id}")
    assert "stops working in 1 hour" in tab.text()


def test_two_who_edit_one_project_are_told_and_keep_their_text(
    tab: Tab, house: tuple[Installation, Admin]
) -> None:
    project = house[1].create_project("Shared")
    tab.go(f"/projects/{project.id}/edit")
    tab.fill(description="What I typed")
    house[1].post(project.path, {"description": "What they typed"}).expect(200)
    tab.expects(412)
    tab.press("Save Changes")
    tab.page.get_by_text("Somebody else changed this project").wait_for()
    assert "What they typed" in tab.text()
    assert tab.page.locator("#description").input_value() == "What I typed"
    tab.press("Save Changes")
    assert "The project has been updated." in tab.told()
    assert project.read()["description"] == "What I typed"


def test_a_form_outlives_the_session(
    browser: Chromium, tab: Tab, password: str, house: tuple[Installation, Admin]
) -> None:
    project = house[1].create_project("Kept")
    tab.go(f"/projects/{project.id}/edit")
    tab.fill(description="A long thought")
    tab.page.context.clear_cookies()
    tab.expects(401)
    tab.press("Save Changes")
    tab.page.get_by_role("heading", name="You were signed out").wait_for()
    with tab.page.context.expect_page() as opened:
        tab.press("Sign in")
    beside = opened.value
    beside.locator("#email").fill(EMAIL)
    beside.locator("#password").fill(password)
    beside.get_by_role("button", name="Sign in").click()
    beside.get_by_role("heading", name="You are signed in").wait_for()
    tab.press("Send again")
    assert "The project has been updated." in tab.told()
    assert project.read()["description"] == "A long thought"


def test_hostile_names_are_text(tab: Tab, house: tuple[Installation, Admin]) -> None:
    project = house[1].create_project(HOSTILE)
    key = project.create_key(HOSTILE)
    for path in (
        "/projects",
        f"/projects/{project.id}",
        f"/projects/{project.id}/edit",
        f"/projects/{project.id}/deactivate",
        f"/projects/{project.id}/api-keys",
        f"/projects/{project.id}/api-keys/{key.id}",
        f"/projects/{project.id}/api-keys/{key.id}/delete",
        "/organization/audit",
    ):
        tab.go(path)
        assert tab.page.locator("img[src=x]").count() == 0, path
        assert "onerror=alert(1)" in tab.page.content().replace("&quot;", '"'), path
    assert tab.asked == []


def test_everything_works_without_a_script(browser: Chromium, password: str) -> None:
    tab = browser.person(java_script_enabled=False)
    tab.sign_in(EMAIL, password)
    tab.press("New Project")
    tab.fill(name="Without a script")
    tab.page.get_by_label("Add it later").check()
    tab.press("Create Project")
    assert "has been created" in tab.told()
    tab.press("Create an API key")
    tab.fill(name="Plain")
    tab.press("Create API Key")
    tab.press("Done")
    tab.press("Plain")
    tab.press("Disable")
    tab.at("/projects/*/api-keys/*/disable")
    tab.press("Disable")
    assert "is disabled" in tab.told()
    tab.page.get_by_role("combobox", name="Status").select_option("disabled")
    tab.press("Search")
    assert "Plain" in tab.text()


@pytest.mark.parametrize("script", [True, False])
def test_the_columns_of_the_keys_are_chosen_and_remembered(
    browser: Chromium, password: str, house: tuple[Installation, Admin], script: bool
) -> None:
    tab = browser.person(java_script_enabled=script)
    tab.sign_in(EMAIL, password)
    first, second = house[1].create_project(), house[1].create_project()
    for project in (first, second):
        project.create_key("Chosen")
    tab.go(f"/projects/{first.id}/api-keys?sort=name")
    heads = tab.page.locator("thead")
    assert "Scopes and limits" in heads.inner_text() and "ID" not in heads.inner_text().split()
    # By keyboard alone, from the menu to the button.
    tab.page.get_by_text("Columns", exact=True).focus()
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Space")
    tab.page.get_by_label("Scopes and limits").uncheck()
    tab.page.get_by_role("button", name="Show these").press("Enter")
    tab.page.get_by_role("columnheader", name="ID", exact=True).wait_for()
    tab.at(f"/projects/{first.id}/api-keys")
    assert tab.page.url.endswith("?sort=name"), "the order stays"
    assert "Scopes and limits" not in heads.inner_text()
    tab.go(f"/projects/{second.id}/api-keys")
    assert "key_" in tab.text() and "Scopes and limits" not in heads.inner_text()
    if script:
        tab.page.get_by_text("Columns", exact=True).click()
        tab.page.keyboard.press("Escape")
        assert tab.page.locator(".menu-panel").is_hidden()
    tab.page.get_by_text("Columns", exact=True).click()
    tab.press("The usual ones")
    tab.page.get_by_role("columnheader", name="Scopes and limits").wait_for()
    assert tab.page.get_by_role("columnheader", name="ID", exact=True).count() == 0


def test_the_console_is_used_by_keyboard_alone(tab: Tab, house: tuple[Installation, Admin]) -> None:
    page = tab.page
    page.keyboard.press("n")
    tab.at("/projects/new")
    page.locator("#name").wait_for()
    assert page.evaluate("document.activeElement.id") == "name"
    page.keyboard.type("By keyboard")
    tab.expects(400)
    page.keyboard.press("Enter")
    page.get_by_text("Give the provider's API key").wait_for()
    assert page.evaluate("document.activeElement.id") == "provider_key", "where something is wrong"
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.get_by_role("heading", name="Projects", exact=True).wait_for()
    page.keyboard.press("/")
    page.keyboard.type("nothing like it")
    page.keyboard.press("Enter")
    page.get_by_text("No project matches").wait_for()
    page.locator("h1").click()
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keyboard").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
