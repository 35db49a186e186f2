"""The whole story in a real browser: somebody who has never seen Keyward sets it up, hands
out a key that works, invites a colleague; and half a year later an unused key is found."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

from support.answers import behave
from support.browser import Tab, chromium
from support.databases import fresh_database
from support.keyward import Installation, clean_environment, installation
from support.provider import scripted_provider
from support.waiting import eventually

ADA, BOB = "ada@example.com", "bob@example.com"
LINK = re.compile(r"http://\S+(/setup/(\S+))$", re.MULTILINE)
HALF_A_YEAR = 182 * 24 * 3600 * 1000
"""In milliseconds, as the database keeps time."""


def set_up(tab: Tab, installed: Installation, link: str) -> None:
    password = installed.secrets.make("", "the first owner's password")
    tab.go(link)
    tab.fill(organization="Acme", name="Ada", email=ADA, password=password, password_again=password)
    tab.press("Create Organization")
    tab.at("/projects")


def make_project(tab: Tab, key: str, base_url: str) -> None:
    tab.press("New Project")
    tab.fill(name="Production API")
    tab.page.select_option("#provider", "openai_compatible")
    tab.fill(provider_key=key, base_url=base_url)
    tab.press("Create Project")
    assert "The project Production API has been created." in tab.told()


def make_key(tab: Tab, installed: Installation, name: str) -> str:
    """Makes a key and copies the Python snippet with it; answers the snippet."""
    tab.press("Create an API key")
    tab.fill(name=name)
    tab.press("Create API Key")
    tab.page.locator("#secret").wait_for()
    installed.secrets.add(tab.page.locator("#secret").inner_text(), f"the API key {name}")
    snippet = tab.page.locator(".field", has=tab.page.get_by_role("heading", name="Python"))
    snippet.get_by_role("button", name="Copy").click()
    copied: str = tab.page.evaluate("navigator.clipboard.readText()")
    tab.press("Done")
    assert tab.asked == [], "it was copied: nothing is asked"
    return copied


def pasted(snippet: str, url: str) -> "subprocess.CompletedProcess[str]":
    """What the snippet does in a program of its own."""
    # The tests' servers take any free port, which only the socket knows.
    snippet = snippet.replace("http://127.0.0.1:0/", f"{url}/")
    return subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, timeout=60, env=clean_environment(), check=False
    )


def invite(tab: Tab, installed: Installation) -> str:
    """Invites Bob into the project; answers where his link leads."""
    tab.press("Users", within="nav[aria-label=Organization]")
    tab.press("Invite")
    tab.fill(email=BOB)
    tab.page.get_by_label("Role in Production API").select_option(label="Project Admin")
    tab.press("Invite")
    tab.page.get_by_role("heading", name=f"Invitation for {BOB}").wait_for()
    token = tab.page.locator("#secret").inner_text().rsplit("/", 1)[1]
    return f"/invitation/{installed.secrets.add(token, 'an invitation')}"


def accept(tab: Tab, installed: Installation, link: str) -> str:
    """Bob comes in; answers his password."""
    password = installed.secrets.make("", "Bob's password")
    tab.go(link)
    assert "Acme" in tab.text()
    tab.fill(name="Bob", password=password, password_again=password)
    tab.press("Accept Invitation")
    tab.at("/projects")
    assert "Production API" in tab.text()
    return password


def let_half_a_year_pass(file: Path) -> None:
    """Moves what keys were made and used at into the past."""
    with sqlite3.connect(file) as database:
        database.execute("UPDATE api_keys SET created_at = created_at - ?", [HALF_A_YEAR])
        database.execute("UPDATE api_key_usage SET last_used_at = last_used_at - ?", [HALF_A_YEAR])
    database.close()


def disable_the_unused(tab: Tab) -> None:
    tab.page.get_by_role("link", name="Production API").first.click()
    tab.press("API keys", within="nav[aria-label=Project]")
    tab.page.get_by_role("heading", name="API keys").wait_for()
    tab.page.get_by_role("combobox", name="Last used").select_option(label="Not used for 90 days")
    rows = tab.page.locator("tbody tr")
    eventually("the used one is left out", lambda: rows.count() == 1)
    assert "Migration script" in rows.inner_text() and "6 months ago" in rows.inner_text(), rows.inner_text()
    tab.page.get_by_role("checkbox", name="Select Migration script").check()
    tab.press("Disable")
    assert "Migration script" in tab.text()
    tab.press("Disable")
    assert "1 API key was disabled." in tab.told()


def test_from_the_first_page_to_a_key_that_nobody_uses(tmp_path: Path) -> None:
    with fresh_database("sqlite") as database, installation(tmp_path / "home", database) as installed:
        secret = installed.secrets.make("sk-", "a provider's secret")
        with scripted_provider(behave, secret) as provider:
            server = installed.start()
            link = eventually("the link is printed", lambda: LINK.search(server.output.read_text()))
            installed.secrets.add(link[2], "the link that sets it up")
            with chromium(server.url) as browser:
                ada = browser.person(permissions=["clipboard-read", "clipboard-write"])
                set_up(ada, installed, link[1])
                make_project(ada, secret, provider.base_url)
                worker = make_key(ada, installed, "Worker")
                script = make_key(ada, installed, "Migration script")
                for snippet in (worker, script):
                    answered = pasted(snippet, server.url)
                    assert answered.stdout == "héllo\n", answered.stderr
                password = accept(browser.person(), installed, invite(ada, installed))

            assert server.terminate() == 0
            let_half_a_year_pass(installed.data / "keyward.db")
            later = installed.start()
            with chromium(later.url) as browser:
                assert pasted(worker, later.url).returncode == 0
                bob = browser.person()
                bob.sign_in(BOB, password)
                disable_the_unused(bob)
                assert pasted(worker, later.url).returncode == 0
                refused = pasted(script, later.url)
                assert "This API key is disabled." in refused.stderr, refused.stdout
                bob.press("Manage", within="nav[aria-label=Project]")
                bob.press("Audit")
                bob.page.get_by_text("api_key.updated").first.wait_for()
                assert BOB in bob.text()
