//! Anthropic's messages
//! (<https://docs.anthropic.com/en/api/messages-streaming>).

use serde_json::{Value, json};

use super::{
    Call, Shape, event,
    refusal::Refusal,
    reply::End,
    request::{Ask, Request},
};

pub(super) struct Messages(pub(super) Call);

pub(super) fn read(request: &Request) -> Result<Ask, Refusal> {
    let limit = request.positive("max_tokens")?.ok_or_else(|| Refusal::missing("max_tokens"))?;
    request.conversation("messages", request.get("system"), Some(limit))
}

fn stop_reason(end: End) -> &'static str {
    if end.truncated { "max_tokens" } else { "end_turn" }
}

fn typed_event(data: &Value) -> String {
    event(data.get("type").and_then(Value::as_str), data)
}

impl Messages {
    fn message(&self, content: Value, stop_reason: Option<&str>, output_tokens: u64) -> Value {
        json!({
            "id": format!("msg_{}", self.0.id),
            "type": "message",
            "role": "assistant",
            "model": self.0.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": null,
            "usage": {
                "input_tokens": self.0.input_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": output_tokens,
                "service_tier": "standard",
            },
        })
    }
}

impl Shape for Messages {
    fn whole(&self, text: &str, end: End) -> Value {
        self.message(json!([{"type": "text", "text": text}]), Some(stop_reason(end)), end.output_tokens)
    }

    fn head(&mut self) -> String {
        [
            json!({"type": "message_start", "message": self.message(json!([]), None, 1)}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "ping"}),
        ]
        .iter()
        .map(typed_event)
        .collect()
    }

    fn word(&mut self, word: &str) -> String {
        typed_event(&json!({
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": word},
        }))
    }

    fn tail(&mut self, end: End) -> String {
        [
            json!({"type": "content_block_stop", "index": 0}),
            json!({
                "type": "message_delta",
                "delta": {"stop_reason": stop_reason(end), "stop_sequence": null},
                "usage": {"output_tokens": end.output_tokens},
            }),
            json!({"type": "message_stop"}),
        ]
        .iter()
        .map(typed_event)
        .collect()
    }
}
