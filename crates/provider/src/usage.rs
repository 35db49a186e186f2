//! What a call used, read from what providers say about it. Each has its own
//! words and its own idea of what a total includes; here they become one.
//!
//! What a provider gets wrong (a negative count, a text, a number beyond all
//! bounds) is ignored or saturates: metering must not fail a call.

use std::borrow::Cow;

use keyward_domain::usage::ServiceTier;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Counts of one call, in the model's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// All of the input, **including** what was read from or written to the
    /// provider's cache (Anthropic counts those apart; they are added here).
    pub input_tokens: u64,
    /// All of the output, **including** reasoning.
    pub output_tokens: u64,
    /// The part of the input that was read from the provider's cache.
    pub cached_input_tokens: u64,
    /// The part of the input that was written to the provider's cache.
    pub cache_write_tokens: u64,
    /// The part of that which the cache keeps for an hour.
    pub cache_write_hour_tokens: u64,
    /// The part of the input that was audio.
    pub input_audio_tokens: u64,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: u64,
    /// The part of the output that was audio.
    pub output_audio_tokens: u64,
    /// The service tier that the provider says it answered in.
    pub tier: ServiceTier,
}

/// What a call used, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// How much.
    pub usage: Usage,
    /// Keyward counted it: the provider didn't say.
    pub is_estimated: bool,
}

impl Usage {
    /// Input and output together.
    pub const fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Both together, of a call that tells its use in parts.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cached_input_tokens: self.cached_input_tokens.saturating_add(other.cached_input_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(other.cache_write_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
            cache_write_hour_tokens: self.cache_write_hour_tokens.saturating_add(other.cache_write_hour_tokens),
            input_audio_tokens: self.input_audio_tokens.saturating_add(other.input_audio_tokens),
            output_audio_tokens: self.output_audio_tokens.saturating_add(other.output_audio_tokens),
            tier: self.tier,
        }
    }

    /// Reads OpenAI's `usage` object of chat completions, completions,
    /// responses, embeddings or pictures, and those of its many likenesses. `None` when
    /// it counts nothing.
    pub fn from_openai(usage: &RawValue) -> Option<Self> {
        let usage: OpenAiUsage = serde_json::from_str(usage.get()).ok()?;
        let input_details = details(usage.prompt_tokens_details.or(usage.input_tokens_details));
        let output_details = details(usage.completion_tokens_details.or(usage.output_tokens_details));
        let input = usage.prompt_tokens.0.or(usage.input_tokens.0);
        let output = usage.completion_tokens.0.or(usage.output_tokens.0);
        let total = usage.total_tokens.0;
        if (input, output, total) == (None, None, None) {
            return None;
        }
        let input_tokens = input.or_else(|| Some(total?.saturating_sub(output.unwrap_or(0)))).unwrap_or(0);
        // xAI and Gemini leave reasoning out of the output and count it in the total.
        let unnamed = total.map_or(0, |total| total.saturating_sub(input_tokens));
        Some(Self {
            input_tokens,
            output_tokens: output.unwrap_or(0).max(unnamed),
            cached_input_tokens: input_details.cached_tokens.0.or(usage.prompt_cache_hit_tokens.0).unwrap_or(0),
            cache_write_tokens: input_details.cache_write_tokens.0.unwrap_or(0),
            input_audio_tokens: input_details.audio_tokens.0.unwrap_or(0),
            reasoning_tokens: output_details.reasoning_tokens.0.unwrap_or(0),
            output_audio_tokens: output_details.audio_tokens.0.unwrap_or(0),
            ..Self::default()
        })
    }

    /// The same in the service tier that stands beside it.
    pub(crate) fn in_tier(self, tier: Option<&RawValue>) -> Self {
        Self { tier: tier_of(tier), ..self }
    }
}

