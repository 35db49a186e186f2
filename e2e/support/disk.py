"""Disks that are full, and have room again."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from .keyward import Server


class Disk(Protocol):
    """Where an installation's files are."""

    home: Path

    def fill(self, server: Server) -> None:
        """Leaves no room."""

    def empty(self, server: Server) -> None:
        """Makes room again."""


class SmallDisk:
    """A file system of its own, a few megabytes large. Mounting takes root."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def fill(self, server: Server) -> None:
        with (self.home / "ballast").open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                pass

    def empty(self, server: Server) -> None:
        (self.home / "ballast").unlink()


class SmallFiles:
    """The process may write no further than the beginning of any file: for it, every
    disk is full."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def fill(self, server: Server) -> None:
        self._limit(server, 1)

    def empty(self, server: Server) -> None:
        self._limit(server, resource.RLIM_INFINITY)

    def _limit(self, server: Server, size: int) -> None:
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def small_disk(home: Path) -> Iterator[SmallDisk]:
    home.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(home)], check=True)
    try:
        yield SmallDisk(home)
    finally:
        subprocess.run(["umount", str(home)], check=True)
