//! OpenAI's chat completions
//! (<https://platform.openai.com/docs/api-reference/chat>, also for streams).

use serde_json::{Value, json};

use super::{
    Call, Shape, event,
    refusal::Refusal,
    reply::End,
    request::{Ask, Request},
};

pub(super) struct Chat(pub(super) Call);

pub(super) fn read(request: &Request) -> Result<Ask, Refusal> {
    request.one_choice()?;
    let limit = request.positive("max_completion_tokens")?.or(request.positive("max_tokens")?);
    request.conversation("messages", None, limit)
}

pub(super) fn finish_reason(end: End) -> &'static str {
    if end.truncated { "length" } else { "stop" }
}

pub(super) fn usage(call: &Call, end: End) -> Value {
    json!({
        "prompt_tokens": call.input_tokens,
        "completion_tokens": end.output_tokens,
        "total_tokens": call.input_tokens + end.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

/// An object with the choices in it; a stream that reports its use says `null`
/// in every chunk but the last.
pub(super) fn object(call: &Call, prefix: &str, kind: &str, choices: Value, usage: Option<Value>) -> Value {
    let mut object = json!({
        "id": format!("{prefix}-{}", call.id),
        "object": kind,
        "created": call.created,
        "model": call.model,
        "system_fingerprint": "fp_demo",
        "choices": choices,
    });
    if let (Some(object), Some(usage)) = (object.as_object_mut(), usage) {
        object.insert("usage".to_owned(), usage);
    }
    object
}

impl Chat {
    fn chunk(&self, delta: &Value, finish_reason: Option<&str>) -> String {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason});
        self.event(json!([choice]), self.0.include_usage.then_some(Value::Null))
    }

    fn event(&self, choices: Value, usage: Option<Value>) -> String {
        event(None, &object(&self.0, "chatcmpl", "chat.completion.chunk", choices, usage))
    }
}

impl Shape for Chat {
    fn whole(&self, text: &str, end: End) -> Value {
        let message = json!({"role": "assistant", "content": text, "refusal": null, "annotations": []});
        let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(end)});
        object(&self.0, "chatcmpl", "chat.completion", json!([choice]), Some(usage(&self.0, end)))
    }

    fn head(&mut self) -> String {
        self.chunk(&json!({"role": "assistant", "content": "", "refusal": null}), None)
    }

    fn word(&mut self, word: &str) -> String {
        self.chunk(&json!({"content": word}), None)
    }

    fn tail(&mut self, end: End) -> String {
        let mut tail = self.chunk(&json!({}), Some(finish_reason(end)));
        if self.0.include_usage {
            tail += &self.event(json!([]), Some(usage(&self.0, end)));
        }
        tail + "data: [DONE]\n\n"
    }
}
