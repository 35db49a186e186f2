"""A real Chromium on the console. Whatever a browser complains about fails the test: errors
in its console, what the content policy stops, requests that break off."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, sync_playwright

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


class Tab:
    """One page of one person's browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.expected: set[int] = set()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("requestfailed", lambda request: self._broke_off(request))
        page.on("dialog", self._answer)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        refused = REFUSED.match(message.text)
        if not (refused and int(refused[1]) in self.expected):
            self.complaints.append(f"{message.type}: {message.text}")

    def _broke_off(self, request: Any) -> None:
        # A download leaves the page where it is: the browser calls that aborted.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.method} {request.url}: {request.failure}")

    def _answer(self, dialog: Dialog) -> None:
        self.asked.append(dialog.message)
        dialog.accept()

    def expects(self, *statuses: int) -> None:
        """From here on, answers with these statuses are part of the story."""
        self.expected |= set(statuses)

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def at(self, path: str) -> None:
        """Waits until the page is there; `*` stands for anything but a slash."""
        pattern = re.escape(self.url + path).replace(r"\*", "[^/?]*")
        self.page.wait_for_url(re.compile(f"^{pattern}([?].*)?$"))

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"#{name}").fill(value)

    def press(self, name: str, within: str = "main") -> None:
        """Presses the button or link of that name."""
        area = self.page.locator(within)
        area.get_by_role("button", name=name, exact=True).or_(area.get_by_role("link", name=name, exact=True)).first.click()

    def confirm(self, typed: str | None = None) -> None:
        """Answers the question in the dialog."""
        dialog = self.page.locator("dialog[open]")
        dialog.wait_for()
        if typed is not None:
            dialog.locator("#typed").fill(typed)
        dialog.locator("form button").last.click()

    def told(self) -> str:
        """What the message in the corner says."""
        toast = self.page.locator("[data-toast]")
        toast.wait_for()
        return toast.inner_text()

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def sign_in(self, email: str, password: str) -> None:
        self.go("/login")
        self.fill(email=email, password=password)
        self.press("Sign in")
        self.at("/projects")

    def refuse_complaints(self) -> None:
        assert self.complaints == []


class Chromium:
    """A browser; each person has a window of their own."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser, self.url = browser, url
        self.contexts: list[BrowserContext] = []
        self.tabs: list[Tab] = []

    def person(self, **options: Any) -> Tab:
        """A browser without cookies."""
        context = self.browser.new_context(**options)
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        return self.beside(context)

    def beside(self, context: BrowserContext) -> Tab:
        """One more page of the same browser."""
        tab = Tab(context.new_page(), self.url)
        self.tabs.append(tab)
        return tab


@contextmanager
def chromium(url: str) -> Iterator[Chromium]:
    """Runs Chromium; at the end no page may have complained."""
    program = shutil.which("chromium")
    assert program, "Chromium isn't installed"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        made = Chromium(browser, url)
        yield made
        for tab in made.tabs:
            tab.refuse_complaints()
        browser.close()


AXE = Path(os.environ.get("KEYWARD_NODE", ".")) / "node_modules/axe-core/axe.min.js"
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds wrong with a page."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"async () => (await axe.run(document, {RULES})).violations")
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:200]} ({page.url})" for fault in found]
