"""What every refusal looks like."""

from .wire import Answer


def expect_envelope(answer: Answer, path: str) -> None:
    """An error in the shape of the path's dialect, with an id to ask about it."""
    assert (answer.header("x-request-id") or "").startswith("req_")
    assert answer.header("content-type") == "application/json"
    error = answer.json["error"]
    if path.startswith("/v1/messages"):
        assert answer.json["type"] == "error"
        assert error.keys() == {"type", "message", "code"}
    else:
        assert answer.json.keys() == {"error"}
        assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
