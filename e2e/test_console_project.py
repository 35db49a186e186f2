"""Who and what is in a project, in a real browser: people with several roles, groups, and
service accounts with their keys."""

from collections.abc import Iterator

import pytest

from support.admin import Admin, Project
from support.browser import Chromium, Tab, chromium
from support.databases import fresh_database
from support.keyward import Installation, installation
from support.wire import Answer, send

OWNER = "owner@example.com"
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Admin]]:
    with fresh_database("sqlite") as database:
        with installation(tmp_path_factory.mktemp("project"), database) as made:
            organization = made.init()
            server = made.start()
            yield made, Admin(server.url, organization, made.secrets)


@pytest.fixture
def browser(house: tuple[Installation, Admin]) -> Iterator[Chromium]:
    with chromium(house[1].url) as made:
        yield made


@pytest.fixture
def tab(browser: Chromium, house: tuple[Installation, Admin]) -> Tab:
    known = house[0].secrets.known.items()
    made = browser.person()
    made.sign_in(OWNER, next(secret for secret, what in known if what == "the owner's password"))
    return made


@pytest.fixture
def project(house: tuple[Installation, Admin]) -> Project:
    made = house[1].create_project()
    made.create_credential("demo")
    return made


def says(tab: Tab, text: str) -> None:
    """Waits until the message in the corner says so: the one before may still be there."""
    tab.page.locator("[data-toast]", has_text=text).wait_for()


def call(tab: Tab, key: str) -> Answer:
    body = b'{"model": "demo-small", "messages": [{"role": "user", "content": "Hello!"}]}'
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return send(tab.url, "POST", "/v1/chat/completions", body, headers)


def test_a_service_account_gets_keys_and_loses_them_when_it_is_deleted(
    tab: Tab, house: tuple[Installation, Admin], project: Project
) -> None:
    secrets = house[0].secrets
    tab.go(f"/projects/{project.id}")
    tab.press("Manage", within="header")
    tab.press("Service accounts")
    tab.press("New service account")
    tab.fill(name=HOSTILE)
    tab.page.select_option("#expires", "2592000")
    tab.press("Create service account")
    first = secrets.add(tab.page.locator("#secret").inner_text(), "the account's first key")
    assert "Important: copy this key now, it will not be shown again." in tab.text()
    tab.press("Done")
    tab.at(f"/projects/{project.id}/manage/service-accounts/*")
    assert tab.asked == ["This will not be shown again, and you haven't copied it. Leave anyway?"]
    assert first not in tab.page.content() and HOSTILE in tab.text()

    tab.press("Create an API key")
    tab.fill(name="Second")
    tab.press("Create API Key")
    second = secrets.add(tab.page.locator("#secret").inner_text(), "the account's second key")
    tab.press("Done")
    tab.at(f"/projects/{project.id}/manage/service-accounts/*")
    assert tab.page.locator("tbody tr").count() == 2
    for key in (first, second):
        call(tab, key).expect(200)
    tab.fill(name="Nightly")
    tab.press("Rename")
    says(tab, "is called Nightly now")
    tab.go(f"/projects/{project.id}/api-keys")
    tab.page.get_by_role("link", name="Nightly (service account)").first.click()
    tab.at(f"/projects/{project.id}/manage/service-accounts/*")

    tab.press("Delete service account")
    assert "All its API keys are revoked at once" in tab.page.locator("dialog[open]").inner_text()
    tab.confirm("Nightly")
    says(tab, "has been deleted; 2 API keys were revoked.")
    assert "No service account yet" in tab.text()
    for key in (first, second):
        assert call(tab, key).expect(401).json["error"]["code"] == "api_key_revoked"