/// The service tier that a text names; anything else says nothing.
fn tier_of(raw: Option<&RawValue>) -> ServiceTier {
    let word = raw.and_then(|raw| serde_json::from_str::<Cow<'_, str>>(raw.get()).ok());
    word.map_or(ServiceTier::Unsaid, |word| ServiceTier::answered(&word))
}

/// <https://platform.openai.com/docs/api-reference/chat/object>; `input_…` and
/// `output_…` are the responses' words for `prompt_…` and `completion_…`,
/// `prompt_cache_hit_tokens` is DeepSeek's.
#[derive(Deserialize)]
struct OpenAiUsage<'a> {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    total_tokens: Count,
    #[serde(default)]
    prompt_cache_hit_tokens: Count,
    #[serde(borrow)]
    prompt_tokens_details: Option<&'a RawValue>,
    #[serde(borrow)]
    input_tokens_details: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_tokens_details: Option<&'a RawValue>,
    #[serde(borrow)]
    output_tokens_details: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Details {
    #[serde(default)]
    cached_tokens: Count,
    #[serde(default)]
    cache_write_tokens: Count,
    #[serde(default)]
    reasoning_tokens: Count,
    #[serde(default)]
    thinking_tokens: Count,
    #[serde(default)]
    audio_tokens: Count,
    #[serde(default)]
    ephemeral_1h_input_tokens: Count,
}

fn details(raw: Option<&RawValue>) -> Details {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Anthropic's counts, which a stream tells in instalments, each replacing
/// what came before (<https://docs.anthropic.com/en/api/messages-streaming>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnthropicUsage {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_hour: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
    tier: ServiceTier,
}

#[derive(Deserialize)]
struct AnthropicFields<'a> {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
    #[serde(borrow)]
    cache_creation: Option<&'a RawValue>,
    #[serde(default)]
    output_tokens: Count,
    #[serde(borrow)]
    output_tokens_details: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
}

impl AnthropicUsage {
    /// Takes the next `usage` object.
    pub fn update(&mut self, usage: &RawValue) {
        let Ok(fields) = serde_json::from_str::<AnthropicFields<'_>>(usage.get()) else { return };
        for (known, new) in [
            (&mut self.input, fields.input_tokens),
            (&mut self.cache_read, fields.cache_read_input_tokens),
            (&mut self.cache_write, fields.cache_creation_input_tokens),
            (&mut self.cache_write_hour, details(fields.cache_creation).ephemeral_1h_input_tokens),
            (&mut self.output, fields.output_tokens),
            (&mut self.thinking, details(fields.output_tokens_details).thinking_tokens),
        ] {
            *known = new.0.or(*known);
        }
        match tier_of(fields.service_tier) {
            ServiceTier::Unsaid => {}
            tier => self.tier = tier,
        }
    }

    /// What is known by now; `None` when nothing is.
    pub fn usage(&self) -> Option<Usage> {
        if (self.input, self.output) == (None, None) {
            return None;
        }
        let cached_input_tokens = self.cache_read.unwrap_or(0);
        let cache_write_tokens = self.cache_write.unwrap_or(0);
        let input = self.input.unwrap_or(0);
        Some(Usage {
            input_tokens: input.saturating_add(cached_input_tokens).saturating_add(cache_write_tokens),
            output_tokens: self.output.unwrap_or(0),
            cached_input_tokens,
            cache_write_tokens,
            cache_write_hour_tokens: self.cache_write_hour.unwrap_or(0),
            reasoning_tokens: self.thinking.unwrap_or(0),
            tier: self.tier,
            ..Usage::default()
        })
    }
}

