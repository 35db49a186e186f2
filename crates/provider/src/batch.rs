//! What a batch used altogether, read from what its provider tells of it. It
//! must never take a batch's word while that is still at work.

use std::borrow::Cow;

use keyward_domain::usage::ServiceTier;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Operation, Usage};

/// More calls than any provider takes in one batch: nonsense doesn't fill a count.
const MOST_CALLS: u64 = 1_000_000;

/// The use of a batch that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchUse {
    /// Of all its calls, in the batches' service tier.
    pub usage: Usage,
    /// How many calls were answered.
    pub calls: u32,
    /// The model, as its provider names it; empty if it doesn't.
    pub model: String,
    /// What its calls ask for, if that is known here.
    pub operation: Option<Operation>,
}

impl BatchUse {
    /// Reads OpenAI's batch object. `None` while the batch is at work, and where it
    /// doesn't say what it used (a batch from before it did, many likenesses).
    pub fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Batch<'a> {
            #[serde(borrow)]
            status: Cow<'a, str>,
            #[serde(borrow)]
            usage: Option<&'a RawValue>,
            #[serde(borrow)]
            request_counts: Option<&'a RawValue>,
            #[serde(borrow)]
            model: Option<Cow<'a, str>>,
            #[serde(borrow)]
            endpoint: Option<Cow<'a, str>>,
        }
        #[derive(Deserialize)]
        struct Counts {
            completed: u64,
        }
        let batch = serde_json::from_slice::<Batch<'_>>(body).ok()?;
        if !matches!(&*batch.status, "completed" | "failed" | "expired" | "cancelled") {
            return None;
        }
        let usage = Usage { tier: ServiceTier::Batch, ..Usage::from_openai(batch.usage?)? };
        let counts = batch.request_counts.and_then(|counts| serde_json::from_str::<Counts>(counts.get()).ok());
        let calls = counts.map_or(0, |counts| counts.completed.min(MOST_CALLS) as u32);
        if calls == 0 && usage.total_tokens() == 0 {
            return None;
        }
        let operation = batch.endpoint.as_deref().and_then(|endpoint| {
            let path = endpoint.strip_prefix("/v1")?;
            Operation::ALL.into_iter().find(|operation| operation.path() == path)
        });
        Some(Self { usage, calls, model: batch.model.map(Cow::into_owned).unwrap_or_default(), operation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: &str = r#""usage":{"input_tokens":1500,"input_tokens_details":{"cached_tokens":1024},
        "output_tokens":500,"output_tokens_details":{"reasoning_tokens":300},"total_tokens":2000}"#;

    fn read(rest: &str) -> Option<BatchUse> {
        BatchUse::read(format!(r#"{{"id":"batch_1","object":"batch",{rest}}}"#).as_bytes())
    }

    #[test]
    fn a_batch_that_is_done_says_what_it_used() {
        let rest =
            r#""model":"gpt-5","endpoint":"/v1/responses","request_counts":{"total":100,"completed":95,"failed":5}"#;
        for status in ["completed", "failed", "expired", "cancelled"] {
            let found = read(&format!(r#""status":"{status}",{USAGE},{rest}"#)).unwrap();
            assert_eq!((found.calls, found.model.as_str()), (95, "gpt-5"));
            assert_eq!(found.operation, Some(Operation::Responses));
            let usage = found.usage;
            assert_eq!((usage.input_tokens, usage.output_tokens), (1500, 500));
            assert_eq!((usage.cached_input_tokens, usage.reasoning_tokens), (1024, 300));
            assert_eq!(usage.tier, ServiceTier::Batch);
        }
        for status in ["validating", "in_progress", "finalizing", "cancelling", "else"] {
            assert_eq!(read(&format!(r#""status":"{status}",{USAGE},{rest}"#)), None, "{status}");
        }
    }

    #[test]
    fn what_is_not_said_is_not_made_up() {
        let plain = read(&format!(r#""status":"completed",{USAGE},"request_counts":7,"endpoint":"/v1/else""#)).unwrap();
        assert_eq!((plain.calls, plain.model.as_str(), plain.operation), (0, "", None));
        let absurd = read(&format!(r#""status":"completed",{USAGE},"request_counts":{{"completed":99999999999}}"#));
        assert_eq!(absurd.unwrap().calls, 1_000_000);
        for nothing in [
            r#""status":"completed""#,
            r#""status":"completed","usage":null"#,
            r#""status":"failed","usage":{"input_tokens":0,"output_tokens":0},"request_counts":{"completed":0}"#,
            r#""usage":{"input_tokens":1}"#,
            r#""status":7,"usage":{"input_tokens":1}"#,
        ] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert_eq!(BatchUse::read(b"[]"), None);
    }
}
