//! How much a call can use at most, read from its body: for budgets that are
//! never exceeded. What isn't surely bounded by the body (pictures, files, stored
//! conversations, tools that the provider runs, fields that nobody here knows)
//! counts as unknown; then the model's own limits hold.
//!
//! A token of text is a byte at least, so text is never more tokens than bytes.

use std::fmt;

use keyward_provider::Operation;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// Tokens that providers add by themselves: around messages, for tools.
const ADDED: u64 = 1_000;

/// What a body says of how much its call can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Tokens of input at most, if the body bounds them.
    pub(crate) input: Option<u64>,
    /// Tokens of each answer at most, if the body says so.
    pub(crate) output: Option<u64>,
    /// How many answers are wanted, if that can be read.
    pub(crate) answers: Option<u64>,
    /// Bytes of text.
    pub(crate) text_bytes: u64,
}

impl Bounds {
    /// Of a JSON body, which was read by [`crate::head`] before.
    pub(crate) fn of_json(body: &[u8], operation: Operation) -> Self {
        let text_bytes = body.len() as u64;
        let top = serde_json::from_slice::<Top>(body).unwrap_or(Top { is_text: false, ..Top::default() });
        let most = match operation {
            Operation::ChatCompletions => [top.max_tokens, top.max_completion_tokens],
            Operation::Completions | Operation::Messages => [top.max_tokens, Count::Missing],
            Operation::Responses => [top.max_output_tokens, Count::Missing],
            _ => [Count::Missing; 2],
        };
        let output = match most {
            [Count::Unreadable, _] | [_, Count::Unreadable] => None,
            [Count::Is(one), Count::Is(other)] => Some(one.max(other)),
            [Count::Is(most), Count::Missing] | [Count::Missing, Count::Is(most)] => Some(most),
            // Its answer is numbers, of which nobody counts tokens.
            _ if operation == Operation::Embeddings => Some(0),
            [Count::Missing, Count::Missing] => None,
        };
        let answers = match [top.n, top.best_of] {
            [Count::Unreadable, _] | [_, Count::Unreadable] => None,
            counts => Some(counts.into_iter().map(Count::or_one).max().unwrap_or(1)),
        };
        Self { input: top.is_text.then(|| text_bytes.saturating_add(ADDED)), output, answers, text_bytes }
    }

    /// Of a form: a file above all.
    pub(crate) const UNKNOWN: Self = Self { input: None, output: None, answers: None, text_bytes: 0 };
}

/// A count in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Count {
    #[default]
    Missing,
    Is(u64),
    /// Something that some provider may read as a count.
    Unreadable,
}

impl Count {
    const fn or_one(self) -> u64 {
        match self {
            Self::Is(count) if count > 1 => count,
            _ => 1,
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Null => Self::Missing,
            value => value.as_u64().map_or(Self::Unreadable, Self::Is),
        })
    }
}

/// A body's own fields.
#[derive(Debug, Default)]
struct Top {
    max_tokens: Count,
    max_completion_tokens: Count,
    max_output_tokens: Count,
    n: Count,
    best_of: Count,
    is_text: bool,
}

/// Fields whose values are text that the body holds, or settings that bring in
/// nothing: what isn't here may.
const HARMLESS: [&str; 45] = [
    "model",
    "messages",
    "input",
    "instructions",
    "system",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "stop",
    "stop_sequences",
    "stream",
    "stream_options",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "user",
    "seed",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "metadata",
    "store",
    "background",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "service_tier",
    "text",
    "verbosity",
    "prompt_cache_key",
    "safety_identifier",
    "functions",
    "function_call",
    "suffix",
    "echo",
    "dimensions",
    "encoding_format",
    "truncation",
    "include",
    "max_tool_calls",
];

