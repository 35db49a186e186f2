//! OpenAI's moderations (<https://platform.openai.com/docs/api-reference/moderations>).
//! It knows a handful of words and says so by its scores: 1 or 0.

use serde_json::{Map, Value, json};

use super::{refusal::Refusal, request::Request, words};

/// The categories, each with the words that the demo takes for it.
const CATEGORIES: [(&str, &[&str]); 13] = [
    ("harassment", &["idiot"]),
    ("harassment/threatening", &[]),
    ("sexual", &[]),
    ("hate", &["hate"]),
    ("hate/threatening", &[]),
    ("illicit", &["steal"]),
    ("illicit/violent", &[]),
    ("self-harm/intent", &[]),
    ("self-harm/instructions", &[]),
    ("self-harm", &[]),
    ("sexual/minors", &[]),
    ("violence", &["kill", "murder"]),
    ("violence/graphic", &[]),
];

pub(super) fn answer(request: &Request, id: &str) -> Result<Value, Refusal> {
    let model = request.model_or("demo-moderation")?;
    let results: Vec<Value> = inputs(request.required("input")?)?.iter().map(|text| result(text)).collect();
    Ok(json!({"id": format!("modr-{id}"), "model": model, "results": results}))
}

/// A text, texts, or the parts of one input.
fn inputs(input: &Value) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::wrong_type("input", "a string, an array of strings, or an array of parts");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let part = |value: &Value| match value["type"].as_str() {
        Some("text") => text(&value["text"]),
        Some("image_url") => Some(String::new()),
        _ => None,
    };
    match input {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(items) if items.iter().all(Value::is_string) => Ok(items.iter().filter_map(text).collect()),
        Value::Array(parts) => {
            let texts: Vec<String> = parts.iter().map(part).collect::<Option<_>>().ok_or_else(wrong)?;
            Ok(vec![texts.join(" ")])
        }
        _ => Err(wrong()),
    }
}

fn result(text: &str) -> Value {
    let text = text.to_lowercase();
    let said: Vec<&str> = words::words(&text).map(str::trim_start).collect();
    let (mut categories, mut scores, mut types) = (Map::new(), Map::new(), Map::new());
    let mut flagged = false;
    for (category, signs) in CATEGORIES {
        let found = signs.iter().any(|sign| said.contains(sign));
        flagged |= found;
        categories.insert(category.to_owned(), json!(found));
        scores.insert(category.to_owned(), json!(if found { 1.0 } else { 0.0 }));
        types.insert(category.to_owned(), json!(["text"]));
    }
    json!({
        "flagged": flagged,
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": types,
    })
}
