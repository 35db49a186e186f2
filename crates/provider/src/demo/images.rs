//! OpenAI's pictures from a text
//! (<https://platform.openai.com/docs/api-reference/images/create>): small ones,
//! whose pattern and colours are the prompt's own.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{fnv, media, refusal::Refusal, request::Request, words};

/// The most pictures of one call, as OpenAI has it.
const MOST: u64 = 10;
/// What one picture counts, in the demo's tokens.
const TOKENS: u64 = 64;

pub(super) fn answer(request: &Request, created: i64) -> Result<Value, Refusal> {
    request.model_or("demo-image")?;
    let prompt = request.text("prompt")?;
    let count = match request.positive("n")?.unwrap_or(1) {
        count @ ..=MOST => count,
        _ => return Err(Refusal::wrong_value("n", &format!("be at most {MOST}"))),
    };
    request.choice("response_format", &["b64_json"])?;
    request.choice("output_format", &["png"])?;
    if request.flag("stream")? {
        return Err(Refusal::wrong_value("stream", "be false: the demo provider doesn't stream pictures"));
    }
    let data: Vec<Value> = (0..count)
        .map(|number| {
            let picture = media::png(fnv(format!("{number} {prompt}").as_bytes()));
            json!({"b64_json": STANDARD.encode(picture)})
        })
        .collect();
    let (input_tokens, output_tokens) = (words::count(prompt), count * TOKENS);
    Ok(json!({
        "created": created,
        "data": data,
        "usage": {
            "input_tokens": input_tokens,
            "input_tokens_details": {"text_tokens": input_tokens, "image_tokens": 0},
            "output_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
        },
    }))
}
