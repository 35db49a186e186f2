"""`keyward serve --demo`: what it prints works as pasted."""

import re
import subprocess
import sys
from urllib.parse import urlencode

import pytest

from support.keyward import Installation, Server, clean_environment
from support.waiting import eventually
from support.wire import send

CURL = re.compile(r"^curl (?:.*\\\n)*.*$", re.MULTILINE)
PYTHON = re.compile(r"^from openai import OpenAI\n.*^print\(\)$", re.MULTILINE | re.DOTALL)
KEY = re.compile(r"sk-(?:project|admin)-\w+")
CONSOLE = re.compile(r"^Its console for people is at (http://\S+)/$", re.MULTILINE)
SIGN_IN = re.compile(r"^  (\S+@\S+)\n  ([0-9a-f]{32})$", re.MULTILINE)


@pytest.fixture
def demo(fresh: Installation) -> Server:
    return start(fresh)


def start(fresh: Installation) -> Server:
    server = fresh.start("--demo")
    printed(PYTHON, server)
    for secret in KEY.findall(server.output.read_text()):
        fresh.secrets.add(secret, "a key of the demo")
    for _, password in SIGN_IN.findall(server.output.read_text()):
        fresh.secrets.add(password, "the password of the demo's owner")
    return server


def printed(pattern: re.Pattern[str], server: Server) -> str:
    def look() -> str | None:
        found = pattern.search(server.output.read_text())
        return found[0] if found else None

    return eventually("it is printed", look)


def test_the_curl_works_as_pasted(demo: Server) -> None:
    command = printed(CURL, demo)

    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )

    assert "You said: Hello!" in done.stdout


def test_the_python_snippet_works_as_pasted(demo: Server) -> None:
    snippet = printed(PYTHON, demo)

    done = subprocess.run(
        [sys.executable, "-c", snippet],
        capture_output=True,
        text=True,
        timeout=30,
        env=clean_environment(),
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "You said: Hello!\n"


def test_a_second_start_works_as_pasted_too(fresh: Installation, demo: Server) -> None:
    before = printed(CURL, demo)
    assert demo.terminate() == 0

    command = printed(CURL, start(fresh))

    assert command != before
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    assert "You said: Hello!" in done.stdout


def test_a_newcomer_signs_in_to_the_console(fresh: Installation, demo: Server) -> None:
    console = CONSOLE.search(demo.output.read_text())
    assert console
    assert console[1] == demo.url
    found = SIGN_IN.search(demo.output.read_text())
    assert found
    form = urlencode({"email": found[1], "password": found[2]}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}

    answer = send(demo.url, "POST", "/login", form, kind).expect(303)

    assert (answer.header("set-cookie") or "").startswith("__Host-keyward=")
    assert demo.terminate() == 0
    again = start(fresh)
    assert not SIGN_IN.search(again.output.read_text())
    assert CONSOLE.search(again.output.read_text())
