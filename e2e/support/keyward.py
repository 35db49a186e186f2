"""The program under test: set up, started, and stopped as an operator does it."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .databases import Database, files_below
from .secrets import Secrets
from .waiting import eventually
from .wire import send

BINARY = os.environ.get("KEYWARD_BINARY", "")
DRAINED_WITHIN = 40.0
"""Calls in flight may take thirty seconds to end, then the process ends."""
SETTINGS = {"KEYWARD_ALLOW_PRIVATE_UPSTREAMS": "true", "KEYWARD_LOG_LEVEL": "debug"}
GREETING = re.compile(r"^Keyward is serving at (https?://\S+)$", re.MULTILINE)


def run(
    arguments: Sequence[str],
    given: str = "",
    environment: dict[str, str] | None = None,
    directory: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs the program to its end."""
    assert BINARY, "KEYWARD_BINARY must hold the path of the built program"
    return subprocess.run(
        [BINARY, *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(environment),
        cwd=directory,
        check=False,
    )


def clean_environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment without settings for Keyward or the SDKs.

    Everything is logged, so that a secret in any line would be found.
    """
    foreign = ("KEYWARD_", "OPENAI_", "ANTHROPIC_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | SETTINGS | (more or {})


@dataclass(frozen=True)
class Organization:
    """An organization and the first admin key of it."""

    id: str
    user_id: str
    admin_key: str = field(repr=False)


@dataclass
class Server:
    """A serving process."""

    process: subprocess.Popen[bytes]
    output: Path
    """What it prints."""
    log: Path

    @property
    def url(self) -> str:
        """Where it serves, as it says itself."""
        return eventually("the server tells its address", self.told_address, within=30)

    def told_address(self) -> str | None:
        found = GREETING.search(self.output.read_text())
        assert found or self.process.poll() is None, f"it ended: {self.log.read_text()}"
        return found[1] if found else None

    def is_ready(self) -> bool:
        return send(self.url, "GET", "/readyz").status == 200

    def terminate(self) -> int:
        """Asks it to stop, and answers with what it ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DRAINED_WITHIN)

    def kill(self) -> None:
        """Ends it as a power cut does."""
        self.process.kill()
        self.process.wait()


@dataclass
class Installation:
    """A data directory with its database, and the processes that serve it."""

    home: Path
    database: Database
    secrets: Secrets
    environment: dict[str, str] = field(default_factory=dict)
    servers: list[Server] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def master_key(self) -> Path:
        return self.data / "master.key"

    def flags(self) -> list[str]:
        return ["--data-dir", str(self.data), *self.database.flags()]

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command on this installation."""
        return run([*arguments, *self.flags()], given, self.environment, self.home)

    def init(self, name: str = "Acme", email: str = "owner@example.com") -> Organization:
        """Makes an organization."""
        password = self.secrets.make("", "the owner's password")
        made = self.run(
            *("init", "--organization", name, "--email", email, "--password-stdin", "--json"),
            given=password + "\n",
        )
        assert made.returncode == 0, made.stderr
        answer: dict[str, Any] = json.loads(made.stdout)
        self.secrets.add(answer["admin_key"], "an admin key")
        if self.master_key.exists():
            self.secrets.add(self.master_key.read_text().strip(), "the master key")
        return Organization(answer["organization_id"], answer["user_id"], answer["admin_key"])

    def start(self, *more: str) -> Server:
        """Starts a server and waits until it is ready."""
        server = self.spawn(*more)
        eventually("the server is ready", server.is_ready, within=30)
        return server

    def spawn(self, *more: str) -> Server:
        """Starts a server without waiting for it."""
        assert BINARY, "KEYWARD_BINARY must hold the path of the built program"
        number = len(self.servers)
        output, log = self.home / f"serve-{number}.out", self.home / f"serve-{number}.log"
        with output.open("wb") as out, log.open("wb") as err:
            process = subprocess.Popen(
                [BINARY, "serve", "--listen", "127.0.0.1:0", *self.flags(), *more],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=clean_environment(self.environment),
                cwd=self.home,
            )
        server = Server(process, output, log)
        self.servers.append(server)
        return server

    def refuse_secrets(self, only_new: bool = False) -> None:
        """Fails when a secret stands in a log, a file or the database."""
        for path in files_below(self.home):
            # Where secrets belong: in the master key's file, and on the terminal of
            # whoever starts the demo.
            if path.name != self.master_key.name and path.suffix != ".out":
                where = str(path.relative_to(self.home))
                self.secrets.refuse_in(path.read_bytes(), where, only_new)
        for table, rows in self.database.dump():
            self.secrets.refuse_in(rows, f"the table {table}", only_new)

    def stop(self) -> None:
        """Stops what still runs; each must drain and end well."""
        running = [server for server in self.servers if server.process.poll() is None]
        for server in running:
            server.process.send_signal(signal.SIGTERM)
        codes = [end(server) for server in running]
        assert codes == [0] * len(codes), [server.log.read_text() for server in running]


def end(server: Server) -> int | str:
    try:
        return server.process.wait(DRAINED_WITHIN)
    except subprocess.TimeoutExpired:
        server.kill()
        return "killed: it didn't end"


@contextmanager
def installation(home: Path, database: Database) -> Iterator[Installation]:
    """An installation, its servers stopped and its secrets looked for afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    installed = Installation(home, database, Secrets())
    try:
        yield installed
    finally:
        installed.stop()
        installed.refuse_secrets()
