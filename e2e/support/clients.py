"""The official SDKs, unchanged: only the address and the key are Keyward's."""

from contextlib import ExitStack
from types import TracebackType
from typing import Any

from anthropic import Anthropic
from openai import OpenAI

TIMEOUT = 30.0


class Clients:
    """Makes clients of a server, and closes them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._made = ExitStack()

    def openai(self, key: str, **settings: Any) -> OpenAI:
        """Tries once, unless told otherwise."""
        settings = {"max_retries": 0, "timeout": TIMEOUT, **settings}
        return self._made.enter_context(OpenAI(base_url=f"{self.url}/v1", api_key=key, **settings))

    def openai_admin(self, admin_key: str) -> OpenAI:
        return self._made.enter_context(
            OpenAI(
                base_url=f"{self.url}/v1", admin_api_key=admin_key, max_retries=0, timeout=TIMEOUT
            )
        )

    def anthropic(self, key: str, **settings: Any) -> Anthropic:
        """Tries once, unless told otherwise."""
        settings = {"max_retries": 0, "timeout": TIMEOUT, **settings}
        return self._made.enter_context(Anthropic(base_url=self.url, api_key=key, **settings))

    def __enter__(self) -> "Clients":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._made.close()
