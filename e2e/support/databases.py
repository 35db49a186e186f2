"""The two databases that Keyward keeps its things in, one fresh one for each installation."""

import os
import secrets as randomness
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

POSTGRES = os.environ.get("KEYWARD_TEST_POSTGRES", "")
"""URL of a superuser; without one only SQLite is tested."""

KINDS = ("sqlite", "postgres") if POSTGRES else ("sqlite",)


@dataclass(frozen=True)
class Database:
    """Where an installation's tables are."""

    url: str | None = field(repr=False)
    """`None`: in a file in the data directory."""

    @property
    def is_shared(self) -> bool:
        """Whether several processes may use it at once."""
        return self.url is not None

    def flags(self) -> list[str]:
        """What the program is started with."""
        return [] if self.url is None else ["--database-url", self.url]

    def dump(self) -> Iterator[tuple[str, bytes]]:
        """Each table's rows as text (of PostgreSQL; SQLite's file is looked at itself)."""
        if self.url is None:
            return
        with psycopg.connect(self.url) as connection:
            named = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            ).fetchall()
            for (table,) in named:
                query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
                rows = connection.execute(query).fetchall()
                yield table, "\n".join(row for (row,) in rows).encode()


@contextmanager
def fresh_database(kind: str) -> Iterator[Database]:
    """A database that nobody has used, gone afterwards."""
    if kind == "sqlite":
        yield Database(url=None)
        return
    name = f"keyward_e2e_{randomness.token_hex(8)}"
    with psycopg.connect(POSTGRES, autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield Database(url=urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{name}")))
        finally:
            superuser.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def files_below(folder: Path) -> Iterator[Path]:
    """Every file under a folder."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
