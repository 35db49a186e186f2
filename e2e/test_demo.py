"""`keyward serve --demo`: what it prints works as pasted."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from support.keyward import Installation, Server, clean_environment
from support.waiting import eventually

CURL = re.compile(r"^curl (?:.*\\\n)*.*$", re.MULTILINE)
PYTHON = re.compile(r"^from openai import OpenAI\n.*?(?=\n\n\Z|\Z)", re.MULTILINE | re.DOTALL)
KEY = re.compile(r"sk-(?:project|admin)-\w+")


@pytest.fixture
def demo(fresh: Installation) -> Iterator[Server]:
    server = fresh.spawn("--demo")
    eventually("the demo is ready", server.is_ready, within=30)
    for secret in KEY.findall(server.output.read_text()):
        fresh.secrets.add(secret, "a key of the demo")
    yield server


def printed(pattern: re.Pattern[str], server: Server) -> str:
    text = server.output.read_text()
    found = pattern.search(text)
    assert found, f"nothing like it in: {text}"
    return found[0]


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

    again = fresh.spawn("--demo")
    eventually("the demo is ready", again.is_ready, within=30)
    for secret in KEY.findall(again.output.read_text()):
        fresh.secrets.add(secret, "a key of the demo")
    command = printed(CURL, again)

    assert command != before
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    assert "You said: Hello!" in done.stdout
