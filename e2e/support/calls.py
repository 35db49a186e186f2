"""A call of an application, in one line."""

from .admin import Admin, Key, Project
from .provider import Provider
from .wire import Answer, Headers, json_headers, send

CHAT = "/v1/chat/completions"
SAY_HELLO = b'{"model":"demo-small","messages":[{"role":"user","content":"Hello there!"}]}'


def chat(
    key: Key | str, url: str, body: bytes = SAY_HELLO, headers: Headers | None = None
) -> Answer:
    """One chat with this key, not streamed."""
    secret = key if isinstance(key, str) else key.value
    return send(url, "POST", CHAT, body, json_headers(secret) | dict(headers or {}))


def ask_for(model: str) -> bytes:
    """The body of a chat with a model."""
    return SAY_HELLO.replace(b"demo-small", model.encode())


def project_at(admin: Admin, provider: Provider) -> Project:
    """A project whose calls go to that provider."""
    made = admin.create_project()
    made.create_credential("openai", api_key=provider.secret, base_url=provider.base_url)
    return made
