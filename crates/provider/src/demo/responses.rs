//! OpenAI's responses
//! (<https://platform.openai.com/docs/api-reference/responses-streaming>).

use serde_json::{Value, json};

use super::{
    Call, Shape, event,
    refusal::Refusal,
    reply::End,
    request::{Ask, Request},
    words,
};

pub(super) struct Responses {
    call: Call,
    /// The next event's `sequence_number`.
    sequence: u64,
    /// What was said so far: the last events of a stream repeat it.
    said: String,
}

pub(super) fn read(request: &Request) -> Result<Ask, Refusal> {
    let limit = request.positive("max_output_tokens")?;
    let instructions = request.get("instructions");
    match request.required("input")?.as_str() {
        Some(text) => {
            let before = instructions.and_then(Value::as_str).map_or(0, words::count);
            Ok(Ask { text: text.to_owned(), input_tokens: before + words::count(text), limit })
        }
        None => request.conversation("input", instructions, limit),
    }
}

fn status(end: End) -> &'static str {
    if end.truncated { "incomplete" } else { "completed" }
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

impl Responses {
    pub(super) fn new(call: Call) -> Self {
        Self { call, sequence: 0, said: String::new() }
    }

    fn item_id(&self) -> String {
        format!("msg_{}", self.call.id)
    }

    fn item(&self, status: &str, content: Value) -> Value {
        json!({"id": self.item_id(), "type": "message", "status": status, "role": "assistant", "content": content})
    }

    /// The response itself; `end` is `None` while it is in progress.
    fn response(&self, output: Value, end: Option<End>) -> Value {
        let Call { id, created, model, input_tokens, .. } = &self.call;
        let usage = end.map(|End { output_tokens, .. }| {
            json!({
                "input_tokens": input_tokens,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": output_tokens,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": input_tokens + output_tokens,
            })
        });
        let truncated = end.is_some_and(|end| end.truncated);
        json!({
            "id": format!("resp_{id}"),
            "object": "response",
            "created_at": created,
            "status": end.map_or("in_progress", status),
            "background": false,
            "error": null,
            "incomplete_details": truncated.then(|| json!({"reason": "max_output_tokens"})),
            "instructions": null,
            "max_output_tokens": null,
            "metadata": {},
            "model": model,
            "output": output,
            "parallel_tool_calls": true,
            "previous_response_id": null,
            "reasoning": {"effort": null, "summary": null},
            "store": false,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": usage,
            "user": null,
        })
    }

    /// An event with its place in the sequence.
    fn event(&mut self, kind: &str, mut data: Value) -> String {
        if let Some(data) = data.as_object_mut() {
            data.insert("type".to_owned(), kind.into());
            data.insert("sequence_number".to_owned(), self.sequence.into());
        }
        self.sequence += 1;
        event(Some(kind), &data)
    }

    /// An event about the one text of the one message.
    fn text_event(&mut self, kind: &str, field: &str, value: Value) -> String {
        let mut data = json!({"item_id": self.item_id(), "output_index": 0, "content_index": 0, field: value});
        if field != "part"
            && let Some(data) = data.as_object_mut()
        {
            data.insert("logprobs".to_owned(), json!([]));
        }
        self.event(kind, data)
    }
}

impl Shape for Responses {
    fn whole(&self, text: &str, end: End) -> Value {
        self.response(json!([self.item(status(end), json!([part(text)]))]), Some(end))
    }

    fn head(&mut self) -> String {
        let response = json!({"response": self.response(json!([]), None)});
        let item = self.item("in_progress", json!([]));
        [
            self.event("response.created", response.clone()),
            self.event("response.in_progress", response),
            self.event("response.output_item.added", json!({"output_index": 0, "item": item})),
            self.text_event("response.content_part.added", "part", part("")),
        ]
        .concat()
    }

    fn word(&mut self, word: &str) -> String {
        self.said += word;
        self.text_event("response.output_text.delta", "delta", word.into())
    }

    fn tail(&mut self, end: End) -> String {
        let said = std::mem::take(&mut self.said);
        let item = self.item(status(end), json!([part(&said)]));
        let response = self.response(json!([item]), Some(end));
        [
            self.text_event("response.output_text.done", "text", said.as_str().into()),
            self.text_event("response.content_part.done", "part", part(&said)),
            self.event("response.output_item.done", json!({"output_index": 0, "item": item})),
            self.event(&format!("response.{}", status(end)), json!({"response": response})),
        ]
        .concat()
    }
}
