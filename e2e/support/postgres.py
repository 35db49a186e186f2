"""A PostgreSQL of a test's own, to stop, freeze and start again."""

import os
import secrets as randomness
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from .databases import Database

PROGRAMS = max(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None
)
"""The newest installed server's programs."""

SETTINGS = "-c listen_addresses=127.0.0.1 -c max_connections=100 -c fsync=off -c autovacuum=off"


def postgres_programs() -> Path:
    assert PROGRAMS is not None, "no PostgreSQL server: install the package postgresql"
    return PROGRAMS


class Cluster:
    """A cluster in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.password = randomness.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        password = home / "password"
        password.write_text(self.password)
        if os.getuid() == 0:
            for path in (home, password):
                shutil.chown(path, "postgres")
        self._run(
            *("initdb", "--username=keyward", f"--pwfile={password}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        )

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(postgres_programs() / program), f"--pgdata={self.home}/data", *arguments]
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            command = ["runuser", "-u", "postgres", "--", *command]
        # Not into pipes: the server would hold them open.
        with (self.home / "commands.log").open("ab") as log:
            subprocess.run(command, stdout=log, stderr=log, cwd="/", timeout=60, check=True)

    def start(self) -> None:
        options = f"{SETTINGS} -c port={self.port} -c unix_socket_directories={self.home}"
        self._run("pg_ctl", "start", "--wait", f"--log={self.home}/log", f"--options={options}")

    def stop(self) -> None:
        """As a power cut does."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def processes(self) -> list[int]:
        """The server's own, and one for each connection."""
        server = int((self.home / "data/postmaster.pid").read_text().split()[0])
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(server)], capture_output=True, text=True, check=False
        )
        return [server, *(int(pid) for pid in listed.stdout.split())]

    @contextmanager
    def down(self) -> Iterator[None]:
        """Stopped while the block runs."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Silent while the block runs: connections stand, and nobody answers."""
        stopped = self.processes()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def fresh_database(self) -> Database:
        """A database that nobody has used."""
        url = f"postgres://keyward:{self.password}@127.0.0.1:{self.port}/"
        name = f"keyward_{randomness.token_hex(8)}"
        with psycopg.connect(f"{url}postgres", autocommit=True) as superuser:
            superuser.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return Database(url=url + name)


@contextmanager
def private_cluster() -> Iterator[Cluster]:
    """A cluster that runs, gone afterwards."""
    # Short: a socket's path may have no more than 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="keyward-pg-", dir="/tmp"))
    try:
        cluster = Cluster(home)
        cluster.start()
        try:
            yield cluster
        finally:
            if (home / "data/postmaster.pid").exists():
                cluster.stop()
    finally:
        shutil.rmtree(home)