def test_a_group_is_added_to_a_project_and_its_roles_are_given_one_by_one(
    tab: Tab, house: tuple[Installation, Admin], project: Project
) -> None:
    admin = house[1]
    group = admin.post("/v1/organization/groups", {"name": HOSTILE}).expect(200).json["id"]
    held = f"/v1/projects/{project.id}/groups/{group}/roles"

    def roles() -> list[str]:
        return sorted(role["name"] for role in admin.get(held).expect(200).json["data"])

    tab.go(f"/projects/{project.id}/manage/users")
    tab.page.select_option("#group_id", label=HOSTILE)
    tab.page.select_option("#group_role", label="Project Viewer")
    tab.press("Add group")
    says(tab, f"The group {HOSTILE} has been added")
    tab.press(HOSTILE)
    tab.at(f"/projects/{project.id}/manage/groups/{group}")
    tab.page.select_option("#role_id", label="Project Admin")
    tab.press("Give")
    says(tab, "holds the role Project Admin in this project now")
    assert roles() == ["Project Admin", "Project Viewer"]
    tab.press("Take away the role Project Viewer")
    tab.confirm()
    says(tab, "The role has been taken")
    assert roles() == ["Project Admin"]
    tab.press("Remove from the project")
    tab.confirm()
    says(tab, "has been removed from the project")
    assert "No group holds a role in this project." in tab.text()


def test_a_person_holds_several_roles_in_a_project(
    tab: Tab, house: tuple[Installation, Admin], project: Project
) -> None:
    installed, admin = house
    invited = admin.post("/v1/organization/invites", {"email": "bob@example.com", "role": "reader"}).expect(200).json
    token = installed.secrets.add(invited["url"].rsplit("/", 1)[1], "an invitation")
    password = installed.secrets.make("", "Bob's password")
    admin.post("/v1/auth/invitations/accept", {"token": token, "name": HOSTILE, "password": password})

    tab.go(f"/projects/{project.id}/manage/users")
    tab.fill(email="bob@example.com")
    tab.page.select_option("#role", label="Project Viewer")
    tab.press("Add")
    says(tab, "has been added to the project")
    tab.press(HOSTILE)
    tab.at(f"/projects/{project.id}/manage/users/*")
    page = tab.page
    assert "given directly" in page.get_by_role("row", name="Project Viewer").inner_text()
    page.select_option("#role_id", label="Project Member")
    tab.press("Give")
    says(tab, "holds the role Project Member in this project now")
    tab.press("Take away the role Project Viewer")
    tab.confirm()
    says(tab, "The role has been taken")
    assert page.get_by_role("row", name="Project Viewer").count() == 0
    page.select_option("#role", label="Project Admin")
    tab.press("Save")
    says(tab, "has been updated")
    assert page.get_by_role("row", name="Project Member").count() == 0
    tab.press("Take away the role Project Admin")
    assert "It is the only role" in page.locator("dialog[open]").inner_text()
    tab.confirm()
    tab.at(f"/projects/{project.id}/manage/users")
    assert "Nobody holds a role in this project alone." in tab.text()


def test_an_administrator_of_a_project_finds_the_invitations_they_sent(
    browser: Chromium, tab: Tab, house: tuple[Installation, Admin], project: Project
) -> None:
    installed, admin = house
    grant = {"id": project.id, "role": "owner"}
    body = {"email": "carla@example.com", "role": "reader", "projects": [grant]}
    invited = admin.post("/v1/organization/invites", body).expect(200).json
    token = installed.secrets.add(invited["url"].rsplit("/", 1)[1], "an invitation")
    password = installed.secrets.make("", "Carla's password")
    admin.post("/v1/auth/invitations/accept", {"token": token, "name": "Carla", "password": password})
    carla = browser.person()
    carla.sign_in("carla@example.com", password)
    carla.go(f"/projects/{project.id}/manage/users")
    carla.fill(email="dan@example.com")
    carla.press("Add")
    link = carla.page.locator(".secret code").inner_text()
    first = installed.secrets.add(link.rsplit("/", 1)[1], "an invitation")
    carla.press("Invitations into this project")
    carla.at(f"/projects/{project.id}/manage/users/invitations")
    assert "dan@example.com" in carla.text()
    carla.press("Send again the invitation of dan@example.com")
    carla.press("Send again")
    second = carla.page.locator("#secret").inner_text().rsplit("/", 1)[1]
    installed.secrets.add(second, "an invitation")
    assert first != second
    carla.press("Done")
    carla.at(f"/projects/{project.id}/manage/users/invitations")
    carla.press("Revoke the invitation of dan@example.com")
    carla.confirm()
    says(carla, "has been revoked")
    assert "Revoked" in carla.text()
