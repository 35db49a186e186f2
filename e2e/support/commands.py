"""The command line against a running server, as a script uses it."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from .admin import Admin
from .keyward import run

DONE, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 3
"""Exit codes."""


@dataclass(frozen=True)
class Commands:
    """Commands with an organization's admin key."""

    admin: Admin

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        done = run(
            arguments,
            given,
            {
                "KEYWARD_URL": self.admin.url,
                "KEYWARD_ADMIN_KEY": self.admin.organization.admin_key,
            },
        )
        for text in (done.stdout, done.stderr):
            self.admin.secrets.refuse_in(text.encode(), f"what {arguments[:2]} says")
        return done

    def json(self, *arguments: str, given: str = "") -> Any:
        """What a command that works prints for scripts."""
        done = self.run(*arguments, "--json", given=given)
        assert done.returncode == DONE, done.stderr
        return json.loads(done.stdout)

    def refused(self, *arguments: str, given: str = "", code: int = REFUSED) -> str:
        """What a command that doesn't work says to people; scripts get nothing."""
        done = self.run(*arguments, given=given)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert done.stdout == ""
        return done.stderr
