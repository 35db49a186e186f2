//! OpenAI's older text completions
//! (<https://platform.openai.com/docs/api-reference/completions>).

use serde_json::{Value, json};

use super::{
    Call, Shape,
    chat::{finish_reason, object, usage},
    event,
    refusal::Refusal,
    reply::End,
    request::{Ask, Request},
    words,
};

pub(super) struct Completion(pub(super) Call);

pub(super) fn read(request: &Request) -> Result<Ask, Refusal> {
    request.one_choice()?;
    let prompt = request.required("prompt")?;
    let text = match prompt.as_array().map(Vec::as_slice) {
        None => prompt,
        Some([only]) => only,
        Some(_) => return Err(Refusal::wrong_value("prompt", "hold one text: the demo provider answers one")),
    };
    let text = text.as_str().ok_or_else(|| Refusal::wrong_type("prompt", "a string or an array of one string"))?;
    Ok(Ask { text: text.to_owned(), input_tokens: words::count(text), limit: request.positive("max_tokens")? })
}

impl Completion {
    fn object(&self, text: &str, finish_reason: Option<&str>, usage: Option<Value>) -> Value {
        let choice = json!({"index": 0, "text": text, "logprobs": null, "finish_reason": finish_reason});
        object(&self.0, "cmpl", "text_completion", json!([choice]), usage)
    }

    fn chunk(&self, text: &str, finish_reason: Option<&str>) -> String {
        event(None, &self.object(text, finish_reason, self.0.include_usage.then_some(Value::Null)))
    }
}

impl Shape for Completion {
    fn whole(&self, text: &str, end: End) -> Value {
        self.object(text, Some(finish_reason(end)), Some(usage(&self.0, end)))
    }

    fn head(&mut self) -> String {
        String::new()
    }

    fn word(&mut self, word: &str) -> String {
        self.chunk(word, None)
    }

    fn tail(&mut self, end: End) -> String {
        let mut tail = self.chunk("", Some(finish_reason(end)));
        if self.0.include_usage {
            let usage = Some(usage(&self.0, end));
            tail += &event(None, &object(&self.0, "cmpl", "text_completion", json!([]), usage));
        }
        tail + "data: [DONE]\n\n"
    }
}
