"""Several processes on one PostgreSQL."""

from .keyward import Installation


def beside(first: Installation, name: str) -> Installation:
    """Another machine's installation on the same database, with the same master key."""
    home = first.home / name
    other = Installation(home, first.database, first.secrets, dict(first.environment))
    other.data.mkdir(parents=True, mode=0o700)
    if first.master_key.exists():
        other.master_key.write_text(first.master_key.read_text())
        other.master_key.chmod(0o600)
    return other
