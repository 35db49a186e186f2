"""Every secret that a test has seen, and looking for them where none may be (promise 1)."""

import base64
import secrets as randomness
from dataclasses import dataclass, field


@dataclass
class Secrets:
    """Secrets, each with where it came from."""

    known: dict[str, str] = field(default_factory=dict)
    new: dict[str, str] = field(default_factory=dict)
    """Those that were added since the last `rest`."""

    def add(self, secret: str, what: str) -> str:
        """Remembers a secret and answers it."""
        assert len(secret) >= 16, "too short to be told from other text"
        self.known[secret] = self.new[secret] = what
        return secret

    def make(self, prefix: str, what: str) -> str:
        """Draws and remembers a new one."""
        return self.add(prefix + randomness.token_hex(20), what)

    def refuse_in(self, data: bytes, where: str, only_new: bool = False) -> None:
        """Fails when a secret, or a common spelling of it, stands in `data`."""
        for secret, what in (self.new if only_new else self.known).items():
            for spelling, text in spellings(secret).items():
                assert text not in data, f"{where} holds {what} ({spelling})"

    def rest(self) -> None:
        """From here on, what was added until now isn't new."""
        self.new.clear()


def spellings(secret: str) -> dict[str, bytes]:
    """How a secret may stand in a file."""
    plain = secret.encode()
    encoded = base64.b64encode(plain)
    return {
        "plain": plain,
        "hexadecimal": plain.hex().encode(),
        # Its last characters depend on what follows.
        "base64": encoded[: len(encoded) // 4 * 4 - 4],
    }