/// A count as some provider may write it: anything but a number that is zero
/// or more counts as not given; fractions are cut off, giants saturate.
#[derive(Debug, Clone, Copy, Default)]
struct Count(Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Count;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any value")
            }

            fn visit_u64<E>(self, value: u64) -> Result<Count, E> {
                Ok(Count(Some(value)))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Count, E> {
                Ok(Count(u64::try_from(value).ok()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Count, E> {
                Ok(Count((value >= 0.0).then_some(value as u64)))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
                Ok(Count(None))
            }

            fn visit_unit<E>(self) -> Result<Count, E> {
                Ok(Count(None))
            }

            fn visit_str<E>(self, _: &str) -> Result<Count, E> {
                Ok(Count(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Count, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Count(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Count, A::Error> {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Count(None))
            }
        }

        deserializer.deserialize_any(AnyValue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn openai(text: &str) -> Option<Usage> {
        Usage::from_openai(&raw(text))
    }

    fn counts(input: u64, output: u64, cached: u64, written: u64, reasoning: u64) -> Option<Usage> {
        Some(Usage {
            input_tokens: input,
            output_tokens: output,
            cached_input_tokens: cached,
            cache_write_tokens: written,
            reasoning_tokens: reasoning,
            ..Usage::default()
        })
    }

    #[test]
    fn every_likeness_of_openai_is_understood() {
        for (text, expected) in [
            (r#"{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}"#, counts(9, 4, 0, 0, 0)),
            (
                r#"{"prompt_tokens":90,"completion_tokens":40,"total_tokens":130,
                    "prompt_tokens_details":{"cached_tokens":64,"cache_write_tokens":7,"audio_tokens":0},
                    "completion_tokens_details":{"reasoning_tokens":30}}"#,
                counts(90, 40, 64, 7, 30),
            ),
            (
                r#"{"input_tokens":5,"input_tokens_details":{"cached_tokens":2},"output_tokens":7,
                    "output_tokens_details":{"reasoning_tokens":6},"total_tokens":12}"#,
                counts(5, 7, 2, 0, 6),
            ),
            (r#"{"prompt_tokens":8,"total_tokens":8}"#, counts(8, 0, 0, 0, 0)),
            (r#"{"total_tokens":8}"#, counts(8, 0, 0, 0, 0)),
            (
                r#"{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9,
                    "prompt_cache_hit_tokens":6,"prompt_cache_miss_tokens":2}"#,
                counts(8, 1, 6, 0, 0),
            ),
            // xAI's: reasoning outside of completion_tokens.
            (
                r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":35,
                    "completion_tokens_details":{"reasoning_tokens":20}}"#,
                counts(10, 25, 0, 0, 20),
            ),
            (r#"{"prompt_tokens":3,"completion_tokens":2,"prompt_tokens_details":null}"#, counts(3, 2, 0, 0, 0)),
            (r#"{"prompt_tokens":3,"prompt_tokens_details":"none"}"#, counts(3, 0, 0, 0, 0)),
        ] {
            assert_eq!(openai(text), expected, "{text}");
        }
    }

    #[test]
    fn audio_and_the_hour_in_the_cache_are_told_apart() {
        let usage = openai(
            r#"{"prompt_tokens":90,"completion_tokens":40,"prompt_tokens_details":{"audio_tokens":30},
                "completion_tokens_details":{"audio_tokens":20}}"#,
        );
        assert_eq!(
            usage,
            Some(Usage { input_audio_tokens: 30, output_audio_tokens: 20, ..counts(90, 40, 0, 0, 0).unwrap() })
        );
        let mut usage = AnthropicUsage::default();
        usage.update(&raw(
            r#"{"input_tokens":1,"output_tokens":2,"cache_creation_input_tokens":9,"service_tier":"priority",
                "cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":5}}"#,
        ));
        usage.update(&raw(r#"{"output_tokens":3,"service_tier":null}"#));
        let expected = counts(10, 3, 0, 9, 0).unwrap();
        let expected = Usage { cache_write_hour_tokens: 5, tier: ServiceTier::Priority, ..expected };
        assert_eq!(usage.usage(), Some(expected));
    }

    #[test]
    fn absurd_counts_are_ignored_or_saturate() {
        for (text, expected) in [
            (r#"{"prompt_tokens":-5,"completion_tokens":4}"#, counts(0, 4, 0, 0, 0)),
            (r#"{"prompt_tokens":2.9,"completion_tokens":4}"#, counts(2, 4, 0, 0, 0)),
            (r#"{"prompt_tokens":1e300,"completion_tokens":4}"#, counts(u64::MAX, 4, 0, 0, 0)),
            (r#"{"prompt_tokens":99999999999999999999999,"completion_tokens":1}"#, counts(u64::MAX, 1, 0, 0, 0)),
            (r#"{"prompt_tokens":"7","completion_tokens":[1,{"a":2}],"total_tokens":{}}"#, None),
            (r#"{"prompt_tokens":true,"completion_tokens":null}"#, None),
            ("{}", None),
            ("7", None),
            (r#"{"prompt_tokens":1e999}"#, None),
        ] {
            assert_eq!(openai(text), expected, "{text}");
        }
        assert_eq!(counts(u64::MAX, 4, 0, 0, 0).unwrap().total_tokens(), u64::MAX);
    }

    #[test]
    fn anthropic_instalments_replace_each_other_and_cache_counts_as_input() {
        let mut usage = AnthropicUsage::default();
        assert_eq!(usage.usage(), None);
        usage.update(&raw(
            r#"{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":50,"output_tokens":1}"#,
        ));
        assert_eq!(usage.usage(), counts(160, 1, 100, 50, 0));
        usage
            .update(&raw(r#"{"output_tokens":42,"input_tokens":null,"output_tokens_details":{"thinking_tokens":30}}"#));
        assert_eq!(usage.usage(), counts(160, 42, 100, 50, 30));
        usage.update(&raw("[]"));
        usage.update(&raw(r#"{"output_tokens":-1}"#));
        assert_eq!(usage.usage(), counts(160, 42, 100, 50, 30));
    }
}
