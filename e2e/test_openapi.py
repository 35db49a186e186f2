"""The API's description of itself, held against what is there."""

import re

from support.admin import Admin
from support.wire import Answer, bearer, send

PARAMETER = re.compile(r"\{\w+\}")


def operations(admin: Admin, *, public: bool = True) -> list[tuple[str, str]]:
    """Every described operation: its method, and its path with ids that name nothing."""
    document = send(admin.url, "GET", "/openapi.json").expect(200).json
    assert document["openapi"].startswith("3.1")
    found = [
        (method.upper(), PARAMETER.sub("x", path))
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if method in ("get", "post", "delete", "put", "patch")
        and (public or described["x-permission"] != "none")
    ]
    assert len(found) > 30
    return found


def test_every_described_operation_is_there_and_closed_to_strangers(admin: Admin) -> None:
    key = "sk-project-" + "a" * 49
    closed = operations(admin, public=False)
    assert len(closed) > 100

    for method, path in closed:
        for headers in ({}, bearer(key)):
            answer: Answer = send(admin.url, method, path, None, headers)
            # What is a person's own wants them signed in, not a key.
            own = not headers and path.startswith("/v1/account")
            code = "not_signed_in" if own else "invalid_api_key"
            assert (answer.status, answer.code) == (401, code), (method, path)


def test_no_described_operation_is_an_unknown_address(admin: Admin) -> None:
    administration = [one for one in operations(admin) if one[1].startswith("/v1/organization")]

    for method, path in administration:
        answer = send(admin.url, method, path, None, admin.headers())
        assert answer.status != 404 or answer.code != "unknown_url", (method, path)


def test_no_operation_falls_over_an_empty_body(admin: Admin) -> None:
    for method, path in operations(admin):
        answer = send(admin.url, method, path, b"", admin.headers())
        assert answer.status < 500, (method, path, answer.body)
