//! OpenAI's embeddings (<https://platform.openai.com/docs/api-reference/embeddings>).
//! Every word adds to one place of the vector, so texts that share words are
//! near each other.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{fnv, refusal::Refusal, request::Request, words};

/// Unless asked for less.
pub(super) const DIMENSIONS: usize = 256;
/// The most texts of one call, as OpenAI has it.
const MOST_INPUTS: usize = 2048;

pub(super) fn answer(request: &Request) -> Result<Value, Refusal> {
    let model = request.model(&["demo-embedding"])?;
    let inputs = inputs(request.required("input")?)?;
    let dimensions = match request.positive("dimensions")?.map(usize::try_from) {
        None => DIMENSIONS,
        Some(Ok(dimensions @ 1..=DIMENSIONS)) => dimensions,
        Some(_) => return Err(Refusal::wrong_value("dimensions", &format!("be at most {DIMENSIONS}"))),
    };
    let encode: fn(&[f32]) -> Value = match request.get("encoding_format").map(Value::as_str) {
        None | Some(Some("float")) => |vector| json!(vector),
        Some(Some("base64")) => {
            |vector| STANDARD.encode(vector.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()).into()
        }
        Some(_) => return Err(Refusal::wrong_value("encoding_format", "be 'float' or 'base64'")),
    };
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| {
            json!({"object": "embedding", "index": index, "embedding": encode(&embed(text, dimensions))})
        })
        .collect();
    let tokens: u64 = inputs.iter().map(|text| words::count(text)).sum();
    Ok(json!({
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}

/// A text, texts, one text as token numbers, or texts as token numbers.
fn inputs(input: &Value) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::wrong_type("input", "a string, an array of strings, or token arrays");
    let texts = match input {
        Value::Array(items) if items.iter().all(Value::is_u64) => vec![tokens(items).ok_or_else(wrong)?],
        Value::Array(items) => items.iter().map(text).collect::<Option<_>>().ok_or_else(wrong)?,
        one => vec![text(one).ok_or_else(wrong)?],
    };
    if texts.iter().any(String::is_empty) {
        return Err(Refusal::wrong_value("input", "not be empty"));
    }
    if texts.len() > MOST_INPUTS {
        return Err(Refusal::wrong_value("input", &format!("have at most {MOST_INPUTS} entries")));
    }
    Ok(texts)
}

fn text(item: &Value) -> Option<String> {
    match item {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => tokens(items),
        _ => None,
    }
}

fn tokens(items: &[Value]) -> Option<String> {
    let numbers: Option<Vec<String>> = items.iter().map(|item| Some(item.as_u64()?.to_string())).collect();
    Some(numbers?.join(" "))
}

/// A vector of length 1.
pub(super) fn embed(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0f32; dimensions];
    for word in words::words(&text.to_lowercase()) {
        let hash = fnv(word.trim_start().as_bytes());
        let place = usize::try_from(hash >> 1).unwrap_or(0) % dimensions;
        if let Some(value) = vector.get_mut(place) {
            *value += if hash & 1 == 0 { 1.0 } else { -1.0 };
        }
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    match length > 0.0 {
        true => vector.iter_mut().for_each(|x| *x /= length),
        // No word, or words that cancel each other.
        false => vector.iter_mut().take(1).for_each(|x| *x = 1.0),
    }
    vector
}
