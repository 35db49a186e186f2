"""What the scripted provider says: answers of both dialects, with oddities that only an
untouched copy keeps (spaces, fields that nobody knows, numbers in unusual spellings)."""

import json
from typing import Any

from .provider import Exchange

INPUT_TOKENS = 11
OUTPUT_TOKENS = 7

CHAT = (
    b'{ "id":"chatcmpl-odd", "object":"chat.completion","created":1700000000,'
    b'  "model":"gpt-test","x_unknown":{"kept":[1,2.50,1e2]},'
    b'"choices":[{"index":0,"message":{"role":"assistant","content":"h\\u00e9llo"},'
    b'"logprobs":null,"finish_reason":"stop"}],\n"usage":{"prompt_tokens":11,'
    b'"completion_tokens":7,"total_tokens":18} }\n'
)

COMPLETION = (
    b'{"id":"cmpl-odd", "object":"text_completion","created":1700000000,"model":"gpt-test",'
    b'"choices":[{"text":"hello","index":0,"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}'
)

EMBEDDINGS = (
    b'{"object":"list", "data":[{"object":"embedding","index":0,"embedding":[0.5,-0.25,1e-3]}],'
    b'"model":"embed-test","usage":{"prompt_tokens":11,"total_tokens":11}}'
)

RESPONSE: dict[str, Any] = {
    "id": "resp_odd",
    "object": "response",
    "created_at": 1700000000,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "model": "gpt-test",
    "output": [
        {
            "type": "message",
            "id": "msg_odd",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "hello", "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "usage": {
        "input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    },
}

MESSAGE = (
    b'{"id":"msg_odd", "type":"message","role":"assistant","model":"claude-test",'
    b'"content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn",'
    b'"stop_sequence":null,"x_unknown":null,"usage":{"input_tokens":11,"output_tokens":7}}'
)


def event(data: dict[str, Any], name: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def chat_chunk(content: str | None, finish: str | None = None) -> bytes:
    """One event of a streamed chat."""
    delta = {} if content is None else {"content": content}
    return event(
        {
            "id": "chatcmpl-odd",
            "object": "chat.completion.chunk",
            "created": 1700000000,
            "model": "gpt-test",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
    )


CHAT_USAGE = event(
    {
        "id": "chatcmpl-odd",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "gpt-test",
        "choices": [],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }
)

DONE = b"data: [DONE]\n\n"


def chat_frames(include_usage: bool) -> list[bytes]:
    """A whole streamed chat that says "hello"."""
    words = [chat_chunk("hel"), chat_chunk("lo"), chat_chunk(None, "stop")]
    return [*words, *([CHAT_USAGE] if include_usage else []), DONE]


def response_frames() -> list[bytes]:
    """A streamed response that says "hello"."""
    begun = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
    deltas: list[dict[str, Any]] = [
        {"type": "response.created", "sequence_number": 0, "response": begun},
        {
            "type": "response.output_text.delta",
            "sequence_number": 1,
            "item_id": "msg_odd",
            "output_index": 0,
            "content_index": 0,
            "delta": "hello",
            "logprobs": [],
        },
        {"type": "response.completed", "sequence_number": 2, "response": RESPONSE},
    ]
    return [event(data, data["type"]) for data in deltas]


def message_frames() -> list[bytes]:
    """A streamed message that says "hello"."""
    message = json.loads(MESSAGE) | {"content": [], "stop_reason": None}
    message["usage"] = {"input_tokens": INPUT_TOKENS, "output_tokens": 1}
    text = {"type": "text", "text": ""}
    delta = {"type": "text_delta", "text": "hello"}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": text},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": OUTPUT_TOKENS},
        },
        {"type": "message_stop"},
    ]
    return [event(data, data["type"]) for data in events]


def stream(frames: list[bytes], exchange: Exchange) -> None:
    exchange.begin_stream()
    for frame in frames:
        exchange.frame(frame)
    exchange.end_stream()


def behave(exchange: Exchange) -> None:
    """A provider in good health."""
    asked = exchange.request.json
    wants_stream = bool(asked.get("stream"))
    match exchange.request.path.split("?")[0].removeprefix("/v1"):
        case "/chat/completions" if wants_stream:
            options = asked.get("stream_options") or {}
            stream(chat_frames(bool(options.get("include_usage"))), exchange)
        case "/chat/completions":
            exchange.answer(CHAT, headers=(("x-odd", "kept"),))
        case "/completions":
            exchange.answer(COMPLETION)
        case "/embeddings":
            exchange.answer(EMBEDDINGS)
        case "/responses" if wants_stream:
            stream(response_frames(), exchange)
        case "/responses":
            exchange.answer(json.dumps(RESPONSE).encode())
        case "/messages" if wants_stream:
            stream(message_frames(), exchange)
        case "/messages":
            exchange.answer(MESSAGE)
        case path:
            exchange.answer(json.dumps({"error": {"message": f"no {path}"}}).encode(), 404)


def refuse(status: int, body: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> Any:
    """The script of a provider that refuses every call."""
    return lambda exchange: exchange.answer(json.dumps(body).encode(), status, headers=headers)


def refusal(message: str = "The provider says no.") -> dict[str, Any]:
    """OpenAI's envelope, as a provider fills it."""
    return {"error": {"message": message, "type": "provider_kind", "param": None, "code": "odd"}}
