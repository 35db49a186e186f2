"""People who come in, and their own accounts, in a real browser: from the link of a fresh
installation to a second factor."""

import base64
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.browser import Chromium, Tab, chromium
from support.databases import fresh_database
from support.keyward import Installation, installation
from support.waiting import eventually
from support.wire import bearer, send

ADA, BOB = "ada@example.com", "bob@example.com"
HOSTILE = "<img src=x onerror=alert(1)>\"'&"
LINK = re.compile(r"^  (http://\S+/setup/(\S+))$", re.MULTILINE)


@dataclass
class House:
    """A fresh installation, and a browser in front of it."""

    installed: Installation
    browser: Chromium
    link: str
    """Where its first organization is made."""

    def password(self, whose: str) -> str:
        return self.installed.secrets.make("", f"the password of {whose}")

    def owner(self) -> Tab:
        """Somebody who has made the organization and is signed in."""
        tab = self.browser.person()
        set_up(tab, self, self.password(ADA))
        tab.at("/projects")
        return tab


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with fresh_database("sqlite") as database, installation(tmp_path / "home", database) as made:
        server = made.start()
        found = eventually("the link is printed", lambda: LINK.search(server.output.read_text()))
        made.secrets.add(found[2], "the link that sets it up")
        with chromium(server.url) as browser:
            yield House(made, browser, f"/setup/{found[2]}")


def set_up(tab: Tab, house: House, password: str, name: str = "Acme") -> None:
    tab.go(house.link)
    tab.fill(organization=name, name="Ada", email=ADA)
    tab.fill(password=password, password_again=password)
    tab.press("Create Organization")


def invite(tab: Tab, house: House, email: str) -> str:
    """The path of a new invitation."""
    asked = """async (email) => (await (await fetch("/v1/organization/invites", {
        method: "POST", headers: {"content-type": "application/json"},
        body: JSON.stringify({email, role: "reader"})})).json()).url"""
    token = tab.page.evaluate(asked, email).rsplit("/", 1)[1]
    return f"/invitation/{house.installed.secrets.add(token, 'an invitation')}"


def code(secret: str, later: int = 0) -> str:
    """What an authenticator app shows so many seconds from now."""
    step = struct.pack(">Q", (int(time.time()) + later) // 30)
    digest = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
    at = digest[-1] & 15
    number: int = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def test_a_fresh_installation_is_set_up_with_an_admin_key(house: House) -> None:
    tab = house.browser.person()
    tab.go("/")
    tab.at("/setup")
    assert "keyward init" in tab.text()
    tab.go(house.link)
    tab.expects(400)
    tab.fill(organization=HOSTILE, email=ADA, password="short", password_again="short")
    tab.press("Create Organization")
    tab.page.locator("#password-error").wait_for()
    assert tab.page.evaluate("document.activeElement.id") == "password"
    assert tab.page.locator("#organization").input_value() == HOSTILE
    tab.page.get_by_label("Also make an admin key").check()
    password = house.password(ADA)
    tab.fill(password=password, password_again=password)
    tab.press("Create Organization")
    key = tab.page.locator("#secret").inner_text()
    house.installed.secrets.add(key, "an admin key")
    with tab.page.expect_download() as downloaded:
        tab.press("Download .env")
    assert f"KEYWARD_ADMIN_KEY={key}\n" in Path(downloaded.value.path()).read_text()
    tab.press("Continue to the projects")
    tab.at("/projects")
    assert tab.asked == [], "the key was saved: nothing is asked"
    send(tab.url, "GET", "/v1/organization/projects", headers=bearer(key)).expect(200)
    tab.expects(404)
    tab.go(house.link)
    assert "set up already" in tab.text()


def test_an_invited_person_comes_in_without_a_script(house: House) -> None:
    owner = house.owner()
    link = invite(owner, house, BOB)
    owner.go(link)
    assert f"signed in as {ADA}" in owner.text()
    tab = house.browser.person(java_script_enabled=False, viewport={"width": 390, "height": 800})
    tab.go(link)
    password = house.password(BOB)
    tab.fill(name=HOSTILE, password=password, password_again=password)
    tab.press("Accept Invitation")
    tab.at("/projects")
    assert "You are a member of Acme now." in tab.told()
    tab.go("/account")
    assert tab.page.locator("#name").input_value() == HOSTILE
    tab.page.locator("#theme").select_option("dark")
    tab.press("Save Theme")
    assert tab.page.locator("html").get_attribute("data-theme") == "dark"
    tab.press("Change Password")
    other = house.password(f"{BOB}, later")
    tab.fill(current_password=password, new_password=other, password_again=other)
    tab.press("Change Password")
    assert "has been changed" in tab.told()


def test_a_second_factor_is_asked_for_and_a_device_signed_out(house: House) -> None:
    password = house.password(ADA)
    tab = house.browser.person()
    set_up(tab, house, password)
    tab.at("/projects")
    tab.go("/account")
    tab.press("Set Up Second Factor")
    tab.fill(password=password)
    tab.press("Continue")
    tab.page.locator(".qr-code").wait_for()
    secret = house.installed.secrets.add(tab.page.locator("#secret").inner_text(), "a TOTP secret")
    tab.fill(code=code(secret))
    tab.press("Turn On")
    tab.page.get_by_role("heading", name="Recovery codes").wait_for()
    recovery = tab.page.locator("pre").inner_text().split()
    assert len(recovery) == 10
    with tab.page.expect_download() as downloaded:
        tab.press("Download")
    assert "\n".join(recovery) in Path(downloaded.value.path()).read_text()
    tab.press("Done")
    tab.page.get_by_text("You have 10 recovery codes left").wait_for()
    assert tab.asked == []

    phone = house.browser.person()
    phone.expects(401)
    phone.go("/login")
    phone.fill(email=ADA, password=password)
    phone.press("Sign in")
    phone.page.locator("#code").wait_for()
    phone.fill(password=password, code=code(secret, later=30))
    phone.press("Sign in")
    phone.at("/projects")

    tab.page.reload()
    tab.page.locator("td.actions").get_by_role("link", name="Sign Out").click()
    tab.confirm()
    assert "is signed out" in tab.told()
    phone.go("/account")
    phone.at("/login")