/// What an object in a body may say that it is, and be text that the body holds;
/// and the types of JSON schemas.
const TEXT_TYPES: [&str; 31] = [
    "text",
    "input_text",
    "output_text",
    "refusal",
    "message",
    "function",
    "tool_use",
    "tool_result",
    "function_call",
    "function_call_output",
    "custom",
    "json_object",
    "json_schema",
    "thinking",
    "ephemeral",
    "enabled",
    "disabled",
    "auto",
    "any",
    "tool",
    "none",
    "object",
    "array",
    "string",
    "number",
    "integer",
    "boolean",
    "null",
    "content",
    "grammar",
    "allowed_tools",
];

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Top;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Top, A::Error> {
                let mut top = Top { is_text: true, ..Top::default() };
                while let Some(key) = entries.next_key::<String>()? {
                    let count = match key.as_str() {
                        "max_tokens" => &mut top.max_tokens,
                        "max_completion_tokens" => &mut top.max_completion_tokens,
                        "max_output_tokens" => &mut top.max_output_tokens,
                        "n" => &mut top.n,
                        "best_of" => &mut top.best_of,
                        // As an object it names a prompt that the provider keeps.
                        "prompt" => {
                            top.is_text &= entries.next_value::<Prompt>()?.0;
                            continue;
                        }
                        key if HARMLESS.contains(&key) => {
                            top.is_text &= entries.next_value::<IsText>()?.0;
                            continue;
                        }
                        _ => {
                            top.is_text &= entries.next_value::<Option<IgnoredAny>>()?.is_none();
                            continue;
                        }
                    };
                    *count = match *count {
                        Count::Missing => entries.next_value()?,
                        Count::Is(_) | Count::Unreadable => {
                            entries.next_value::<IgnoredAny>()?;
                            Count::Unreadable
                        }
                    };
                }
                Ok(top)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// Whether a value is text that the body holds.
struct IsText(bool);

struct Prompt(bool);

impl<'de> Deserialize<'de> for Prompt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk { objects: false }).map(|IsText(is_text)| Self(is_text))
    }
}

impl<'de> Deserialize<'de> for IsText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk { objects: true })
    }
}

struct Walk {
    /// Whether an object can be text.
    objects: bool,
}

impl<'de> Visitor<'de> for Walk {
    type Value = IsText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<IsText, E> {
        Ok(IsText(true))
    }

    fn visit_bool<E>(self, _: bool) -> Result<IsText, E> {
        Ok(IsText(true))
    }

    fn visit_u64<E>(self, _: u64) -> Result<IsText, E> {
        Ok(IsText(true))
    }

    fn visit_i64<E>(self, _: i64) -> Result<IsText, E> {
        Ok(IsText(true))
    }

    fn visit_f64<E>(self, _: f64) -> Result<IsText, E> {
        Ok(IsText(true))
    }

    fn visit_str<E>(self, _: &str) -> Result<IsText, E> {
        Ok(IsText(true))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<IsText, A::Error> {
        let mut is_text = true;
        while let Some(IsText(item)) = items.next_element()? {
            is_text &= item;
        }
        Ok(IsText(is_text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<IsText, A::Error> {
        let mut is_text = self.objects;
        while let Some(key) = entries.next_key::<String>()? {
            is_text &= match key.as_str() {
                "type" => entries.next_value::<Type>()?.0,
                _ => entries.next_value::<IsText>()?.0,
            };
        }
        Ok(IsText(is_text))
    }
}

/// Whether what an object says that it is, is text.
struct Type(bool);

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;

        impl<'de> Visitor<'de> for Named {
            type Value = Type;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_str<E>(self, name: &str) -> Result<Type, E> {
                Ok(Type(TEXT_TYPES.contains(&name)))
            }

            fn visit_unit<E>(self) -> Result<Type, E> {
                Ok(Type(true))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Type, E> {
                Ok(Type(true))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Type, E> {
                Ok(Type(true))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Type, E> {
                Ok(Type(true))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Type, E> {
                Ok(Type(true))
            }

            // A schema's list of types, or a property that is named so.
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Type, A::Error> {
                Walk { objects: true }.visit_seq(items).map(|IsText(is_text)| Type(is_text))
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Type, A::Error> {
                Walk { objects: true }.visit_map(entries).map(|IsText(is_text)| Type(is_text))
            }
        }

        deserializer.deserialize_any(Named)
    }
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
mod tests;
