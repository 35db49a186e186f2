//! What a whole answer says that it used: as `serde_json` reads it, and never
//! another because of how the answer came.

use bytes::Bytes;
use keyward_provider::{Operation, Usage, batch::BatchUse, made::Made, tap::ResponseTap, usage::AnthropicUsage};
use serde::de::IgnoredAny;
use serde_json::{Value, value::RawValue};

/// An answer, or the `usage` object in it.
pub fn usage(data: &[u8]) {
    if let (Ok(raw), Ok(value)) = (serde_json::from_slice::<&RawValue>(data), serde_json::from_slice::<Value>(data)) {
        openai(raw, &value);
        anthropic(raw, &value);
        let inner = value.get("usage").map(|usage| (usage.to_string(), usage));
        if let Some((text, usage)) = inner {
            let raw = serde_json::from_str::<&RawValue>(&text).unwrap();
            openai(raw, usage);
            anthropic(raw, usage);
        }
    }
    let is_json = serde_json::from_slice::<IgnoredAny>(data).is_ok();
    for operation in Operation::ALL {
        let read = |pieces: &[&[u8]]| {
            let mut tap = ResponseTap::new(operation, false, true);
            for piece in pieces {
                assert_eq!(tap.take(Bytes::copy_from_slice(piece)), *piece);
            }
            tap.end()
        };
        let (first, second) = data.split_at(data.len() / 3);
        let whole = read(&[data]);
        assert_eq!(whole, read(&[first, second]));
        assert!(whole.rest.is_empty());
        assert!(is_json || (!whole.clean && whole.usage.is_none()));
    }
    if let Some(batch) = BatchUse::read(data) {
        assert!(is_json && (batch.calls > 0 || batch.usage.total_tokens() > 0));
    }
    let made = Made::read(data);
    assert!(made.id.is_none_or(|id| !id.is_empty()) && made.files.iter().all(|id| !id.is_empty()));
}

fn openai(raw: &RawValue, value: &Value) {
    let Some(usage) = Usage::from_openai(raw) else { return };
    // The first that is a count at all, where it is a whole one.
    let count = |names: [&str; 2]| {
        let mut counts = names.into_iter().filter_map(|name| value.get(name));
        counts.find(|count| count.as_f64().is_some_and(|count| count >= 0.0))?.as_u64()
    };
    if let Some(input) = count(["prompt_tokens", "input_tokens"]) {
        assert_eq!(usage.input_tokens, input);
    }
    if let Some(output) = count(["completion_tokens", "output_tokens"]) {
        assert!(usage.output_tokens >= output);
    }
    if let Some(total) = count(["total_tokens", "total_tokens"]) {
        assert!(usage.total_tokens() >= total);
    }
}

fn anthropic(raw: &RawValue, value: &Value) {
    let mut told = AnthropicUsage::default();
    told.update(raw);
    let once = told.usage();
    told.update(raw);
    assert_eq!(once, told.usage(), "said twice it is still the same");
    let Some(usage) = once else { return };
    let count = |name: &str| value.get(name).and_then(Value::as_u64);
    let parts = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"].map(count);
    let input = parts.into_iter().flatten().fold(0, u64::saturating_add);
    assert!(usage.input_tokens >= input);
    assert!(usage.output_tokens >= count("output_tokens").unwrap_or(0));
    assert!(usage.input_tokens >= usage.cached_input_tokens.max(usage.cache_write_tokens));
}
