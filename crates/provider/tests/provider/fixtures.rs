//! Streams as providers send them, one for each way that a dialect is spoken,
//! and what is to be found in them.

use keyward_domain::usage::ServiceTier;
use keyward_provider::{Operation, Usage};

/// A stream and what it says.
pub struct Fixture {
    pub name: &'static str,
    pub operation: Operation,
    pub text: &'static str,
    pub usage: Option<Usage>,
    pub clean: bool,
}

impl Fixture {
    /// The stream without the frames that hold nothing but usage.
    pub fn stripped(&self) -> String {
        let is_usage = |event: &&str| {
            let event = event.replace(' ', "");
            ["data:{\"id\"", "\"choices\":[],", "\"usage\":{"].iter().all(|part| event.contains(part))
        };
        self.text.split_inclusive("\n\n").filter(|event| !is_usage(event)).collect()
    }
}

const fn usage(input: u64, output: u64, cached: u64, written: u64, reasoning: u64) -> Option<Usage> {
    Some(Usage {
        input_tokens: input,
        output_tokens: output,
        cached_input_tokens: cached,
        cache_write_tokens: written,
        cache_write_hour_tokens: 0,
        input_audio_tokens: 0,
        reasoning_tokens: reasoning,
        output_audio_tokens: 0,
        tier: ServiceTier::Unsaid,
    })
}

/// The same, answered in the usual service tier.
const fn usual(usage: Option<Usage>) -> Option<Usage> {
    match usage {
        Some(usage) => Some(Usage { tier: ServiceTier::Usual, ..usage }),
        None => None,
    }
}

macro_rules! fixture {
    ($name:literal, $operation:ident, $usage:expr, clean: $clean:literal) => {
        Fixture {
            name: $name,
            operation: Operation::$operation,
            text: include_str!(concat!("fixtures/", $name, ".sse")),
            usage: $usage,
            clean: $clean,
        }
    };
}

/// All of them.
pub const FIXTURES: &[Fixture] = &[
    fixture!("chat_openai", ChatCompletions, usage(21, 9, 16, 0, 4), clean: true),
    fixture!("chat_groq", ChatCompletions, usage(11, 3, 0, 0, 0), clean: true),
    fixture!("chat_deepseek", ChatCompletions, usage(50, 2, 32, 0, 0), clean: true),
    fixture!("chat_azure", ChatCompletions, usage(7, 1, 0, 0, 0), clean: true),
    fixture!("chat_error", ChatCompletions, None, clean: true),
    fixture!("chat_cut", ChatCompletions, None, clean: false),
    fixture!("chat_about_usage", ChatCompletions, usage(5, 6, 0, 0, 0), clean: true),
    // Ends without the last empty line.
    fixture!("completions", Completions, usage(4, 2, 0, 0, 0), clean: true),
    fixture!("responses_completed", Responses, usage(36, 87, 12, 0, 64), clean: true),
    fixture!("responses_incomplete", Responses, usage(36, 87, 12, 0, 64), clean: true),
    fixture!("responses_failed", Responses, None, clean: true),
    fixture!("responses_unnamed", Responses, usage(36, 87, 12, 0, 64), clean: true),
    fixture!("messages", Messages, usual(usage(442, 57, 400, 30, 20)), clean: true),
    fixture!("messages_error", Messages, usual(usage(442, 1, 400, 30, 0)), clean: true),
    // Two pictures: each tells its own use.
    fixture!("images", ImageGenerations, usage(20, 300, 0, 0, 0), clean: true),
    fixture!("images_cut", ImageGenerations, None, clean: false),
    fixture!("transcript", Transcriptions, usage(14, 31, 0, 0, 0), clean: true),
    fixture!("speech", Speech, usage(14, 101, 0, 0, 0), clean: true),
    fixture!("messages_cut", Messages, usual(usage(442, 57, 400, 30, 20)), clean: false),
];
